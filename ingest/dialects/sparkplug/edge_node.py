"""One Sparkplug B edge node as its births left it: what its aliases and datatypes mean, and which message comes next.

Source: Eclipse Sparkplug 3.0, sections 5.5 to 5.11 (sessions, bdSeq, seq) and 6.4 (metrics, aliases).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ingest.dialects.sparkplug.metrics import BD_SEQ, NamedMetric, is_control, quality_of, typed_value
from ingest.dialects.sparkplug.wire import Metric, Payload

MOST_METRICS_OF_A_NODE: Final = 20_000
_LONGEST_NAME: Final = 512
_SEQ_END: Final = 256
NODE: Final = ""
"""The node itself, where the name of one of its devices could stand."""


@dataclass(slots=True)
class _Table:
    """What the birth of a device, or of the node itself, told of its metrics."""

    names: dict[int, str] = field(default_factory=dict)
    datatypes: dict[str, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class Understood:
    """The metrics of a payload as far as they could be read. `missing` says what a new birth would have to mend."""

    told: list[NamedMetric] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
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
        """NBIRTH: a new session, or the same one told anew. What its devices told before counts no more."""
        self._forget_all()
        self.is_born, self.is_doubtful = True, False
        self._bd_seq = _bd_seq(payload)
        self._next_seq = ((payload.seq or 0) + 1) % _SEQ_END

    def follow(self, seq: int | None) -> None:
        """Count on from this message; a gap before it makes the node doubtful, the last message once more does not.

        A missing seq counts as 0, which some encoders do not write. Before a birth nothing says where the count stands.
        """
        number = seq or 0
        expected, following = self._next_seq, (number + 1) % _SEQ_END
        self._next_seq = following
        if self.is_born and expected not in (None, number, following):
            self.is_doubtful = True

    def learn(self, device: str, metrics: Iterable[Metric]) -> bool:
        """Remember what a birth tells of the device; False where that is more than is kept of a node."""
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
        """DDEATH: what the device's birth told is void."""
        table = self._tables.pop(device, None)
        self.metrics -= len(table.datatypes) if table else 0

    def end(self, payload: Payload) -> bool:
        """NDEATH: whether it is this session's; that of an earlier one, which the broker sends late, changes nothing."""
        said = _bd_seq(payload)
        if self.is_born and self._bd_seq is not None and said is not None and said != self._bd_seq:
            return False
        self._forget_all()
        self.is_born = False
        return True

    def understand(self, device: str, payload: Payload) -> Understood:
        """The metrics of the payload by name, with values under their datatypes.

        Shape: a metric that cannot be read stands under a name that says why, which no profile maps. Control metrics,
        nulls and transient metrics are left out.
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
                understood.asides.append(f"sparkplug {'null' if metric.is_null else 'transient metric'}")
                continue
            understood.missing = understood.missing or why
            by_alias = not metric.name
            at_ms = metric.timestamp_ms if metric.timestamp_ms is not None else payload.timestamp_ms
            understood.told.append(self._told(metric, name, at_ms, table, by_alias=by_alias))
        return understood

    def _told(
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
    """The metric's name, and what is missing of a birth where that did not tell it."""
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
