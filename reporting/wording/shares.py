"""Shares as percentages."""


def percent(share: float | None) -> str:
    """One decimal; a dash for none. Only what is 0 or 1 reads 0.0 % or 100.0 %."""
    if share is None:
        return "–"
    tenths = round(share * 1000)
    if share not in (0, 1):
        tenths = min(max(tenths, 1), 999)
    return f"{tenths / 10:.1f} %"
