"""The devices of a city each in its own dialect, as the messages that reach the broker."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from simulators.city import City
from simulators.dialects import DialectName, EdgeNode, dialect_of, dialects, edge_nodes
from simulators.dialects.sparkplug import split_path
from simulators.reports import Message, Report


class Speech:
    """What a report is in the dialect of its device. Call it in the order of sending: Sparkplug counts its messages.

    An edge node is born with its first report. Raises, when it is made: simulators.dialects.CannotSay where a device lacks
    what its dialect needs.
    """

    def __init__(self, city: City, zone: ZoneInfo) -> None:
        self._devices = {device.device_id: device for device in city.devices}
        self._dialects = {device.device_id: dialect_of(device) for device in city.devices}
        self._speakers = dialects(city.seed, zone)
        speaking = [d for d in city.devices if self._dialects[d.device_id] is DialectName.SPARKPLUG]
        nodes = edge_nodes({}, speaking)
        self._nodes = {device.device_id: nodes[split_path(device)[0]] for device in speaking}
        self._by_command = {node.commands: node for node in nodes.values()}
        self._born: set[str] = set()

    def __call__(self, report: Report) -> Sequence[Message]:
        device = self._devices[report.device_id]
        node = self._nodes.get(report.device_id)
        if node is None:
            return self._speakers[self._dialects[report.device_id]].encode(report, device)
        return (*self._births(node, report), *node.encode(report, device))

    def answer(self, topic: str, payload: bytes, at_ms: int) -> Sequence[Message]:
        """What an edge node says to a command of a gateway."""
        node = self._by_command.get(topic)
        return () if node is None else node.answer(topic, payload, at_ms)

    def _births(self, node: EdgeNode, report: Report) -> Sequence[Message]:
        if node.name in self._born:
            return ()
        self._born.add(node.name)
        node.open_session(report.observed_at_ms)
        return node.births(report.observed_at_ms)
