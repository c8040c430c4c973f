"""Where a rejection stands on the log, as its id: `topic/partition/offset`."""

from typing import NamedTuple


class Place(NamedTuple):
    """The place of one record of `telemetry.rejected`."""

    partition: int
    offset: int

    def worded(self, topic: str) -> str:
        return f"{topic}/{self.partition}/{self.offset}"


def place_of(text: str, topic: str) -> Place | None:
    """The place in that topic, None where the text names none of it."""
    named, _, numbers = text.rpartition("/")
    named, _, partition = named.rpartition("/")
    if named != topic or not _is_number(partition) or not _is_number(numbers):
        return None
    return Place(int(partition), int(numbers))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
