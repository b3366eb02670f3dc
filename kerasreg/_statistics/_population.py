"""The moments of a population that comes in batches."""

import numpy as np


class Population:
    """Count, mean and sum of squared differences of all values so far, for each channel."""

    def __init__(self):
        self.count = self.mean = self._squares = np.zeros(1)

    def add(self, mean: np.ndarray, variance: np.ndarray, count: np.ndarray) -> None:
        """Adds a batch, of which a channel may have no value.

        Args:
            mean: The mean of each channel, in float64.
            variance: The biased variance of each channel.
            count: The number of values of each channel, or of all alike.
        """
        total = self.count + count
        share = count / np.maximum(total, 1)
        difference = mean - self.mean
        self.mean = self.mean + difference * share
        self._squares = self._squares + variance * count + difference**2 * self.count * share
        self.count = total

    @property
    def largest_count(self) -> int:
        """The number of values of a channel; the largest one, if these differ."""
        return int(np.max(self.count).round())

    def variance(self, *, unbiased: bool = False) -> np.ndarray:
        """Returns the variance of each channel; the biased one where there is a single value."""
        degrees = self.count - 1 if unbiased else self.count
        return self._squares / np.maximum(degrees, 1)
