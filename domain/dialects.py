"""The dialects that devices report in: their topics, the identity they go by, and what a device may send and receive.

A further dialect is one value here, its readers in a folder of `ingest.dialects`, and one line in the register there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.devices import Device
from domain.identities import DEV_EUI, MN, OWN_ID, SPARKPLUG_PATH, IdentityScheme


class DeviceTopics(NamedTuple):
    """The topics of one device: what it publishes, and what it subscribes to."""

    sends: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()


def _no_topics(device: Device) -> DeviceTopics:
    return DeviceTopics()


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One dialect. `name` is also what telemetry names as its codec, but for the forms of the city's own dialect.

    `filters` are what a gateway subscribes to. The messages of a stateful dialect are read with those before them, so
    slot 0 takes it whole: a share would lose the thread. `topics_of` are a device's own topics, none where its network
    server publishes for it. `received` are the filters of what devices are sent, `requests` those of what a gateway may
    publish to them.
    """

    name: str
    filters: tuple[str, ...]
    scheme: IdentityScheme
    is_stateful: bool = False
    topics_of: Callable[[Device], DeviceTopics] = _no_topics
    received: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The first levels of its topics."""
        return tuple(one.partition("/")[0] for one in self.filters)


def _is_one_level(text: str) -> bool:
    """Whether it stands for itself in a topic: no wildcard, no further level."""
    return bool(text) and not set(text) & set("+#/\0")


def _city_topics(device: Device) -> DeviceTopics:
    return DeviceTopics((f"city/+/{device.kind}/{device.device_id}/up",))


def gateway_topic(device_id: str) -> str:
    """Where a device publishes the reports of its children, and its own."""
    return f"city-gateway/{device_id}/up"


def _station_topics(device: Device) -> DeviceTopics:
    mn = device.mn or ""
    return DeviceTopics((f"hj212/{mn}/up",) if _is_one_level(mn) else ())


_NODE_SORTS: Final = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_SORTS: Final = ("DBIRTH", "DDATA", "DDEATH")
_TO_NODES: Final = ("spBv1.0/{group}/NCMD/{edge}/#", "spBv1.0/{group}/DCMD/{edge}/#", "spBv1.0/STATE/+")
"""Commands to an edge node and its devices, and which hosts are there."""


def _sparkplug_topics(device: Device) -> DeviceTopics:
    """An edge node's own topics, those of the devices behind it and the commands to it; or those of one such device."""
    levels = (device.sparkplug or "").split("/")
    if not all(map(_is_one_level, levels)):
        return DeviceTopics()
    match levels:
        case [group, edge]:
            own = [f"spBv1.0/{group}/{sort}/{edge}" for sort in _NODE_SORTS]
            behind = [f"spBv1.0/{group}/{sort}/{edge}/+" for sort in _DEVICE_SORTS]
            return DeviceTopics((*own, *behind), tuple(one.format(group=group, edge=edge) for one in _TO_NODES))
        case [group, edge, name]:
            return DeviceTopics(tuple(f"spBv1.0/{group}/{sort}/{edge}/{name}" for sort in _DEVICE_SORTS))
    return DeviceTopics()


CITY: Final = Dialect("city", ("city/+/+/+/up", "city-gateway/+/up"), OWN_ID, topics_of=_city_topics)
"""Native JSON, and SenML by its media type."""
CHIRPSTACK: Final = Dialect("chirpstack", ("application/+/device/+/event/up",), DEV_EUI)
THINGS_STACK: Final = Dialect("things-stack", ("v3/+/devices/+/up",), DEV_EUI)
SPARKPLUG: Final = Dialect(
    "sparkplug", ("spBv1.0/#",), SPARKPLUG_PATH, is_stateful=True, topics_of=_sparkplug_topics,
    received=tuple(one.format(group="+", edge="+") for one in _TO_NODES), requests=("spBv1.0/+/NCMD/+",),
)  # fmt: skip
HJ212: Final = Dialect("hj212", ("hj212/+/up",), MN, is_stateful=True, topics_of=_station_topics)

DIALECTS: Final = (CITY, CHIRPSTACK, THINGS_STACK, SPARKPLUG, HJ212)

UPLINK_FILTERS: Final = tuple(one for dialect in DIALECTS if not dialect.is_stateful for one in dialect.filters)
"""The stateless dialects; every gateway slot takes its share of them."""
STATEFUL_FILTERS: Final = tuple(one for dialect in DIALECTS if dialect.is_stateful for one in dialect.filters)
"""The stateful dialects, which slot 0 takes."""
STATEFUL_ROOTS: Final = tuple(f"{root}/" for dialect in DIALECTS if dialect.is_stateful for root in dialect.roots)
"""What the topics under STATEFUL_FILTERS begin with."""
