"""What each holder may do at the broker: a device speaks on its own topics, a service on those of its work.

Nobody hears another's reports but the gateways. A Sparkplug edge node hears what hosts say to it, since it must be able to
be asked for its birth.

Mosquitto 2.0 takes `%u` and `%c` in dynamic security's access lists literally (checked on 2.0.11), so every device has a
role of its own, with its id written out.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from domain.devices import Device
from domain.mqtt import CLOCK_TOPIC, REBIRTH_TOPIC, STATEFUL_FILTERS, UPLINK_FILTERS


class Access(StrEnum):
    """The sorts of access that dynamic security tells apart and that are granted here."""

    SEND = "publishClientSend"
    RECEIVE = "publishClientReceive"
    SUBSCRIBE = "subscribePattern"
    SUBSCRIBE_LITERAL = "subscribeLiteral"


class Grant(NamedTuple):
    """One thing that is allowed; everything else is not."""

    access: Access
    topic: str


Grants = frozenset[Grant]

SERVICES: Final = ("gateway", "simulator", "chirpstack", "things-stack")
"""The services that have accounts of their own."""

_CLOCKS: Final = CLOCK_TOPIC.format(slot="+")
_REBIRTHS: Final = REBIRTH_TOPIC.format(group="+", edge="+")
_SLOTS: Final = "urbansense/slot/+"
"""Where a gateway says that it has a slot."""
_SPARKPLUG_EDGE: Final = ("NBIRTH", "NDATA", "NDEATH")
_SPARKPLUG_DEVICE: Final = ("DBIRTH", "DDATA", "DDEATH")
_SPARKPLUG_HEARD: Final = ("spBv1.0/{group}/NCMD/{edge}/#", "spBv1.0/{group}/DCMD/{edge}/#", "spBv1.0/STATE/+")
"""What an edge node subscribes to: commands to it and its devices, and which hosts are there."""


def device_grants(device: Device, *, speaks_for_others: bool) -> Grants:
    """Where the device may publish: on its own topics and nowhere else; but for an edge node it may subscribe to nothing.

    `speaks_for_others` where devices of its kind have children: then on its gateway topic too, where the platform takes
    its own reports and those of its children only.
    """
    topics = [f"city/+/{device.kind}/{device.device_id}/up"]
    if speaks_for_others:
        topics.append(f"city-gateway/{device.device_id}/up")
    if device.mn and _is_one_level(device.mn):
        topics.append(f"hj212/{device.mn}/up")
    if device.sparkplug:
        topics += _sparkplug_topics(device.sparkplug.split("/"))
    return frozenset(Grant(Access.SEND, topic) for topic in topics) | _heard((device.sparkplug or "").split("/"))


def _heard(path: list[str]) -> Grants:
    """What an edge node may subscribe to; nothing for any other path."""
    match path:
        case [group, edge] if _is_one_level(group) and _is_one_level(edge):
            return _reading(one.format(group=group, edge=edge) for one in _SPARKPLUG_HEARD)
    return frozenset()


def _reading(topics: Iterable[str]) -> Grants:
    return frozenset(Grant(access, one) for one in topics for access in (Access.RECEIVE, Access.SUBSCRIBE))


def _sparkplug_topics(path: list[str]) -> list[str]:
    """An edge node's own topics and those of the devices behind it; or those of one such device."""
    if not all(_is_one_level(level) for level in path):
        return []
    match path:
        case [group, edge]:
            node = [f"spBv1.0/{group}/{sort}/{edge}" for sort in _SPARKPLUG_EDGE]
            return node + [f"spBv1.0/{group}/{sort}/{edge}/+" for sort in _SPARKPLUG_DEVICE]
        case [group, edge, device]:
            return [f"spBv1.0/{group}/{sort}/{edge}/{device}" for sort in _SPARKPLUG_DEVICE]
    return []


def _is_one_level(text: str) -> bool:
    """Whether it stands for itself in a topic: no wildcard, no further level."""
    return bool(text) and not set(text) & set("+#/\0")


def service_grants(service: str, prefix: str = "") -> Grants:
    """What a service of SERVICES may do. `prefix` is that of the log's topics, which the gateways' group carries, too.

    Network servers speak for the devices they serve, the simulator for all.
    """
    match service:
        case "gateway":
            read = (*UPLINK_FILTERS, *STATEFUL_FILTERS, "urbansense/#")
            shared = [Grant(Access.SUBSCRIBE_LITERAL, f"$share/{prefix}urbansense/{one}") for one in UPLINK_FILTERS]
            sent = [Grant(Access.SEND, one) for one in (_CLOCKS, _SLOTS, _REBIRTHS)]
            return frozenset([*shared, *_reading(read), *sent])
        case "simulator":
            sent = [Grant(Access.SEND, one) for one in (*UPLINK_FILTERS, *STATEFUL_FILTERS, _CLOCKS)]
            return frozenset([*sent, *_reading(one.format(group="+", edge="+") for one in _SPARKPLUG_HEARD)])
        case "chirpstack":
            return frozenset([Grant(Access.SEND, "application/+/device/+/event/+")])
        case "things-stack":
            return frozenset([Grant(Access.SEND, "v3/+/devices/+/#")])
    raise KeyError(service)
