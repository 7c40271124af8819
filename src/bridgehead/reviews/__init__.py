"""Work for a person: what is asked, who decides, and what a decision does."""
