"""Drains below a simulated city, and the water in them by EPA SWMM."""

from simulators.drainage.laying import lay_drains
from simulators.drainage.net import Drain, DrainNet, Manhole, Outfall, Pipe
from simulators.drainage.water import Blockage, Drainage

__all__ = ["Blockage", "Drain", "DrainNet", "Drainage", "Manhole", "Outfall", "Pipe", "lay_drains"]
