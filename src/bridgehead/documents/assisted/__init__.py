"""Reads with a model where rules are not certain: the model points at words of the document, and rules read them."""
