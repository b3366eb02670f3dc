"""Layers that regularize: dropout, normalization, tied weights and the rest."""

__all__: list[str] = []
