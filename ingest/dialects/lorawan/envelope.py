"""The fields that a network server writes around a payload, read strictly: what has another type is left out and named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

from domain.time.durations import parse_instant_ms
from ingest.dialects.numbers import number_of

_COUNTER_END = 1 << 32


@dataclass(slots=True)
class Envelope:
    """An object of the message, and where it stands: `rxInfo[0].`; `unreadable` names what was left out of the message.

    Shape: a field that is missing or null is None, empty or no element (in protobuf's JSON null is the same as missing);
    so is one of another type, which is named besides. Times are RFC 3339 with an offset, cut to epoch milliseconds.
    """

    fields: Mapping[str, object]
    path: str = ""
    unreadable: list[str] = field(default_factory=list)

    def inner(self, name: str) -> "Envelope":
        """The object under that name."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, dict):
            self.note(name, "no object")
        return Envelope(value if isinstance(value, dict) else {}, f"{self.path}{name}.", self.unreadable)

    def each(self, name: str) -> Iterator["Envelope"]:
        """The objects of the array under that name."""
        values = self.fields.get(name)
        if values is not None and not isinstance(values, list):
            self.note(name, "no array")
        for index, value in enumerate(values if isinstance(values, list) else []):
            if isinstance(value, dict):
                yield Envelope(value, f"{self.path}{name}[{index}].", self.unreadable)
            else:
                self.note(f"{name}[{index}]", "no object")

    def text(self, name: str) -> str | None:
        value = self.fields.get(name)
        if value is None or isinstance(value, str):
            return value
        self.note(name, "no text")
        return None

    def number(self, name: str) -> float | None:
        value = self.fields.get(name)
        number = number_of(value)
        if value is None or (number is not None and isfinite(number)):
            return number
        self.note(name, "no number" if number is None else "not finite")
        return None

    def counter(self, name: str) -> int | None:
        """A whole number of 32 bits; 0 where it is missing, since a server leaves out what is zero."""
        value = self.fields.get(name, 0)
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _COUNTER_END:
            return value
        self.note(name, "no counter of 32 bits")
        return None

    def instant_ms(self, name: str) -> int | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.note(name, "no text")
            return None
        try:
            return parse_instant_ms(value)
        except (ValueError, OverflowError):
            self.note(name, "no instant with an offset")
            return None

    def has(self, name: str) -> bool:
        """Whether something stands under that name."""
        return self.fields.get(name) is not None

    def is_object(self, name: str) -> bool:
        """Whether an object stands under that name; anything else there is named."""
        self.inner(name)
        return isinstance(self.fields.get(name), dict)

    def note(self, name: str, why: str) -> None:
        """Name a field as left out."""
        self.unreadable.append(f"{self.path}{name} ({why})")
