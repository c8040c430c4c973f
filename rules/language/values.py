"""A reading as conditions and signals see it."""

from domain.quantities.catalogue import CATALOGUE


def usable(quantity: str, value: object) -> float | bool | None:
    """The value as a condition sees it: a double, or a bool for a boolean quantity; None where it is neither.

    NaN is no value. A boolean quantity may come as the numbers 0 and 1.
    """
    if CATALOGUE[quantity].boolean:
        return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return float(value)
