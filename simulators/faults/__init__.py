"""What goes wrong in a simulated city."""

from simulators.faults.book import FaultBook
from simulators.faults.fault import Fault
from simulators.faults.plan import FaultPlan
from simulators.faults.spec import FaultSpec, Layer

__all__ = ["Fault", "FaultBook", "FaultPlan", "FaultSpec", "Layer"]
