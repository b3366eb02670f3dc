"""Measurements of kerasreg against its peers."""
