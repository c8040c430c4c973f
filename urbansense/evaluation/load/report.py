"""The report of a load: what was asked, what came of it, whether that is good enough (see `docs/load.md`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

SCHEMA: Final = "load-report/1"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds; quantiles within 2 %. None where nothing was measured."""

    count: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the load was to be. `offered_per_s` is the mean that the profile makes of `rate_per_s`."""

    profile: str
    kind: str
    devices: int
    connections: int
    processes: int
    rate_per_s: float
    offered_per_s: float
    duration_s: float
    qos: int
    mqtt_version: str
    outage_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Messages:
    """What became of the messages at the broker. `unanswered` were sent, and neither acknowledged nor refused."""

    offered: int
    sent: int
    acknowledged: int
    refused: int
    unheard: int
    unanswered: int
    resent: int
    held: int
    reconnects: int


@dataclass(frozen=True, slots=True)
class OnTheLog:
    """What of it came out on the log. `lost` were acknowledged and never seen; `strange` had another time than intended.

    Where the log cannot be read, only `lost` is known, by the ledger.
    """

    seen: int | None
    lost: int | None
    duplicates: int | None
    strange: int | None
    lost_by: str


@dataclass(frozen=True, slots=True)
class Events:
    """Probe events: those that the acknowledged reports must open, those seen on `city.events`, those withdrawn."""

    expected: int
    seen: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """CPU time in seconds over the run, as a share of one core, and the largest resident memory seen."""

    name: str
    cpu_s: float
    cores: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Second:
    """One second of the run. Latencies are of what arrived in that second, in ms."""

    second: int
    offered: int
    sent: int
    acknowledged: int
    arrived: int | None
    log_p50: float | None
    log_p99: float | None
    event_p99: float | None


@dataclass(frozen=True, slots=True)
class ThresholdVerdict:
    """One threshold, what it asked and what was reached, as text; whether it holds."""

    threshold: str
    asked: str
    reached: str
    holds: bool


@dataclass(frozen=True, slots=True)
class LoadReport:
    """All of it. `latency` by `log`, `store`, `event`, `driver` and `send`; `left_out` names what could not be measured."""

    began_ms: int
    asked: Asked
    achieved_per_s: float
    took_s: float
    messages: Messages
    log: OnTheLog
    events: Events
    latency: Mapping[str, Latency]
    recovery_s: float | None
    ledger: Mapping[str, Any]
    services: Sequence[ServiceUse]
    timeline: Sequence[Second]
    usage: Mapping[str, Sequence[tuple[float, float]]]
    left_out: Sequence[str] = ()
    verdicts: Sequence[ThresholdVerdict] = ()
    notes: Sequence[str] = ()
    schema: str = field(default=SCHEMA)

    @property
    def passed(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)


def encode_report(report: LoadReport) -> bytes:
    """The report as JSON, indented, with `passed` at its end."""
    content = {**{name: getattr(report, name) for name in ("schema", *_FIELDS)}, "passed": report.passed}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


_FIELDS: Final = tuple(name for name in LoadReport.__slots__ if name != "schema")
