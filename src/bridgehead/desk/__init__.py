"""The verbs of people and the views that they read: one code for the command line, the API and the console."""
