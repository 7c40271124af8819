"""Where documents come from and where records live; the first source is files."""
