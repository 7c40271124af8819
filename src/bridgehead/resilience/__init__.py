"""What keeps a call from hurting the system it asks: policies as pure code, shared state behind a port."""
