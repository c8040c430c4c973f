"""Radio links: weaker with distance, under iron, in rain and with the years; a weak one loses a message now and then."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import HOUR_MS
from simulators.noise.seeded import mixed, normal, uniform, wander
from simulators.world.state import World

_YEAR_MS: Final = 365 * 24 * HOUR_MS
_METRES_PER_DEGREE: Final = 111_320.0
_AT_1_M_DBM: Final = -35.0
_DB_PER_DECADE: Final = 25.0
_UNDER_IRON_DB: Final = 5.0
_NOISE_FLOOR_DBM: Final = -117.0
_BEST_SNR_DB, _WORST_SNR_DB = 10.0, -20.0
_AGES_DB: Final = 8.0
_ALWAYS_LOST, _LOST_AT_WORST = 0.0005, 0.06
_HALF_LOST_SNR_DB: Final = -14.0


_Spot = tuple[float | None, float | None]
"""Longitude and latitude."""


class Link(NamedTuple):
    """How a message of that instant is received, `rssi_dbm` and `snr_db`, and whether it is received at all."""

    rssi_dbm: float
    snr_db: float
    lost: bool


@dataclass(frozen=True, slots=True)
class _Aerial:
    rssi_dbm: float
    ages_years: float
    offset: float


def link_of(device: Device, world: World, at_ms: int, wet: float) -> Link:
    """The link of a battery sensor; `wet`, 0 to 1, is how much rain stands in its way.

    Source: log-distance path loss, 25 dB a decade; LoRa at 125 kHz, demodulated down to -20 dB [mem].
    """
    key = world.key(device.device_id)
    gateway = None if device.parent_id is None else world.device(device.parent_id)
    received_by = None if gateway is None or gateway.kind != "gateway" else (gateway.lon, gateway.lat)
    aerial = _aerial(key, device.kind, (device.lon, device.lat), received_by)
    noise = mixed(key, at_ms, 93)
    aged = (at_ms / (_YEAR_MS * aerial.ages_years) + aerial.offset) % 1.0
    rssi_dbm = aerial.rssi_dbm - _AGES_DB * aged - 2 * wet + 2 * wander(key, at_ms, 6 * HOUR_MS, 24) + normal(noise, 92)
    snr_db = min(_BEST_SNR_DB, max(_WORST_SNR_DB, rssi_dbm - _NOISE_FLOOR_DBM))
    lost = _ALWAYS_LOST + _LOST_AT_WORST / (1 + math.exp((snr_db - _HALF_LOST_SNR_DB) / 1.5))
    return Link(float(round(rssi_dbm)), round(4 * snr_db) / 4, (noise & 0xFFFFFF) / (1 << 24) < lost)


def gateway_readings(gateway: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a gateway reports of itself: its mobile uplink, whether it has mains, and the warmth of its box."""
    key = world.key(gateway.device_id)
    rssi_dbm = uniform(key, 98, low=-95, high=-65) + 2 * wander(key, at_ms, 6 * HOUR_MS, 24) + normal(key, at_ms, 92)
    warmth_cel = world.conditions.at(at_ms).air_cel + uniform(key, 99, low=4, high=9) + 0.3 * normal(key, at_ms, 100)
    return {"rssi": float(round(rssi_dbm)), "mains_present": True, "temperature": round(warmth_cel, 1)}


@lru_cache(maxsize=1 << 17)
def _aerial(key: int, kind: str, spot: _Spot, received_by: _Spot | None) -> _Aerial:
    """By the distance to its gateway; without one in the registry it is 60 m to 1.2 km from one of the operator's."""
    away_m = 60 * math.pow(20, uniform(key, 94)) if received_by is None else _metres_between(spot, received_by)
    rssi_dbm = _AT_1_M_DBM - _DB_PER_DECADE * math.log10(max(10.0, away_m)) + 2.5 * normal(key, 95)
    if kind == "manhole_cover":
        rssi_dbm -= _UNDER_IRON_DB
    return _Aerial(rssi_dbm, uniform(key, 96, low=6, high=10), uniform(key, 97))


def _metres_between(a: _Spot, b: _Spot) -> float:
    (a_lon, a_lat), (b_lon, b_lat) = ((lon or 0.0, lat or 0.0) for lon, lat in (a, b))
    return _METRES_PER_DEGREE * math.hypot((b_lon - a_lon) * math.cos(math.radians(a_lat)), b_lat - a_lat)
