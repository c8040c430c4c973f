"""What Sparkplug B edge nodes say: births remembered, data read by them, and a new birth asked for where one is missing.

    NBIRTH, DBIRTH ──▶ names, aliases, datatypes remembered ──┐
    NDATA, DDATA ─────────────────────────────────────────────┴──▶ reports
          └── no birth, an unknown alias, a gap in seq ──▶ NCMD Node Control/Rebirth
    NDEATH, DDEATH ──▶ forgotten

Source: Eclipse Sparkplug 3.0, section 5 (operational behaviour).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from domain.devices import IdentityLookup
from domain.identities import SPARKPLUG_PATH
from domain.mqtt import REBIRTH_TOPIC
from domain.rejections import Reason
from ingest.dialects.messages import MqttMessage, Refused
from ingest.dialects.sparkplug.edge_node import MOST_METRICS_OF_A_NODE, NODE, EdgeNode
from ingest.dialects.sparkplug.metrics import reports
from ingest.dialects.sparkplug.wire import Malformed, Payload, read_payload, rebirth_command
from ingest.dialects.state import DeviceRequest, Received, Ticket

MOST_NODES: Final = 10_000
MOST_METRICS: Final = 500_000
"""Remembered. Beyond either, the node that was silent longest is forgotten, and asked again when it speaks."""
REQUESTS_A_SECOND: Final = 100
FIRST_WAIT_S: Final = 10
LONGEST_WAIT_S: Final = 320


@dataclass(frozen=True, slots=True)
class _Spoken:
    """One payload with where it came from. `device` is NODE for what the edge node says of itself.

    `speaker` is the registered device's id, None where the registry does not know the path.
    """

    message: MqttMessage
    speaker: str | None
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
    """The edge nodes' side of the conversation, within bounds. Use from one task only.

    Births are sent at QoS 0 and so are lost while we are away; then the first data asks for them again. Only nodes that
    the registry knows are asked. We are no primary host application: we publish no STATE, and no node waits for us.
    """

    lookup: IdentityLookup
    most_reports: int
    rebirths: int = 0
    _nodes: OrderedDict[tuple[str, str], EdgeNode] = field(default_factory=OrderedDict)
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict)
    _metrics: int = 0
    _seconds: int = 0
    _requests_left: int = REQUESTS_A_SECOND

    def sweep(self) -> None:
        """A second has passed."""
        self._seconds += 1
        self._requests_left = REQUESTS_A_SECOND
        if self._seconds % LONGEST_WAIT_S == 0:
            quiet = self._seconds - 2 * LONGEST_WAIT_S
            self._asked = {name: asked for name, asked in self._asked.items() if asked.at_s > quiet}

    def hear(self, message: MqttMessage, ticket: Ticket) -> Received:
        """What a message under `spBv1.0/` says; its ticket is settled."""
        heard = Received()
        match message.topic.split("/"):
            case [_, "STATE", _]:
                heard.asides.append("sparkplug state of a host")
            case [_, _, "NCMD", _] | [_, _, "DCMD", _, _]:
                heard.asides.append("sparkplug command")
            case [_, group, "NBIRTH" | "NDATA" | "NDEATH" as sort, edge]:
                self._hear(message, heard, sort, (group, edge, NODE))
            case [_, group, "DBIRTH" | "DDATA" | "DDEATH" as sort, edge, device] if device:
                self._hear(message, heard, sort, (group, edge, device))
            case _:
                heard.items.append((Refused(Reason.UNPARSEABLE, "no topic of Sparkplug B 3.0"), message))
        heard.settle([ticket])
        return heard

    def _hear(self, message: MqttMessage, heard: Received, sort: str, who: tuple[str, str, str]) -> None:
        device = self.lookup.find(SPARKPLUG_PATH.of("/".join(filter(None, who))))
        speaker = device.device_id if device is not None else None
        try:
            spoken = _Spoken(message, speaker, sort, *who, read_payload(message.payload))
            if spoken.payload.has_body and not spoken.payload.metrics:
                raise Malformed("a body where metrics belong; compressed payloads are not read")
        except Malformed as error:
            detail = f"no Sparkplug B payload: {error}"
            heard.items.append((Refused(Reason.UNPARSEABLE, detail, speaker), message))
            return
        node = self._node(who[:2])
        before = node.metrics
        if sort in ("NDEATH", "DDEATH"):
            self._hear_death(spoken, node, heard)
        else:
            self._hear_metrics(spoken, node, heard)
        self._metrics += node.metrics - before
        self._make_room()

    def _hear_death(self, spoken: _Spoken, node: EdgeNode, heard: Received) -> None:
        if spoken.sort == "DDEATH":
            node.follow(spoken.payload.seq)
            node.forget(spoken.device)
            self._ask_if_missing(spoken, node, "", heard)
            heard.asides.append("sparkplug death")
        else:
            is_this_session = node.end(spoken.payload)
            heard.asides.append("sparkplug death" if is_this_session else "sparkplug death of an earlier session")

    def _hear_metrics(self, spoken: _Spoken, node: EdgeNode, heard: Received) -> None:
        """A birth or data: what it reports, and whether a birth must be asked for."""
        is_live = spoken.message.replay_of is None
        if spoken.sort == "NBIRTH":
            node.begin(spoken.payload)
        elif is_live:
            node.follow(spoken.payload.seq)
        if spoken.is_birth and spoken.speaker is not None and not node.learn(spoken.device, spoken.payload.metrics):
            detail = f"a birth of more metrics than are kept of one node, {MOST_METRICS_OF_A_NODE}"
            heard.items.append((Refused(Reason.TOO_LARGE, detail, spoken.speaker), spoken.message))
        understood = node.understand(spoken.device, spoken.payload)
        if is_live:
            self._ask_if_missing(spoken, node, "" if spoken.is_birth else understood.missing, heard)
        heard.asides += understood.asides
        found = reports(understood.told, spoken.path, spoken.payload.seq)
        if len(found) > self.most_reports:
            detail = f"{len(found)} instants; a message may have {self.most_reports}"
            heard.items.append((Refused(Reason.TOO_LARGE, detail, spoken.speaker), spoken.message))
        elif found:
            heard.items += [(report, spoken.message) for report in found]
        else:
            heard.asides.append(f"sparkplug {spoken.sort} without a reading")

    def _ask_if_missing(self, spoken: _Spoken, node: EdgeNode, missing: str, heard: Received) -> None:
        """Ask for a birth where the session's is missing, or may be; `missing` is what this message lacks besides."""
        if not node.is_born:
            missing = "no NBIRTH was heard"
        elif node.is_doubtful:
            missing = "a gap in seq"
        if missing and spoken.speaker is not None:
            self._ask(spoken, heard, missing)

    def _ask(self, spoken: _Spoken, heard: Received, missing: str) -> None:
        """Ask the node for its births, unless it was asked not long ago: then one request is pending."""
        name = spoken.group, spoken.edge
        asked = self._asked.get(name)
        if self._requests_left <= 0 or (asked is not None and self._seconds - asked.at_s < asked.wait_s):
            return
        waits_longer = asked is not None and self._seconds - asked.at_s < 2 * asked.wait_s
        wait_s = min(2 * asked.wait_s, LONGEST_WAIT_S) if asked is not None and waits_longer else FIRST_WAIT_S
        self._asked[name] = _Asked(self._seconds, wait_s)
        self._requests_left -= 1
        self.rebirths += 1
        topic = REBIRTH_TOPIC.format(group=spoken.group, edge=spoken.edge)
        heard.requests.append(DeviceRequest(topic, rebirth_command(spoken.message.received_at_ms), missing))

    def _node(self, name: tuple[str, str]) -> EdgeNode:
        """The node of that group and edge, made where it is new; it was heard now."""
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = EdgeNode()
        self._nodes.move_to_end(name)
        return node

    def _make_room(self) -> None:
        while len(self._nodes) > MOST_NODES or (self._metrics > MOST_METRICS and len(self._nodes) > 1):
            _, forgotten = self._nodes.popitem(last=False)
            self._metrics -= forgotten.metrics
