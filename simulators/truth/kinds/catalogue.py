"""The label of every kind of fault that a simulated city knows."""

from collections.abc import Callable, Mapping
from typing import Final

from simulators.faults.fault import Fault
from simulators.truth.kinds.cabinets import CABINET_LABELS
from simulators.truth.kinds.covers import COVER_LABELS
from simulators.truth.kinds.gas import GAS_LABELS
from simulators.truth.kinds.lamps import LAMP_LABELS
from simulators.truth.kinds.links import LINK_LABELS
from simulators.truth.kinds.pipes import WATER_LABELS
from simulators.truth.kinds.quality import QUALITY_LABELS
from simulators.truth.kinds.sensors import SENSOR_LABELS
from simulators.truth.kinds.transport import TRANSPORT_LABELS
from simulators.truth.labels import Label
from simulators.world.state import World

LABELS: Final[Mapping[str, Callable[[Fault, World], Label]]] = {
    **CABINET_LABELS,
    **COVER_LABELS,
    **GAS_LABELS,
    **LAMP_LABELS,
    **LINK_LABELS,
    **QUALITY_LABELS,
    **SENSOR_LABELS,
    **TRANSPORT_LABELS,
    **WATER_LABELS,
}
