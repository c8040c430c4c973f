"""Every kind of fault that a simulated city knows."""

from typing import Final

from simulators.faults.cabinets import CABINET_FAULTS
from simulators.faults.covers import COVER_FAULTS
from simulators.faults.gas import GAS_FAULTS
from simulators.faults.lamps import LAMP_FAULTS
from simulators.faults.links import LINK_FAULTS
from simulators.faults.quality import QUALITY_FAULTS
from simulators.faults.sensors import SENSOR_FAULTS
from simulators.faults.spec import FaultSpec
from simulators.faults.transport import TRANSPORT_FAULTS
from simulators.faults.water import WATER_FAULTS

FAULTS: Final[dict[str, FaultSpec]] = {
    spec.kind: spec
    for spec in (
        *CABINET_FAULTS,
        *LINK_FAULTS,
        *WATER_FAULTS,
        *LAMP_FAULTS,
        *COVER_FAULTS,
        *GAS_FAULTS,
        *QUALITY_FAULTS,
        *SENSOR_FAULTS,
        *TRANSPORT_FAULTS,
    )
}
"""By kind, in the order in which they are drawn: those that touch many devices first."""
