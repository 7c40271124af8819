"""The record that cannot change unseen: a hash chain of commitments, and a vault for what they commit to."""
