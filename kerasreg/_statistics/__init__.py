"""Mean and variance of channels: of a batch, of all data, and of what normalization layers get."""
