"""The verbs of the command line as JSON over HTTP: tokens, problem details, pages, and requests that count once."""
