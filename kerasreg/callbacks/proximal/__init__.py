"""Penalties by their proximal operators."""
