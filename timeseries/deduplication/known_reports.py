"""Which reports the store already knows, and what a report adds to them. Pure, and the same for every adapter."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from domain.telemetry import COPIES_WITHIN_MS, FRAMES_WITHIN_MS, Reading, Telemetry, is_frame, known_by_message

_NOTHING: Final[Mapping[str, Reading]] = {}
_Instant = tuple[str, int]
_AtInstant = tuple[Any, ...]
"""The reports of an instant, flat: message id, readings, message id, readings …: nearly always one."""
MessageKey = tuple[str, str, frozenset[tuple[str, Reading]] | None]
"""(device_id, message_id, readings): what a gateway-timed report shares with its copies; no readings for a frame."""


class NewReadings(NamedTuple):
    """What a report adds: the readings that are new (none for a duplicate), and how many contradict what is known.

    `merges` means that other readings were known for its instant already.
    """

    fresh: Mapping[str, Reading]
    conflicts: int = 0
    merges: bool = False


def message_key(report: Telemetry) -> MessageKey | None:
    """What a report shares with its copies; None where only its instant and message id identify it."""
    if not known_by_message(report):
        return None
    readings = None if is_frame(report) else frozenset(report["readings"].items())
    return report["device_id"], report["message_id"], readings


class KnownReports:
    """The reports known so far. Judging a report makes it known.

    `earlier` is asked for what is not known here and is never changed, so what a failed write has judged can be thrown
    away, and what a finished one has judged can be handed on with `absorb`.
    """

    def __init__(self, earlier: "KnownReports | None" = None) -> None:
        self._earlier = earlier
        self._readings: dict[_Instant, _AtInstant] = {}
        self._known_ms: dict[MessageKey, int] = {}

    def __len__(self) -> int:
        return len(self._readings)

    def judge(self, report: Telemetry) -> NewReadings:
        """What `report` adds to all that was learnt or judged before it.

        Identity: (device_id, observed_at_ms, message_id). The first value of a quantity wins within one identity. Under
        another message id the same values are a duplicate, other quantities are added, and a report with any other value
        for a known quantity is new as a whole. A report whose time is not the device's own is a duplicate, too, if one of
        the same message was known within an hour of receipt (the same readings), or is a frame within five minutes.
        """
        message, readings = message_key(report), report["readings"]
        if message is not None:
            at_ms = report["observed_at_ms"] if is_frame(report) else report["received_at_ms"]
            if self._is_copy(message, at_ms):
                return NewReadings(_NOTHING)
            self.learn_message(message, at_ms)
        instant, message_id = (report["device_id"], report["observed_at_ms"]), report.get("message_id")
        known = self._known_at(instant)
        if known is None:
            self._readings[instant] = (message_id, readings)
            return NewReadings(readings)
        mine = next((mine for other, mine in _each(known) if other == message_id), None)
        fresh: Mapping[str, Reading]
        if mine is not None:
            fresh = {name: value for name, value in readings.items() if name not in mine}
            conflicts = sum(mine.get(name, value) != value for name, value in readings.items())
        else:
            fresh, conflicts = _beside(known, readings), 0
        if fresh:
            self.learn_readings(*instant, message_id, fresh)
        return NewReadings(fresh, conflicts, merges=mine is not None)

    def learn_readings(
        self, device_id: str, observed_at_ms: int, message_id: str | None, readings: Mapping[str, Reading]
    ) -> None:
        """Take `readings` as stored for the instant and message, beside those known."""
        instant = device_id, observed_at_ms
        known = dict(_each(self._known_at(instant) or ()))
        known[message_id] = {**known.get(message_id, _NOTHING), **readings}
        self._readings[instant] = tuple(part for pair in known.items() for part in pair)

    def learn_message(self, message: MessageKey, at_ms: int) -> None:
        """Take a report as known by its message: a gateway-timed one as received, a frame as observed then."""
        self._known_ms[message] = at_ms

    def forget(self, report: Telemetry) -> None:
        """Take back what was judged here for the instant of a report that the store refused afterwards."""
        self._readings.pop((report["device_id"], report["observed_at_ms"]), None)
        message = message_key(report)
        if message is not None:
            self._known_ms.pop(message, None)

    def absorb(self, later: "KnownReports") -> None:
        """Add what `later`, which had this one as its `earlier`, has judged."""
        self._readings.update(later._readings)
        self._known_ms.update(later._known_ms)

    def alone(self) -> "KnownReports":
        """The same reports without the earlier ones."""
        alone = KnownReports()
        alone._readings, alone._known_ms = self._readings, self._known_ms
        return alone

    def _known_at(self, instant: _Instant) -> _AtInstant | None:
        known = self._readings.get(instant)
        if known is None and self._earlier is not None:
            return self._earlier._known_at(instant)
        return known

    def _is_copy(self, message: MessageKey, at_ms: int) -> bool:
        first_ms = self._known_ms.get(message)
        within_ms = FRAMES_WITHIN_MS if message[2] is None else COPIES_WITHIN_MS
        if first_ms is not None and abs(at_ms - first_ms) <= within_ms:
            return True
        return self._earlier is not None and self._earlier._is_copy(message, at_ms)


def _each(known: _AtInstant) -> Iterator[tuple[str | None, Mapping[str, Reading]]]:
    """The reports of an instant, each with its message id."""
    return zip(known[::2], known[1::2], strict=True)


def _beside(known: _AtInstant, readings: Mapping[str, Reading]) -> Mapping[str, Reading]:
    """What a report of another message adds to those of its instant: all of it where any value differs."""
    if any(other.get(name, value) != value for other in known[1::2] for name, value in readings.items()):
        return readings
    return {name: value for name, value in readings.items() if not any(name in other for other in known[1::2])}


class RecentReports:
    """The reports of about the last hour of log time, at most `at_most` instants, for a store that cannot be asked.

    Two generations stand for the sliding window: when the younger one spans an hour or holds half of `at_most`, the older
    one is let go. So a report is remembered for at least an hour, unless the bound on memory comes first.
    """

    def __init__(self, at_most: int = 200_000) -> None:
        self._at_most = at_most
        self._younger = KnownReports(KnownReports())
        self._younger_since_ms: int | None = None

    def stage(self) -> KnownReports:
        """Where to judge the reports of one write; nothing here changes until `keep`."""
        return KnownReports(self._younger)

    def keep(self, staged: KnownReports, received_at_ms: int) -> None:
        """Remember what a finished write has judged; `received_at_ms` is the newest log time in it."""
        self._younger.absorb(staged)
        if self._younger_since_ms is None:
            self._younger_since_ms = received_at_ms
        is_full = len(self._younger) * 2 >= self._at_most
        if is_full or received_at_ms - self._younger_since_ms > COPIES_WITHIN_MS:
            self._younger = KnownReports(self._younger.alone())
            self._younger_since_ms = received_at_ms
