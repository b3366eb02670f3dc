"""The command line: `kerasreg VERB`, one file a verb."""
