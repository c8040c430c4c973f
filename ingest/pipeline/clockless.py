"""When a report without a time of its own was observed: at its receipt, but never twice at one instant for one device.

A device may send a burst within a millisecond. Store and rules know a report by device and instant, so the second would be
taken for the first sent once more; it is moved on by a millisecond instead.
"""

from typing import Final

_REMEMBERED: Final = 500_000


class ClocklessDevices:
    """The last instant given to each clockless device. Use from one task only."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}

    def next_ms(self, device_id: str, received_at_ms: int) -> int:
        """`received_at_ms`, or a millisecond after the device's last report if that is later."""
        last_ms = self._last_ms.get(device_id)
        if last_ms is None:
            if len(self._last_ms) >= _REMEMBERED:
                self._last_ms.clear()
        elif last_ms >= received_at_ms:
            received_at_ms = last_ms + 1
        self._last_ms[device_id] = received_at_ms
        return received_at_ms
