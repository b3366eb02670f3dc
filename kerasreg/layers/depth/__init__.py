"""Layers that drop or disturb the branches of residual networks, one technique a file."""
