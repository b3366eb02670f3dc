"""Normalization layers, one technique a file."""
