"""The voices of a city: every device speaks its own dialect, and edge nodes keep their sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import tzinfo

from domain.devices import Device
from simulators.dialects import Dialect, DialectName, EdgeNode, dialect_of, dialects, keeps_session, split_path
from simulators.dialects.reports import MqttMessage, Report, encode_native


class NativeSessions:
    """Everybody speaks native JSON, and nobody is spoken to."""

    commands: tuple[str, ...] = ()

    def hear(self, topic: str, payload: bytes) -> None:
        """Nothing is published on no topic."""

    def speak(self, report: Report) -> Sequence[MqttMessage]:
        return (encode_native(report),)

    def farewell(self, at_ms: int) -> Sequence[MqttMessage]:
        return ()


class DialectSessions:
    """Reports in the dialect of their device (`attributes.dialect`), left out what the dialect has no word for.

    Not pure: edge nodes keep sequence numbers and aliases, so messages must be sent in the order they were
    made, on one connection. The same reports in the same order give the same bytes. A node is born at its first report,
    and again before the next one after a host asked for it.
    Raises: CannotSay where a device lacks what its dialect needs.
    """

    def __init__(self, devices: Iterable[Device], seed: int, zone: tzinfo) -> None:
        self._speakers = dialects(seed, zone)
        self._devices: dict[str, tuple[Device, DialectName]] = {}
        self._nodes: dict[str, EdgeNode] = {}
        self._asked: list[tuple[str, bytes]] = []
        self._unsaid: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
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
        """The topics on which hosts speak to the city's edge nodes."""
        return tuple(self._by_command)

    def speak(self, report: Report) -> Sequence[MqttMessage]:
        """The messages that say a report, in order, behind those that a host has asked for; empty if there is no word."""
        at_ms = report.observed_at_ms
        asked = [message for topic, payload in self._asked for message in self.answer(topic, payload, at_ms)]
        self._asked.clear()
        device, name = self._devices.get(report.device_id, (None, DialectName.NATIVE))
        if device is None:
            return (*asked, encode_native(report))
        if keeps_session(name):
            return (*asked, *self._by_node(report, device))
        return (*asked, *self._worded(report, device, self._speakers[name]))

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a command from a host; it is answered before the next report."""
        self._asked.append((topic, payload))

    def answer(self, topic: str, payload: bytes, at_ms: int) -> Sequence[MqttMessage]:
        """What an edge node says to a command at once: its births where it is asked for them, else nothing."""
        name = self._by_command.get(topic)
        return () if name is None or name in self._silent else self._nodes[name].answer(topic, payload, at_ms)

    def farewell(self, at_ms: int) -> Sequence[MqttMessage]:
        """What edge nodes say before they disconnect."""
        return tuple(node.death(at_ms) for name, node in self._nodes.items() if name not in self._silent)

    def _worded(self, report: Report, device: Device, speaker: Dialect) -> Sequence[MqttMessage]:
        quantities = frozenset(report.readings)
        unsaid = self._unsaid.get((device.device_id, quantities))
        if unsaid is None:
            unsaid = self._unsaid[device.device_id, quantities] = speaker.unsayable(quantities, device)
        if unsaid:
            said = {name: value for name, value in report.readings.items() if name not in unsaid}
            report = replace(report, readings=said)
        return speaker.encode(report, device) if report.readings else ()

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
