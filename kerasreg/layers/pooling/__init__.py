"""Pooling over random regions, or to a random member of a region."""
