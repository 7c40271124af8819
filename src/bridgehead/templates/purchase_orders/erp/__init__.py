"""The demo ERP: a separate HTTP service with its own database and books, standing in for a system that is not ours."""
