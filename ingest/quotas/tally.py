"""Rejections that are not kept whole, counted: one record for many, by sender, reason and whether in part.

A sender is the device where the message names one, else the topic. Those without room for a record of their own, and those
beyond the most that are remembered, are counted together by the first level of their topics.
"""

from typing import Final

from domain.rejections import Rejection

_LONGEST_TOPIC: Final = 1_000

_Key = tuple[str, str, bool]


class Tally:
    """What was counted since it was last taken, of at most so many senders by name."""

    def __init__(self, most_senders: int) -> None:
        self._most_senders = most_senders
        self._counted: dict[_Key, Rejection] = {}
        self._bytes: dict[_Key, int] = {}

    def __bool__(self) -> bool:
        return bool(self._counted)

    def names(self, rejected: Rejection) -> bool:
        """Whether its sender and reason are counted by name already."""
        return _key(rejected) in self._counted

    def add(self, rejected: Rejection, size: int, *, by_name: bool = True) -> None:
        """Count a rejection, or as many as it stands for, of `size` bytes altogether; by the sender's name if it may be."""
        count = rejected.get("count", 1)
        if not self.names(rejected) and (not by_name or len(self._counted) >= self._most_senders):
            rejected = {**rejected, "topic": f"{rejected['topic'].partition('/')[0]}/#", "payload": ""}
            rejected.pop("device_id", None)
        key = _key(rejected)
        counted = self._counted.get(key)
        if counted is None:
            counted = {**rejected, "topic": rejected["topic"][:_LONGEST_TOPIC], "truncated": True, "count": 0}
            self._counted[key] = counted
        counted["count"] += count
        self._bytes[key] = self._bytes.get(key, 0) + size

    def join(self, other: "Tally") -> None:
        """Take over what the other one counted."""
        for key, rejected in other._counted.items():
            self.add(rejected, other._bytes[key])
        other._clear()

    def take(self) -> list[Rejection]:
        """One record for each sender and reason with its count; its detail has how many bytes were not kept."""
        for key, counted in self._counted.items():
            counted["detail"] += f" ({counted['count']} such, {self._bytes[key]} bytes, counted and not kept)"
        taken = list(self._counted.values())
        self._clear()
        return taken

    def _clear(self) -> None:
        self._counted.clear()
        self._bytes.clear()


def _key(rejected: Rejection) -> _Key:
    sender = rejected.get("device_id", rejected["topic"])
    return sender, rejected["reason"].value, rejected.get("partial", False)
