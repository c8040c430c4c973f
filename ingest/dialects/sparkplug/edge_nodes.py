"""The messages of Sparkplug B edge nodes: births remembered, data read by them, a new birth requested where one is missing.

    NBIRTH, DBIRTH ──▶ names, aliases, datatypes remembered ──┐
    NDATA, DDATA ─────────────────────────────────────────────┴──▶ reports
          └── no birth, an unknown alias, a gap in seq ──▶ NCMD Node Control/Rebirth
    NDEATH, DDEATH ──▶ forgotten

Source: Eclipse Sparkplug 3.0, section 5 (operational behaviour).
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from domain.identities import SPARKPLUG_PATH
from domain.rejections import Reason
from ingest.dialects.messages import MqttMessage, Refused
from ingest.dialects.sparkplug.edge_node import MOST_METRICS_OF_A_NODE, NODE, EdgeNode, reports
from ingest.dialects.sparkplug.wire import Malformed, Payload, read_payload, rebirth_command
from ingest.dialects.state import DeviceRequest, Received, SessionCount, SessionNeeds, Ticket

MOST_NODES: Final = 10_000
MOST_METRICS: Final = 500_000
"""Remembered. Beyond either, the node that was silent longest is forgotten, and asked again when it reports."""
REQUESTS_A_SECOND: Final = 100
_REBIRTH_TOPIC: Final = "spBv1.0/{group}/NCMD/{edge}"
FIRST_WAIT_S: Final = 10
LONGEST_WAIT_S: Final = 320


@dataclass(frozen=True, slots=True)
class _Message:
    """One payload with where it came from. `device` is NODE for what the edge node reports of itself.

    `sender` is the registered device's id, None where the registry does not know the path.
    """

    message: MqttMessage
    sender: str | None
    sort: str
    group: str
    edge: str
    device: str
    payload: Payload

    @property
    def path(self) -> str:
        """As the registry names it."""
        return f"{self.group}/{self.edge}/{self.device}" if self.device else f"{self.group}/{self.edge}"

    @property
    def is_birth(self) -> bool:
        return self.sort in ("NBIRTH", "DBIRTH")


@dataclass(slots=True)
class _Asked:
    """When a node was last asked for its birth, in sweeps, and how long until it may be asked again."""

    at_s: int
    wait_s: int


@dataclass(slots=True)
class EdgeNodes:
    """The session of all edge nodes (a `DialectSession`), within bounds.

    Births are sent at QoS 0 and so are lost while we are away; then the first data asks for them again. Only nodes that
    the registry knows are asked. We are no primary host application: we publish no STATE, and no node waits for us.
    """

    needs: SessionNeeds
    rebirths: int = 0
    _nodes: OrderedDict[tuple[str, str], EdgeNode] = field(default_factory=OrderedDict)
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict)
    _metrics: int = 0
    _seconds: int = 0
    _requests_left: int = REQUESTS_A_SECOND

    def sweep(self, *, everything: bool = False) -> Received:
        """A second has passed. Nothing of edge nodes waits."""
        self._seconds += 1
        self._requests_left = REQUESTS_A_SECOND
        if self._seconds % LONGEST_WAIT_S == 0:
            quiet = self._seconds - 2 * LONGEST_WAIT_S
            self._asked = {name: asked for name, asked in self._asked.items() if asked.at_s > quiet}
        return Received()

    def counts(self) -> Iterator[SessionCount]:
        help_text = "Births that Sparkplug edge nodes were asked for."
        yield SessionCount("urbansense_gateway_rebirths", help_text, "counter", {"": self.rebirths})

    def receive(self, message: MqttMessage, ticket: Ticket) -> Received:
        """What a message under `spBv1.0/` holds; its ticket is settled."""
        received = Received()
        match message.topic.split("/"):
            case [_, "STATE", _]:
                received.ignored.append("sparkplug state of a host")
            case [_, _, "NCMD", _] | [_, _, "DCMD", _, _]:
                received.ignored.append("sparkplug command")
            case [_, group, "NBIRTH" | "NDATA" | "NDEATH" as sort, edge]:
                self._receive(message, received, sort, (group, edge, NODE))
            case [_, group, "DBIRTH" | "DDATA" | "DDEATH" as sort, edge, device] if device:
                self._receive(message, received, sort, (group, edge, device))
            case _:
                received.items.append((Refused(Reason.UNPARSEABLE, "no topic of Sparkplug B 3.0"), message))
        received.settle([ticket])
        return received

    def _receive(self, message: MqttMessage, received: Received, sort: str, who: tuple[str, str, str]) -> None:
        device = self.needs.lookup.find(SPARKPLUG_PATH.of("/".join(filter(None, who))))
        sender = device.device_id if device is not None else None
        try:
            arrived = _Message(message, sender, sort, *who, read_payload(message.payload))
            if arrived.payload.has_body and not arrived.payload.metrics:
                raise Malformed("a body where metrics belong; compressed payloads are not read")
        except Malformed as error:
            detail = f"no Sparkplug B payload: {error}"
            received.items.append((Refused(Reason.UNPARSEABLE, detail, sender), message))
            return
        node = self._node(who[:2])
        before = node.metrics
        if sort in ("NDEATH", "DDEATH"):
            self._receive_death(arrived, node, received)
        else:
            self._receive_metrics(arrived, node, received)
        self._metrics += node.metrics - before
        self._make_room()

    def _receive_death(self, arrived: _Message, node: EdgeNode, received: Received) -> None:
        if arrived.sort == "DDEATH":
            node.follow(arrived.payload.seq)
            node.forget(arrived.device)
            self._ask_if_missing(arrived, node, "", received)
            received.ignored.append("sparkplug death")
        else:
            is_this_session = node.end(arrived.payload)
            received.ignored.append("sparkplug death" if is_this_session else "sparkplug death of an earlier session")

    def _receive_metrics(self, arrived: _Message, node: EdgeNode, received: Received) -> None:
        """A birth or data: what it reports, and whether a birth must be asked for."""
        is_live = arrived.message.replay_of is None
        if arrived.sort == "NBIRTH":
            node.begin(arrived.payload)
        elif is_live:
            node.follow(arrived.payload.seq)
        if arrived.is_birth and arrived.sender is not None and not node.learn(arrived.device, arrived.payload.metrics):
            detail = f"a birth of more metrics than are kept of one node, {MOST_METRICS_OF_A_NODE}"
            received.items.append((Refused(Reason.TOO_LARGE, detail, arrived.sender), arrived.message))
        understood = node.understand(arrived.device, arrived.payload)
        if is_live:
            self._ask_if_missing(arrived, node, "" if arrived.is_birth else understood.missing, received)
        received.ignored += understood.ignored
        found = reports(understood.metrics, arrived.path, arrived.payload.seq)
        if len(found) > self.needs.most_reports:
            detail = f"{len(found)} instants; a message may have {self.needs.most_reports}"
            received.items.append((Refused(Reason.TOO_LARGE, detail, arrived.sender), arrived.message))
        elif found:
            received.items += [(report, arrived.message) for report in found]
        else:
            received.ignored.append(f"sparkplug {arrived.sort} without a reading")

    def _ask_if_missing(self, arrived: _Message, node: EdgeNode, missing: str, received: Received) -> None:
        """Ask for a birth where the session's is missing, or may be; `missing` is what this message lacks besides."""
        if not node.is_born:
            missing = "no NBIRTH was heard"
        elif node.is_doubtful:
            missing = "a gap in seq"
        if missing and arrived.sender is not None:
            self._ask(arrived, received, missing)

    def _ask(self, arrived: _Message, received: Received, missing: str) -> None:
        """Ask the node for its births, unless it was asked not long ago: then one request is pending."""
        name = arrived.group, arrived.edge
        asked = self._asked.get(name)
        if self._requests_left <= 0 or (asked is not None and self._seconds - asked.at_s < asked.wait_s):
            return
        waits_longer = asked is not None and self._seconds - asked.at_s < 2 * asked.wait_s
        wait_s = min(2 * asked.wait_s, LONGEST_WAIT_S) if asked is not None and waits_longer else FIRST_WAIT_S
        self._asked[name] = _Asked(self._seconds, wait_s)
        self._requests_left -= 1
        self.rebirths += 1
        topic = _REBIRTH_TOPIC.format(group=arrived.group, edge=arrived.edge)
        received.requests.append(DeviceRequest(topic, rebirth_command(arrived.message.received_at_ms), missing))

    def _node(self, name: tuple[str, str]) -> EdgeNode:
        """The node of that group and edge, made where it is new; it reported now."""
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = EdgeNode()
        self._nodes.move_to_end(name)
        return node

    def _make_room(self) -> None:
        while len(self._nodes) > MOST_NODES or (self._metrics > MOST_METRICS and len(self._nodes) > 1):
            _, forgotten = self._nodes.popitem(last=False)
            self._metrics -= forgotten.metrics
