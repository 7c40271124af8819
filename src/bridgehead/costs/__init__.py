"""What a case costs: every cent belongs to a case, and what is unknown is never zero."""
