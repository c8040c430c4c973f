"""CloudEvents 1.0 on the log, in Kafka's binary binding: the attributes are headers, the data is the record's value.

Types read `urbansense.<noun>.<verb>.v1`: `urbansense.event.opened.v1`, `urbansense.case.dispatch.v1`.
Source: cloudevents/spec, kafka-protocol-binding.md, section 3.2.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from domain.time.durations import format_instant, parse_instant_ms
from domain.topics import Headers, header

_CONTENT_TYPE: Final = ("content-type", b"application/json")
_SPEC_VERSION: Final = ("ce_specversion", b"1.0")


class EventType(NamedTuple):
    """What happened (`verb`) to what (`noun`), as the type of a CloudEvent."""

    noun: str
    verb: str

    def __str__(self) -> str:
        return f"urbansense.{self.noun}.{self.verb}.v1"


class CloudEventWriter:
    """The headers of one source, whose events are about one noun and hold data of one schema (`event/1`).

    Shape: always the same eight headers in the same order, so that equal input gives equal bytes.
    """

    def __init__(self, source: str, noun: str, schema: str) -> None:
        self._source = ("ce_source", source.encode())
        self._noun = noun
        self._schema = ("schema", schema.encode())
        self._types: dict[str, tuple[str, bytes]] = {}

    def headers(self, event_id: str, verb: str, subject: bytes, at_ms: int) -> Headers:
        """Attributes of one event. `event_id` is unique within the source; time: epoch ms."""
        return (
            _CONTENT_TYPE,
            _SPEC_VERSION,
            ("ce_id", event_id.encode()),
            self._source,
            self._types.get(verb) or self._type_header(verb),
            ("ce_subject", subject),
            _time_header(at_ms),
            self._schema,
        )

    def _type_header(self, verb: str) -> tuple[str, bytes]:
        made = self._types[verb] = ("ce_type", str(EventType(self._noun, verb)).encode())
        return made


class CloudEventReader:
    """The attributes in a record's headers, each read when it is asked for; None where it is absent."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Sequence[tuple[str, bytes]]) -> None:
        self._headers = headers

    @property
    def id(self) -> str | None:
        return self._text("ce_id")

    @property
    def type(self) -> EventType | None:
        """None also for a type that is not urbansense's."""
        match (self._text("ce_type") or "").split("."):
            case ["urbansense", noun, verb, "v1"]:
                return EventType(noun, verb)
        return None

    @property
    def at_ms(self) -> int | None:
        """When it happened, epoch ms. Raises: ValueError where it is no instant with its offset."""
        time = self._text("ce_time")
        return None if time is None else parse_instant_ms(time)

    def _text(self, name: str) -> str | None:
        value = header(self._headers, name)
        return None if value is None else value.decode(errors="replace")


@lru_cache(maxsize=1024)
def _time_header(at_ms: int) -> tuple[str, bytes]:
    """Many events happen at one clock."""
    return "ce_time", format_instant(at_ms).encode()
