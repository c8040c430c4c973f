"""What each holder may do at the broker: a device publishes on its own topics, a service on those of its work.

Nobody receives another's reports but the gateways. A device whose dialect has it answer requests receives those to it.

Mosquitto 2.0 takes `%u` and `%c` in dynamic security's access lists literally (checked on 2.0.11), so every device has a
role of its own, with its id written out.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from domain.devices import Device
from domain.dialects import DIALECTS, STATEFUL_FILTERS, UPLINK_FILTERS, gateway_topic
from domain.mqtt import CLOCK_TOPIC, SIMULATED_CLOCK_TOPIC


class Access(StrEnum):
    """The sorts of access that dynamic security distinguishes and that are granted here."""

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

CHANGING_CLIENT_IDS: Final = ("gateway", "simulator")
"""Those whose client id is secret, or another at every start: their accounts cannot be bound to one."""

_CLOCKS: Final = CLOCK_TOPIC.format(slot="+")
_SLOTS: Final = "urbansense/slot/+"
"""Where a gateway claims its slot."""


def device_grants(device: Device, *, publishes_for_others: bool) -> Grants:
    """Where the device may publish: on its own topics and nowhere else; and what it may subscribe to, mostly nothing.

    `publishes_for_others` where devices of its kind have children: then on its gateway topic too, where the platform takes
    its own reports and those of its children only.
    """
    topics = [dialect.topics_of(device) for dialect in DIALECTS]
    sends = [one for of_dialect in topics for one in of_dialect.sends]
    if publishes_for_others:
        sends.append(gateway_topic(device.device_id))
    receives = _reading(one for of_dialect in topics for one in of_dialect.receives)
    return frozenset(Grant(Access.SEND, one) for one in sends) | receives


def _reading(topics: Iterable[str]) -> Grants:
    return frozenset(Grant(access, one) for one in topics for access in (Access.RECEIVE, Access.SUBSCRIBE))


def service_grants(service: str, prefix: str = "") -> Grants:
    """What a service of SERVICES may do. `prefix` is that of the log's topics, which the gateways' group carries, too.

    Network servers publish for the devices they serve, the simulator for all.
    """
    match service:
        case "gateway":
            requests = [one for dialect in DIALECTS for one in dialect.requests]
            read = (*UPLINK_FILTERS, *STATEFUL_FILTERS, "urbansense/#")
            shared = [Grant(Access.SUBSCRIBE_LITERAL, f"$share/{prefix}urbansense/{one}") for one in UPLINK_FILTERS]
            sent = [Grant(Access.SEND, one) for one in (_CLOCKS, _SLOTS, *requests)]
            return frozenset([*shared, *_reading(read), *sent])
        case "simulator":
            sent = [Grant(Access.SEND, one) for one in (*UPLINK_FILTERS, *STATEFUL_FILTERS, SIMULATED_CLOCK_TOPIC)]
            return frozenset([*sent, *_reading(one for dialect in DIALECTS for one in dialect.received)])
        case "chirpstack":
            return frozenset([Grant(Access.SEND, "application/+/device/+/event/+")])
        case "things-stack":
            return frozenset([Grant(Access.SEND, "v3/+/devices/+/#")])
    raise KeyError(service)
