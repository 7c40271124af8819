"""The order template: reads purchase orders, checks them against the ERP, books them or hands them to a person."""
