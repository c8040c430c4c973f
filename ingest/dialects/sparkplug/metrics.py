"""Sparkplug B metrics as readings: typed values, quality, one report for each instant. What needs no memory of births.

Source: Eclipse Sparkplug 3.0, sections 6.4.16 to 6.4.19 (datatypes, metrics, quality).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.identities import SPARKPLUG_PATH
from domain.telemetry import Quality
from ingest.dialects.messages import Uplink
from ingest.dialects.sparkplug.wire import Metric

CODEC: Final = "sparkplug"
BD_SEQ: Final = "bdSeq"
_CONTROL: Final = ("Node Control/", "Device Control/")
_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_BOOLEAN: Final = 11
_GOOD: Final = 192
_STALE: Final = 500
_UNCERTAIN: Final = 64


class NamedMetric(NamedTuple):
    """A metric with the name it goes by; `is_doubtful` where that name rests on a birth which may be out of date."""

    name: str
    value: object
    at_ms: int | None
    quality: Quality | None


def is_control(name: str) -> bool:
    """Whether the metric is the protocol's own and measures nothing."""
    return name == BD_SEQ or name.startswith(_CONTROL)


def typed_value(metric: Metric, datatype: int | None) -> object:
    """The metric's value under its datatype: signed integers out of two's complement, booleans out of whatever said them.

    Units: Int8 and Int16 stand in 32 bits, and by some encoders in 8 or 16; their own bits count.
    """
    value = metric.value
    if datatype == _BOOLEAN and metric.is_integer:
        return bool(value)
    bits = _SIGNED_BITS.get(datatype or 0)
    if bits is None or not metric.is_integer or not isinstance(value, int):
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def quality_of(metric: Metric) -> Quality | None:
    """By the `Quality` property: 0 bad, 192 good, 500 stale; other codes as OPC has them. None is good."""
    code = metric.quality
    if code is None or _GOOD <= code < 256:
        return None
    return "suspect" if code == _STALE or _UNCERTAIN <= code < _GOOD else "bad"


def reports(told: Iterable[NamedMetric], path: str, seq: int | None) -> list[Uplink]:
    """One report for each instant that the metrics name, the earliest first; those without one get the time of receipt.

    A metric told twice for an instant with two values is kept once, and the second is told as unknown.
    """
    identity = SPARKPLUG_PATH.of(path)
    by_instant: dict[int | None, Uplink] = {}
    for one in told:
        report = by_instant.get(one.at_ms)
        if report is None:
            message_id = str(seq) if seq is not None else None
            report = Uplink(CODEC, {}, identity, observed_at_ms=one.at_ms, message_id=message_id, quality={})
            by_instant[one.at_ms] = report
        _add(report, one)
    return [by_instant[at_ms] for at_ms in sorted(by_instant, key=lambda at_ms: -1 if at_ms is None else at_ms)]


def _add(report: Uplink, one: NamedMetric) -> None:
    name = one.name
    if name in report.fields:
        if report.fields[name] == one.value:
            return
        name = f"{name} (told twice, and not the same)"
    report.fields[name] = one.value
    if one.quality is not None:
        report.quality = {**report.quality, name: one.quality}
