"""Numbers of decoded documents, which may be of any type and size."""


def number_of(value: object) -> float | None:
    """`value` as a float, infinite where it is too large for one; None where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf")
