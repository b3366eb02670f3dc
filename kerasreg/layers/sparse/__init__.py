"""Layers that learn which of their units they need."""
