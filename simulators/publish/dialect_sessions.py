"""The dialect sessions of a city: every device encodes in its own dialect, and edge nodes keep their sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import tzinfo

from domain.devices import Device
from simulators.dialects import Dialect, DialectName, EdgeNode, dialect_of, dialects, keeps_session, split_path
from simulators.dialects.reports import MqttMessage, Report, encode_native


class NativeSessions:
    """Every device encodes native JSON, and no host sends commands."""

    commands: tuple[str, ...] = ()

    def receive(self, topic: str, payload: bytes) -> None:
        """Never called: there are no command topics."""

    def encode(self, report: Report) -> Sequence[MqttMessage]:
        return (encode_native(report),)

    def closing(self, at_ms: int) -> Sequence[MqttMessage]:
        return ()


class DialectSessions:
    """Reports in the dialect of their device (`attributes.dialect`), without quantities that it has no word for.

    Not pure: edge nodes keep sequence numbers and aliases, so messages must be sent in the order they were
    made, on one connection. The same reports in the same order give the same bytes. A node is born at its first report,
    and again before the next one after a host asked for it.
    Raises: CannotSay where a device lacks what its dialect needs.
    """

    def __init__(self, devices: Iterable[Device], seed: int, zone: tzinfo) -> None:
        self._dialects = dialects(seed, zone)
        self._devices: dict[str, tuple[Device, DialectName]] = {}
        self._nodes: dict[str, EdgeNode] = {}
        self._asked: list[tuple[str, bytes]] = []
        self._unnamed: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        for device in devices:
            name = dialect_of(device)
            if name is not DialectName.NATIVE:
                self._devices[device.device_id] = (device, name)
            if keeps_session(name):
                node = split_path(device)[0]
                self._nodes[node] = EdgeNode(node)
        self._by_command = {node.commands: name for name, node in self._nodes.items()}
        self._silent = set(self._nodes)

    @property
    def commands(self) -> tuple[str, ...]:
        """The topics on which hosts send commands to the city's edge nodes."""
        return tuple(self._by_command)

    def encode(self, report: Report) -> Sequence[MqttMessage]:
        """The messages that carry a report, in order, behind those that a host has asked for; empty if there is no word."""
        at_ms = report.observed_at_ms
        asked = [message for topic, payload in self._asked for message in self.answer(topic, payload, at_ms)]
        self._asked.clear()
        device, name = self._devices.get(report.device_id, (None, DialectName.NATIVE))
        if device is None:
            return (*asked, encode_native(report))
        if keeps_session(name):
            return (*asked, *self._by_node(report, device))
        return (*asked, *self._worded(report, device, self._dialects[name]))

    def receive(self, topic: str, payload: bytes) -> None:
        """Take a command from a host; it is answered before the next report."""
        self._asked.append((topic, payload))

    def answer(self, topic: str, payload: bytes, at_ms: int) -> Sequence[MqttMessage]:
        """The answer of an edge node to a command: its births where it is asked for them, else nothing."""
        name = self._by_command.get(topic)
        return () if name is None or name in self._silent else self._nodes[name].answer(topic, payload, at_ms)

    def closing(self, at_ms: int) -> Sequence[MqttMessage]:
        """The deaths that edge nodes publish before they disconnect."""
        return tuple(node.death(at_ms) for name, node in self._nodes.items() if name not in self._silent)

    def _worded(self, report: Report, device: Device, dialect: Dialect) -> Sequence[MqttMessage]:
        quantities = frozenset(report.readings)
        unnamed = self._unnamed.get((device.device_id, quantities))
        if unnamed is None:
            unnamed = self._unnamed[device.device_id, quantities] = dialect.unsayable(quantities, device)
        if unnamed:
            known = {name: value for name, value in report.readings.items() if name not in unnamed}
            report = replace(report, readings=known)
        return dialect.encode(report, device) if report.readings else ()

    def _by_node(self, report: Report, device: Device) -> Sequence[MqttMessage]:
        name, unit = split_path(device)
        node = self._nodes[name]
        if name not in self._silent:
            return node.encode(report, device)
        self._silent.remove(name)
        node.open_session(report.observed_at_ms)
        if not unit:
            node.declare(device, report.readings)
        return (*node.births(report.observed_at_ms), *node.encode(report, device))
