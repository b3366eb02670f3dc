"""Callbacks that measure and leave the training as it is."""
