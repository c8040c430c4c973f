"""A Sparkplug B edge node as it reports through one MQTT client.

open_session ─▶ (CONNECT with that will) ─▶ births: NBIRTH, DBIRTH… ─▶ encode: NDATA, DDATA… ─▶ death ─▶ (DISCONNECT)
                                                ▲                            │
                                                └──── answer: a rebirth ◀────┘

It keeps what the standard makes it keep: the sequence number of all its messages, the number of its births and deaths, the
aliases, and the last value of every metric, which a rebirth repeats with its own time.
Source: Eclipse Sparkplug 3.0, chapters 4 to 6; the clauses are named where they bind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.devices import Device
from domain.quantities.catalogue import CATALOGUE
from domain.telemetry import Reading
from simulators.dialects.ports import CannotSay
from simulators.dialects.reports import MqttMessage, Report
from simulators.dialects.sparkplug.wire import DataType, Metric, booleans_of, encode_payload

_NAMESPACE: Final = "spBv1.0"
_REBIRTH: Final = "Node Control/Rebirth"


@dataclass(slots=True)
class _BornMetric:
    """A metric as it was born: its alias, and the value last sent with its time."""

    alias: int
    datatype: DataType
    value: Reading | None = None
    at_ms: int = 0


@dataclass(slots=True)
class EdgeNode:
    """One edge node, named `group/edge`. Not pure, but deterministic: the same calls give the same bytes.

    Order: `open_session`, `births`, then any number of `encode` and `answer`. Messages must be sent in the order they
    were made, on one connection. Births and data are QoS 0, the will QoS 1, nothing is retained.
    """

    name: str
    _units: dict[str, dict[str, _BornMetric]] = field(default_factory=dict)
    _aliases: int = 0
    _session: int = -1
    _born: bool = False
    _seq: int = 255
    _now_ms: int = 0

    def declare(self, device: Device, quantities: Iterable[str]) -> None:
        """Declare which quantities a device will ever report: its birth names them. Before `births`.

        Raises: CannotSay where the device's `sparkplug` is not this node, or one device of it.
        """
        known_metrics = self._units.setdefault(self._unit_of(device), {})
        for quantity in quantities:
            self._name(known_metrics, quantity)

    @property
    def commands(self) -> str:
        """The topic to subscribe to, at QoS 1, before the births (tck-id-message-flow-edge-node-ncmd-subscribe)."""
        return self._topic("NCMD")

    def open_session(self, at_ms: int) -> MqttMessage:
        """The will of the next MQTT connection. Its bdSeq is one more than that of the last, 255 is followed by 0."""
        self._session = (self._session + 1) % 256
        self._born = False
        return self.death(at_ms)

    def death(self, at_ms: int) -> MqttMessage:
        """NDEATH: the will, and what to publish before a DISCONNECT. bdSeq alone, no seq (tck-id-topics-ndeath-payload)."""
        return MqttMessage(self._topic("NDEATH"), encode_payload(at_ms, (self._bd_seq(at_ms),), seq=None))

    def births(self, at_ms: int) -> tuple[MqttMessage, ...]:
        """NBIRTH with seq 0, then the DBIRTH of every declared device, in the order they were declared.

        Right after the CONNACK, and when `answer` has them. A metric that never had a value is null.
        """
        if self._session < 0:
            raise ValueError(f"{self.name}: open a session before the births")
        self._born, self._seq = True, 255
        control = Metric(at_ms, False, _REBIRTH, datatype=DataType.BOOLEAN)  # tck-id-…-rebirth-name-aliases: no alias
        own = _named(self._units.get("", {}), at_ms)
        node = self._message("NBIRTH", "", at_ms, (self._bd_seq(at_ms), control, *own))
        return (node, *(self._birth(unit, at_ms) for unit in self._units if unit))

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        """DDATA, or NDATA of the node itself, by alias; after births of its own if a quantity was not declared.

        Time: every metric has the report's time of observation; one older than what was sent last is historical.
        Raises: CannotSay, ValueError before the births.
        """
        if not self._born:
            raise ValueError(f"{self.name}: no births were made in this session")
        unit, at_ms = self._unit_of(device), report.observed_at_ms
        unborn = [name for name in report.readings if name not in self._units.get(unit, {})]
        born: tuple[MqttMessage, ...] = ()
        if unborn or unit not in self._units:
            self.declare(device, unborn)
            born = (self._birth(unit, at_ms),) if unit else self.births(at_ms)
        known_metrics = self._units[unit]
        metrics = []
        for name, value in report.readings.items():
            metric = known_metrics[name]
            late = at_ms < metric.at_ms
            if not late:
                metric.value, metric.at_ms = value, at_ms
            metrics.append(Metric(at_ms, value, alias=metric.alias, historical=late))
        return (*born, self._message("DDATA" if unit else "NDATA", unit, at_ms, metrics))

    def answer(self, topic: str, payload: bytes, at_ms: int) -> tuple[MqttMessage, ...]:
        """What a command from a host makes the node publish: a complete birth if a rebirth is asked for, else nothing."""
        if topic != self.commands or not self._born:
            return ()
        try:
            asked = booleans_of(payload).get(_REBIRTH, False)
        except ValueError:
            return ()
        return self.births(at_ms) if asked else ()

    def _birth(self, unit: str, at_ms: int) -> MqttMessage:
        return self._message("DBIRTH", unit, at_ms, _named(self._units[unit], at_ms))

    def _message(self, verb: str, unit: str, at_ms: int, metrics: Iterable[Metric]) -> MqttMessage:
        self._seq = (self._seq + 1) % 256
        # A payload's own time is that of sending: a late report does not move it back.
        self._now_ms = max(self._now_ms, at_ms)
        return MqttMessage(self._topic(verb, unit), encode_payload(self._now_ms, metrics, self._seq), qos=0)

    def _bd_seq(self, at_ms: int) -> Metric:
        return Metric(at_ms, self._session, "bdSeq", datatype=DataType.INT64)

    def _topic(self, verb: str, unit: str = "") -> str:
        group, _, edge = self.name.partition("/")
        return f"{_NAMESPACE}/{group}/{verb}/{edge}/{unit}" if unit else f"{_NAMESPACE}/{group}/{verb}/{edge}"

    def _unit_of(self, device: Device) -> str:
        """The device below this node, empty for the node itself."""
        node, unit = split_path(device)
        if node != self.name:
            raise CannotSay(f"{device.device_id}: {device.sparkplug} does not belong to edge node {self.name}")
        return unit

    def _name(self, known_metrics: dict[str, _BornMetric], quantity: str) -> None:
        if quantity not in known_metrics:
            known = CATALOGUE.get(quantity)
            self._aliases += 1
            known_metrics[quantity] = _BornMetric(
                self._aliases, DataType.BOOLEAN if known and known.boolean else DataType.DOUBLE
            )


def edge_nodes(quantities: Mapping[str, Iterable[str]], devices: Iterable[Device]) -> dict[str, EdgeNode]:
    """The edge nodes of `devices` by name; `quantities` names those that each device, by id, will ever report.

    Raises: CannotSay where a device has no valid `sparkplug`.
    """
    nodes: dict[str, EdgeNode] = {}
    for device in devices:
        name = split_path(device)[0]
        nodes.setdefault(name, EdgeNode(name)).declare(device, quantities.get(device.device_id, ()))
    return nodes


def split_path(device: Device) -> tuple[str, str]:
    """A device's edge node as `group/edge`, and its name below it, empty for the node itself. Raises: CannotSay."""
    parts = (device.sparkplug or "").split("/")
    if len(parts) not in (2, 3) or not all(parts) or any(set("+#") & set(part) for part in parts):
        raise CannotSay(
            f"{device.device_id}: sparkplug is {device.sparkplug!r}; give `group/edge` or `group/edge/device`, "
            "without + and #"
        )
    return f"{parts[0]}/{parts[1]}", parts[2] if len(parts) == 3 else ""


def _named(known_metrics: Mapping[str, _BornMetric], at_ms: int) -> tuple[Metric, ...]:
    """Metrics as a birth declares them: name, alias, type and last value, at its own time."""
    return tuple(
        Metric(metric.at_ms if metric.value is not None else at_ms, metric.value, name, metric.alias, metric.datatype)
        for name, metric in known_metrics.items()
    )
