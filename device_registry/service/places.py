"""How many devices files are imported at once: each holds a file on the disk, a process and a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from domain.errors import TransientFault

MOST_IMPORTS: Final = 2


class ImportPlaces:
    """Places for imports, taken before their files are received. Use from one event loop only."""

    def __init__(self, most: int = MOST_IMPORTS) -> None:
        self._most = most
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One place. Raises: TransientFault where none is free; whoever comes again later finds one."""
        if self._taken >= self._most:
            raise TransientFault(f"{self._most} devices files are being imported, and no more at once")
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
