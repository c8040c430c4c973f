"""Shares as percentages."""


def percent(share: float | None, decimals: int = 1) -> str:
    """So many decimals; a dash for none. Only what is 0 or 1 reads 0.0 % or 100.0 %."""
    if share is None:
        return "–"
    whole = 100 * 10**decimals
    parts = round(share * whole)
    if share not in (0, 1):
        parts = min(max(parts, 1), whole - 1)
    return f"{100 * parts / whole:.{decimals}f} %"
