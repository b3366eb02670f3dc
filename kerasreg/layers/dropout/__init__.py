"""Dropout and its variants, one technique a file."""
