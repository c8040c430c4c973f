"""From reports off the log to what must be written, and from what was written to the sums. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, NamedTuple

from domain.telemetry import Reading, Telemetry
from timeseries.deduplication.known_reports import KnownReports
from timeseries.ports import PartitionBatch, PartitionProgress, Refusal, Sums, WriteOutcome

TelemetryPartition = tuple[str, int]
"""A telemetry partition: (topic, partition)."""

LAST_INSTANT_MS: Final = (2**63 - 1) // 1_000_000
"""The last instant that both stores can hold: InfluxDB counts nanoseconds in 64 bits (year 2262)."""

_OPTIONAL_TEXTS: Final = ("message_id", "area", "department", "time_source")
_READING_TYPES: Final = frozenset((float, bool, int))


class Fresh(NamedTuple):
    """A report that brings something new, and the readings to write of it.

    `merges` means that its instant is known already, with other readings.
    """

    report: Telemetry
    readings: Mapping[str, Reading]
    place: TelemetryPartition
    merges: bool


@dataclass(slots=True)
class Classified:
    """The reports of one write, sorted: what to write, what is known already, what no store can take."""

    fresh: list[Fresh] = field(default_factory=list)
    refused: list[tuple[TelemetryPartition, Refusal]] = field(default_factory=list)
    duplicates: Counter[TelemetryPartition] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)


def screen(batches: Sequence[PartitionBatch], classified: Classified) -> list[tuple[TelemetryPartition, Telemetry]]:
    """The reports that a store can take, in log order; the others are noted in `classified.refused`."""
    sound: list[tuple[TelemetryPartition, Telemetry]] = []
    for batch in batches:
        place = batch.topic, batch.partition
        for report in batch.reports:
            flaw = _flaw(report)
            if flaw is None:
                sound.append((place, report))
            else:
                classified.refused.append((place, Refusal(report, flaw)))
    return sound


def classify(
    sound: Sequence[tuple[TelemetryPartition, Telemetry]], known: KnownReports, classified: Classified
) -> None:
    """Judge the reports in log order and note in `classified` what each one is."""
    for place, report in sound:
        fresh, conflicts, merges = known.judge(report)
        if fresh:
            classified.fresh.append(Fresh(report, fresh, place, merges))
        else:
            classified.duplicates[place] += 1
        if conflicts:
            classified.conflicts[report["device_id"]] += conflicts


def outcome_of(
    classified: Classified, batches: Sequence[PartitionBatch], progress: Mapping[TelemetryPartition, PartitionProgress]
) -> WriteOutcome:
    """What the write did, once everything in `classified.fresh` is stored; sums are added to those in `progress`."""
    stored = Counter(fresh.place for fresh in classified.fresh)
    refused = Counter(place for place, _ in classified.refused)
    reached: dict[TelemetryPartition, PartitionProgress] = {}
    for batch in batches:
        place = batch.topic, batch.partition
        before = progress.get(place, PartitionProgress(0)).sums
        sums = Sums(stored[place], classified.duplicates[place], refused[place])
        reached[place] = PartitionProgress(batch.next_offset, before + sums)
    return WriteOutcome(reached, [refusal for _, refusal in classified.refused], dict(classified.conflicts))


def _flaw(report: Telemetry) -> str | None:
    """Why no store can take `report`; None if one can. The log may hold what another program wrote."""
    try:
        for name in ("device_id", "kind"):
            if not isinstance(report[name], str) or not report[name]:
                return f"{name} is no text"
        for name in ("observed_at_ms", "received_at_ms"):
            instant: Any = report.get(name)
            if type(instant) is not int or not 0 <= instant <= LAST_INSTANT_MS:
                return f"{name} {instant!r} is no instant between 1970 and 2262"
        for name in _OPTIONAL_TEXTS:
            if not isinstance(report.get(name, ""), str):
                return f"{name} is no text"
        if not all(isinstance(mark, str) for mark in report.get("quality", {}).values()):
            return "quality holds what is no text"
        readings = report["readings"]
        if not readings:
            return "no readings"
        for quantity, value in readings.items():
            if type(quantity) is not str or type(value) not in _READING_TYPES or not isfinite(value):
                return f"reading {quantity!r} is no finite number: {value!r}"
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        return f"not a report: {error!r}"
    return None
