"""Early stopping: the callback, the rules that decide when, and what it keeps meanwhile."""
