"""What stands between a stranger and a page: each layer alone refuses one kind of trouble."""
