"""Callbacks that regularize: early stopping."""

__all__: list[str] = []
