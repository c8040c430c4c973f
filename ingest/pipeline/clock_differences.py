"""Radio gateways whose clocks are wrong: counted by gateway, and warned about once."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import structlog

_log = structlog.get_logger()
_NAMED: Final = 500
OTHERS: Final = "others"
"""The gateways beyond those that are counted by name."""


class ClockDifferences:
    """By gateway: `frames` whose time by its clock did not count, and `last_ms`, by how much that clock was ahead last.

    Of reports of registered devices since the start, live ones only. Bounded: 500 gateways by name.
    """

    def __init__(self) -> None:
        self.frames: Counter[str] = Counter()
        self.last_ms: dict[str, int] = {}

    def count(self, differences_ms: Mapping[str, int]) -> None:
        for gateway, ahead_ms in differences_ms.items():
            name = gateway if gateway in self.frames or len(self.frames) < _NAMED else OTHERS
            if name not in self.frames:
                _log.warning(
                    "the clock of a radio gateway is wrong: the network server's counts",
                    gateway=name,
                    ahead_ms=ahead_ms,
                )
            self.frames[name] += 1
            self.last_ms[name] = ahead_ms
