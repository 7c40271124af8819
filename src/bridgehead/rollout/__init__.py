"""Evidence for more autonomy: what the agent would have done, beside what people did."""
