"""Noise on activations, one technique a file."""
