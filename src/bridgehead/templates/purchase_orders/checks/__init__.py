"""What is decided about an order: pure functions from the order and the ERP's facts to a verdict, rule by rule."""
