"""How long an account stays shut after wrong passwords: nothing for four, then longer with each. Pure."""

from typing import Final

FREE_FAILURES: Final = 4
_FIRST_S: Final = 5
_LONGEST_S: Final = 900


def locked_until_ms(failures: int, at_ms: int) -> int | None:
    """Until when nobody gets in after so many failures in a row, the last of them now: 5 s, 10 s, 20 s … 15 min."""
    if failures <= FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES - 1, 20)
    return at_ms + min(_FIRST_S << doublings, _LONGEST_S) * 1000
