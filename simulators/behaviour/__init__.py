"""What each kind of device measures at an instant: pure functions of device, seed, sky, time and fault."""

from simulators.behaviour.readings import readings_of

__all__ = ["readings_of"]
