"""How long a device may be silent before an event is due: what an operator demands, by kind and habit."""

from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS

_SELDOM_S: Final = {"manhole_cover": 1_800, "water_monitor": 900}
"""From which report interval on a device is one that reports seldom."""
_OFTEN_MS: Final = {
    "gateway": 10 * MINUTE_MS,
    "cabinet": 15 * MINUTE_MS,
    "streetlight": 30 * MINUTE_MS,
    "manhole_cover": 2 * HOUR_MS,
    "water_monitor": HOUR_MS,
}
_SELDOM_MS: Final = {"manhole_cover": 50 * HOUR_MS, "water_monitor": 13 * HOUR_MS}


def reports_seldom(device: Device) -> bool:
    """Whether it sleeps most of the time, so that its silence means little for long."""
    return device.report_interval_s > _SELDOM_S.get(device.kind, device.report_interval_s)


def silent_after_ms(device: Device) -> int:
    """The silence after which a device counts as offline."""
    if reports_seldom(device):
        return _SELDOM_MS[device.kind]
    return _OFTEN_MS[device.kind]
