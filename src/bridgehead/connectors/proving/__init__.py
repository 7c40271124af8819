"""What is proved of a connector: its recordings replayed, and every way a system can fail put in their way."""
