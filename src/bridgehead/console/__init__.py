"""The console: pages over the desk's verbs, made on the server, with buttons that work without JavaScript."""
