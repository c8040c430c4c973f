"""Which reports the store already knows, and what a report adds to them. Pure, and the same for every adapter."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.telemetry import Reading, Telemetry
from domain.time.units import HOUR_MS

COPY_WINDOW_MS: Final = HOUR_MS
"""How long a report timed by the gateway is recognised by its message id, in log time, inclusive."""

_NOTHING: Final[Mapping[str, Reading]] = {}
_Instant = tuple[str, int]
MessageKey = tuple[str, str, frozenset[tuple[str, Reading]]]
"""(device_id, message_id, readings): what a gateway-timed report shares with its copies."""


class NewReadings(NamedTuple):
    """What a report adds: the readings that are new (none for a duplicate), and how many contradict what is known.

    `merges` means that other readings were known for its instant already.
    """

    fresh: Mapping[str, Reading]
    conflicts: int = 0
    merges: bool = False


def message_key(report: Telemetry) -> MessageKey | None:
    """What a gateway-timed report shares with its copies; None where only the instant identifies a report."""
    message_id = report.get("message_id")
    if message_id is None or report.get("time_source") != "gateway":
        return None
    return report["device_id"], message_id, frozenset(report["readings"].items())


class KnownReports:
    """The reports known so far. Judging a report makes it known.

    `earlier` is asked for what is not known here and is never changed, so what a failed write has judged can be thrown
    away, and what a finished one has judged can be handed on with `absorb`.
    """

    def __init__(self, earlier: "KnownReports | None" = None) -> None:
        self._earlier = earlier
        self._readings: dict[_Instant, Mapping[str, Reading]] = {}
        self._received_ms: dict[MessageKey, int] = {}

    def __len__(self) -> int:
        return len(self._readings)

    def judge(self, report: Telemetry) -> NewReadings:
        """What `report` adds to all that was learnt or judged before it.

        Identity: (device_id, observed_at_ms); a report timed by the gateway is a duplicate, too, if one of the same
        device, message id and readings was received within an hour of it. Without a message id nothing marks a copy
        apart from the next equal report, so only the instant counts. The first value of a quantity at an instant wins.
        """
        message, readings = message_key(report), report["readings"]
        if message is not None:
            if self._is_copy(message, report["received_at_ms"]):
                return NewReadings(_NOTHING)
            self.learn_message(message, report["received_at_ms"])
        instant = report["device_id"], report["observed_at_ms"]
        known = self._known_at(instant)
        if known is None:
            self._readings[instant] = readings
            return NewReadings(readings)
        fresh = {name: value for name, value in readings.items() if name not in known}
        conflicts = sum(known.get(name, value) != value for name, value in readings.items())
        if fresh:
            self._readings[instant] = {**known, **fresh}
        return NewReadings(fresh, conflicts, merges=True)

    def learn_readings(self, device_id: str, observed_at_ms: int, readings: Mapping[str, Reading]) -> None:
        """Take `readings` as stored for the instant, beside those known."""
        known = self._known_at((device_id, observed_at_ms))
        self._readings[device_id, observed_at_ms] = readings if known is None else {**known, **readings}

    def learn_message(self, message: MessageKey, received_at_ms: int) -> None:
        """Take a gateway-timed report as received."""
        self._received_ms[message] = received_at_ms

    def forget(self, report: Telemetry) -> None:
        """Take back what was judged here for the instant of a report that the store refused afterwards."""
        self._readings.pop((report["device_id"], report["observed_at_ms"]), None)
        message = message_key(report)
        if message is not None:
            self._received_ms.pop(message, None)

    def absorb(self, later: "KnownReports") -> None:
        """Add what `later`, which had this one as its `earlier`, has judged."""
        self._readings.update(later._readings)
        self._received_ms.update(later._received_ms)

    def alone(self) -> "KnownReports":
        """The same reports without the earlier ones."""
        alone = KnownReports()
        alone._readings, alone._received_ms = self._readings, self._received_ms
        return alone

    def _known_at(self, instant: _Instant) -> Mapping[str, Reading] | None:
        known = self._readings.get(instant)
        if known is None and self._earlier is not None:
            return self._earlier._known_at(instant)
        return known

    def _is_copy(self, message: MessageKey, received_at_ms: int) -> bool:
        first_ms = self._received_ms.get(message)
        if first_ms is not None and abs(received_at_ms - first_ms) <= COPY_WINDOW_MS:
            return True
        return self._earlier is not None and self._earlier._is_copy(message, received_at_ms)


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
        if is_full or received_at_ms - self._younger_since_ms > COPY_WINDOW_MS:
            self._younger = KnownReports(self._younger.alone())
            self._younger_since_ms = received_at_ms
