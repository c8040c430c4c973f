"""Profiles every registry starts with: one for each kind, and a few real devices."""

from collections.abc import Sequence
from typing import Final

from domain.devices import DerivedReading, FieldMapping, Profile

_BATTERY: Final = FieldMapping("battery", "battery_level", "%")

_REAL_DEVICES: Final = (
    # Field names of the vendor's own decoders (Milesight-IoT/SensorDecoders), `threhold` as they spell it.
    Profile(
        name="milesight-em310-tilt",
        kind="manhole_cover",
        fields=(_BATTERY, *(FieldMapping(f"angle_{axis}", f"angle_{axis}", "deg") for axis in "xyz")),
        ignore=("threhold_x", "threhold_y", "threhold_z", "threshold_x", "threshold_y", "threshold_z"),
    ),
    # Device attribute `installed_height`: metres from the sensor down to the zero of the level.
    Profile(
        name="milesight-em400-mud",
        kind="water_monitor",
        fields=(
            _BATTERY,
            FieldMapping("temperature", "temperature", "Cel"),
            FieldMapping("distance", "distance", "mm"),
        ),
        ignore=("position", "distance_alarm"),
        derived=(DerivedReading("water_level", "device.installed_height - distance / 1000"),),
    ),
)


def built_in_profiles(kinds: Sequence[str]) -> tuple[Profile, ...]:
    """A profile of each kind's own name, which takes canonical quantities as they are, and the real devices of `kinds`."""
    plain = (Profile(name=kind, kind=kind) for kind in kinds)
    return (*plain, *(profile for profile in _REAL_DEVICES if profile.kind in kinds))
