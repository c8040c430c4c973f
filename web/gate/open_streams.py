"""How many streams and live pages stay open at once: of one caller, and in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from web.http.problems import Refused

OF_ONE: Final = 100
IN_ALL: Final = 2_000
_LATER_S: Final = 10


class OpenStreams:
    """Counts what has no end of its own. For one event loop."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_of(self, caller: str) -> Iterator[None]:
        """One more, as long as the block. Raises: Refused (429) where there are too many."""
        if self._open[caller] >= OF_ONE or self._open.total() >= IN_ALL:
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-streams",
                f"{self._open[caller]} streams and live pages of yours are open; close some first",
                headers={"Retry-After": str(_LATER_S)},
            )
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
