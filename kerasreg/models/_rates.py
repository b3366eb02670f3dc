"""Rates for several places of one model, by their depth."""

from collections.abc import Sequence
from typing import Any

from kerasreg import _checks
from kerasreg.layers import linear_rates

_EXPECTED = "'linear', a pair (low, high), or a list with a rate for each place"


def checked_rates(rates: Any, owner: object) -> Any:
    """Returns the `rates` argument of a rule: None, "linear", a pair or a list of fractions."""
    if rates is None or (isinstance(rates, str) and rates == "linear"):
        return rates
    if isinstance(rates, str) or not isinstance(rates, Sequence):
        error = ValueError if isinstance(rates, str) else TypeError
        _checks.refuse("rates", rates, owner, _EXPECTED, error=error)
    is_pair = isinstance(rates, tuple)
    if len(rates) != 2 if is_pair else not rates:
        _checks.refuse("rates", rates, owner, _EXPECTED)
    checked = [_checks.fraction("rates", rate, owner) for rate in rates]
    return tuple(checked) if is_pair else checked


def rates_at(rates: Any, last: float, places: Sequence[str], owner: object) -> list[float]:
    """Returns a rate for each place, from the input to the output.

    Args:
        rates: Checked by `checked_rates`.
        last: The last rate, for "linear".
        places: The names of the places, for the error.
        owner: Who asks, for the error.

    Raises:
        ValueError: If there are more or less rates in a list than places.
    """
    if rates == "linear":
        return linear_rates(len(places), last)
    if isinstance(rates, tuple):
        low, high = rates
        steps = max(len(places) - 1, 1)
        first = low if len(places) > 1 else high
        return [first + (high - low) * place / steps for place in range(len(places))]
    if len(rates) != len(places):
        more = ", ..." if len(places) > 5 else ""
        expected = f"{len(places)} rates, one for each of {', '.join(places[:5])}{more}"
        _checks.refuse("rates", rates, owner, expected)
    return list(rates)
