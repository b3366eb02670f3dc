"""Layers that share the weights of another layer."""
