"""Reports of HJ 212 that came in parts, put together again; a part waits for the others, but not for ever."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ingest.dialects.hj212.frame import Frame
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket

PATIENCE_SWEEPS: Final = 10
"""A part is given up at this many sweeps, a second apart; stations send the parts of a report at once."""
MOST_MESSAGES: Final = 256
"""Waiting at a time. They are unacknowledged, and so take from what the broker lets be in flight (2,000)."""
MOST_REPORTS_OF_A_STATION: Final = 4
_REMEMBERED: Final = 1_000

Key = tuple[str, str, int, int]
"""Of one report: the topic, QN, CN, PNUM."""


class Whole(NamedTuple):
    """A report of which every part came. `message` holds all its frames, as if they had come in one message."""

    frames: list[Frame]
    message: MqttMessage
    tickets: list[Ticket]


class GivenUp(NamedTuple):
    """What came of a report that will not become whole; `message` likewise holds the frames there are."""

    detail: str
    message: MqttMessage
    tickets: list[Ticket]


@dataclass(slots=True)
class _Waiting:
    frames: dict[int, Frame] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    sweeps: int = 0


class WaitingParts:
    """The parts that wait, within bounds. Use from one task only.

    Delivery: a part that the broker sends again finds its place taken by its own like and only adds its ticket; one that
    comes after its report became whole is a repetition. Both change nothing.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[Key, _Waiting] = OrderedDict()
        self._joined: OrderedDict[Key, frozenset[int]] = OrderedDict()
        self._last: dict[Key, MqttMessage] = {}

    def __len__(self) -> int:
        """How many messages' parts wait."""
        return sum(len(waiting.tickets) for waiting in self._waiting.values())

    def is_repetition(self, frame: Frame, message: MqttMessage) -> bool:
        """Whether the frame is a part of a report that was put together before."""
        return hash(frame.raw) in self._joined.get(_key(frame, message), ())

    def add(self, frame: Frame, message: MqttMessage, ticket: Ticket) -> Iterator[Whole | GivenUp]:
        """Take a part; what becomes whole by it, and what must be given up for it.

        The ticket's wait is taken again by whatever its part becomes.
        """
        number, total = frame.part or (1, 1)
        key = _key(frame, message)
        held = self._waiting.get(key)
        if held is not None and number in held.frames and held.frames[number].raw != frame.raw:
            yield self._give_up(key, f"part {number} of {total} came twice, and not the same")
            held = None
        if held is None:
            yield from self._make_room(message.topic)
            held = self._waiting[key] = _Waiting()
        held.frames[number] = frame
        held.tickets.append(ticket)
        ticket.waits += 1
        self._last[key] = message
        if len(held.frames) == total:
            yield self._join(key)

    def sweep(self, *, everything: bool = False) -> Iterator[GivenUp]:
        """A second has passed: give up what has waited long enough, or `everything`."""
        for key in list(self._waiting):
            held = self._waiting[key]
            held.sweeps += 1
            if everything or held.sweeps >= PATIENCE_SWEEPS:
                yield self._give_up(key, "the other parts did not come")

    def _make_room(self, topic: str) -> Iterator[GivenUp]:
        """Before a new report: the station's own oldest goes first, so that none pushes out another's but in a flood."""
        mine = [key for key in self._waiting if key[0] == topic]
        if len(mine) >= MOST_REPORTS_OF_A_STATION:
            yield self._give_up(mine[0], f"the station has begun {MOST_REPORTS_OF_A_STATION} reports since")
        while len(self) >= MOST_MESSAGES:
            yield self._give_up(next(iter(self._waiting)), f"{MOST_MESSAGES} messages wait already")

    def _join(self, key: Key) -> Whole:
        held = self._waiting.pop(key)
        frames = [held.frames[number] for number in sorted(held.frames)]
        self._joined[key] = frozenset(hash(frame.raw) for frame in frames)
        if len(self._joined) > _REMEMBERED:
            self._joined.popitem(last=False)
        return Whole(frames, self._message(key, frames), held.tickets)

    def _give_up(self, key: Key, why: str) -> GivenUp:
        held = self._waiting.pop(key)
        numbers = sorted(held.frames)
        detail = f"a report in {key[3]} parts (QN={key[1]}, CN={key[2]}) of which came {_listed(numbers)}: {why}"
        return GivenUp(detail, self._message(key, [held.frames[number] for number in numbers]), held.tickets)

    def _message(self, key: Key, frames: list[Frame]) -> MqttMessage:
        return self._last.pop(key)._replace(payload=b"".join(frame.raw for frame in frames))


def _key(frame: Frame, message: MqttMessage) -> Key:
    return message.topic, frame.qn, frame.cn, frame.part[1] if frame.part else 1


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
