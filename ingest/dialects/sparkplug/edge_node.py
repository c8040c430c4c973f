"""One Sparkplug B edge node as its births left it: what its aliases and datatypes mean, and which message comes next.

Then its metrics as reports: typed values, quality, one report for each instant.
Source: Eclipse Sparkplug 3.0, sections 5.5 to 5.11 (sessions, bdSeq, seq), 6.4 (metrics, aliases, datatypes, quality).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from domain.identities import SPARKPLUG_PATH
from domain.telemetry import Quality
from ingest.dialects.messages import Uplink
from ingest.dialects.sparkplug.wire import Metric, Payload

CODEC: Final = "sparkplug"
BD_SEQ: Final = "bdSeq"
_CONTROL: Final = ("Node Control/", "Device Control/")
_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_BOOLEAN: Final = 11
_GOOD: Final = 192
_STALE: Final = 500
_UNCERTAIN: Final = 64
MOST_METRICS_OF_A_NODE: Final = 20_000
_LONGEST_NAME: Final = 512
_SEQ_END: Final = 256
NODE: Final = ""
"""The node itself, where the name of one of its devices could stand."""


class NamedMetric(NamedTuple):
    """A metric with the name it goes by; `is_doubtful` where that name rests on a birth which may be out of date."""

    name: str
    value: object
    at_ms: int | None
    quality: Quality | None


@dataclass(slots=True)
class _Table:
    """What the birth of a device, or of the node itself, declared of its metrics."""

    names: dict[int, str] = field(default_factory=dict)
    datatypes: dict[str, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class Understood:
    """The metrics of a payload as far as they could be read. `missing` is what a new birth would have to mend."""

    metrics: list[NamedMetric] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    missing: str = ""


@dataclass(slots=True)
class EdgeNode:
    """A node's session. `is_doubtful` from a gap in seq on: a birth may have been missed, with other aliases in it."""

    is_born: bool = False
    is_doubtful: bool = False
    metrics: int = 0
    _bd_seq: object = None
    _next_seq: int | None = None
    _tables: dict[str, _Table] = field(default_factory=dict)

    def begin(self, payload: Payload) -> None:
        """NBIRTH: a new session, or the same one declared anew. What its devices declared before counts no more."""
        self._forget_all()
        self.is_born, self.is_doubtful = True, False
        self._bd_seq = _bd_seq(payload)
        self._next_seq = ((payload.seq or 0) + 1) % _SEQ_END

    def follow(self, seq: int | None) -> None:
        """Count on from this message; a gap before it makes the node doubtful, the last message once more does not.

        A missing seq counts as 0, which some encoders do not write. Before a birth it is not known where the count stands.
        """
        number = seq or 0
        expected, following = self._next_seq, (number + 1) % _SEQ_END
        self._next_seq = following
        if self.is_born and expected not in (None, number, following):
            self.is_doubtful = True

    def learn(self, device: str, metrics: Iterable[Metric]) -> bool:
        """Remember what a birth declares of the device; False where that is more than is kept of a node."""
        self.forget(device)
        table = _Table()
        for metric in metrics:
            if metric.name and len(metric.name) <= _LONGEST_NAME and not is_control(metric.name):
                table.datatypes[metric.name] = metric.datatype
                if metric.alias is not None:
                    table.names[metric.alias] = metric.name
        if self.metrics + len(table.datatypes) > MOST_METRICS_OF_A_NODE:
            return False
        self._tables[device] = table
        self.metrics += len(table.datatypes)
        return True

    def forget(self, device: str) -> None:
        """DDEATH: what the device's birth declared is void."""
        table = self._tables.pop(device, None)
        self.metrics -= len(table.datatypes) if table else 0

    def end(self, payload: Payload) -> bool:
        """NDEATH: whether it is this session's; that of an earlier one, which the broker sends late, changes nothing."""
        given = _bd_seq(payload)
        if self.is_born and self._bd_seq is not None and given is not None and given != self._bd_seq:
            return False
        self._forget_all()
        self.is_born = False
        return True

    def understand(self, device: str, payload: Payload) -> Understood:
        """The metrics of the payload by name, with values under their datatypes.

        Shape: a metric that cannot be read stands under a name with the reason in it, which no profile maps. Control
        metrics, nulls and transient metrics are left out.
        """
        understood = Understood()
        table = self._tables.get(device)
        if table is None:
            understood.missing = "no DBIRTH was heard" if device else "no NBIRTH was heard"
        for metric in payload.metrics:
            name, why = _name(metric, table or _Table())
            if is_control(name):
                continue
            if metric.is_null or metric.is_transient:
                understood.ignored.append(f"sparkplug {'null' if metric.is_null else 'transient metric'}")
                continue
            understood.missing = understood.missing or why
            by_alias = not metric.name
            at_ms = metric.timestamp_ms if metric.timestamp_ms is not None else payload.timestamp_ms
            understood.metrics.append(self._named(metric, name, at_ms, table, by_alias=by_alias))
        return understood

    def _named(
        self, metric: Metric, name: str, at_ms: int | None, table: _Table | None, *, by_alias: bool
    ) -> NamedMetric:
        datatype = metric.datatype if metric.datatype is not None else table.datatypes.get(name) if table else None
        if metric.is_integer and datatype is None and not name.startswith("alias "):
            name = f"{name} (no birth tells its datatype)"
        quality = quality_of(metric)
        if by_alias and self.is_doubtful:
            quality = quality or "suspect"
        return NamedMetric(name, typed_value(metric, datatype), at_ms, quality)

    def _forget_all(self) -> None:
        self._tables.clear()
        self.metrics = 0
        self._next_seq = None


def _name(metric: Metric, table: _Table) -> tuple[str, str]:
    """The metric's name, and what is missing of a birth where that does not declare it."""
    if metric.name:
        return metric.name, "" if metric.name in table.datatypes else f"{metric.name[:60]!r} stands in no birth"
    if metric.alias is None:
        return "a metric without name and alias", ""
    name = table.names.get(metric.alias)
    if name is not None:
        return name, ""
    return f"alias {metric.alias} (no birth names it)", f"alias {metric.alias} stands in no birth"


def _bd_seq(payload: Payload) -> object:
    return next((metric.value for metric in payload.metrics if metric.name == BD_SEQ), None)


def is_control(name: str) -> bool:
    """Whether the metric is the protocol's own and measures nothing."""
    return name == BD_SEQ or name.startswith(_CONTROL)


def typed_value(metric: Metric, datatype: int | None) -> object:
    """The metric's value under its datatype: signed integers out of two's complement, booleans out of whatever holds them.

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


def reports(metrics: Iterable[NamedMetric], path: str, seq: int | None) -> list[Uplink]:
    """One report for each instant that the metrics name, the earliest first; those without one get the time of receipt.

    A metric that stands twice for an instant with two values is kept once, and the second is named as unknown.
    """
    identity = SPARKPLUG_PATH.of(path)
    by_instant: dict[int | None, Uplink] = {}
    for one in metrics:
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
