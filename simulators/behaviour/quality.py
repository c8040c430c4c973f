"""Stations of water quality: a river that breathes by day, gets the town's water, and what rain washes off its roads."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from domain.devices import Device
from domain.telemetry import Reading
from domain.time.units import HOUR_MS
from simulators.faults.quality import DISCHARGE, foulness, strength
from simulators.noise.seeded import mixed, normal, uniform, wander
from simulators.world.state import World

_GREENEST_CEL: Final = 28.0


@dataclass(frozen=True, slots=True)
class _River:
    """What is usual at one station, in the canonical units; class II to III of GB 3838-2002.

    `saturation` is the share of the oxygen that the water could hold, `breathes` how far plants lift and sink it in a day.
    """

    saturation: float
    breathes: float
    ph: float
    conductivity: float
    turbidity: float
    cod_cr: float
    cod_mn: float
    nh3_n: float
    tp: float


@lru_cache(maxsize=1 << 15)
def _river(key: int) -> _River:
    dirt = uniform(key, 30)
    return _River(
        saturation=0.97 - 0.06 * dirt,
        breathes=uniform(key, 31, low=0.06, high=0.14),
        ph=uniform(key, 32, low=7.3, high=7.9),
        conductivity=uniform(key, 33, low=350, high=650),
        turbidity=uniform(key, 34, low=8, high=30),
        cod_cr=9 + 5 * dirt,
        cod_mn=2.2 + 1.4 * dirt,
        nh3_n=0.12 + 0.33 * dirt,
        tp=0.05 + 0.06 * dirt,
    )


def saturated_oxygen_mg_l(cel: float) -> float:
    """The oxygen that fresh water holds in equilibrium with air at 101.325 kPa, mg/L, for 0 to 40 degrees Celsius.

    Source: Benson and Krause 1984, as Standard Methods 4500-O gives it; its table has 14.62 at 0 and 9.09 at 20.
    """
    x = 1 / (cel + 273.15)
    return math.exp(-139.34411 + x * (1.575701e5 + x * (-6.642308e7 + x * (1.243800e10 - x * 8.621949e11))))


def quality_readings(station: Device, world: World, at_ms: int) -> dict[str, Reading]:
    """What a station of water quality measures, all of it in one report.

    Rain thins out the salt and brings dirt, most of it with its first millimetres. Oxygen is highest in the afternoon and
    lowest before sunrise; pH goes with it, since plants take carbon dioxide from the water.
    Resolution: as the probes have it, 0.01 for most.
    """
    key = world.key(station.device_id)
    usual, now = _river(key), world.conditions.at(at_ms)
    hour = world.sky.local_hour(at_ms)
    noise = mixed(key, at_ms, 35)
    slow = wander(key, at_ms, 5 * HOUR_MS, 8)
    light = math.cos(2 * math.pi * (hour - 15.5) / 24)
    green = usual.breathes * min(1.0, 0.35 + 0.65 * max(0.0, now.water_cel) / _GREENEST_CEL)
    town = 1 + 0.12 * math.cos(4 * math.pi * (hour - 9) / 24) + 0.05 * slow
    foul = _foul(station.device_id, world, at_ms)
    saturation = usual.saturation + green * light + 0.012 * slow - 0.06 * now.flush - 0.45 * foul
    thin = 1 - 0.35 * now.rainwater
    return {
        "water_temperature": round(now.water_cel + 0.4 * light + 0.03 * normal(noise, 1), 1),
        "dissolved_oxygen": round(saturated_oxygen_mg_l(now.water_cel) * saturation + 0.03 * normal(noise, 2), 2),
        "ph": round(usual.ph + 2 * green * light - 0.15 * now.rainwater - 0.4 * foul + 0.01 * normal(noise, 3), 2),
        "conductivity": round(usual.conductivity * (thin * town + 3 * foul) * (1 + 0.005 * normal(noise, 4)), 1),
        "turbidity": round(
            usual.turbidity * (1 + 0.15 * slow + 8 * now.flush + 2 * foul) * (1 + 0.04 * normal(noise, 5)), 1
        ),
        "cod_cr": round(max(0.0, (usual.cod_cr * town + 7 * now.flush + 240 * foul) + 0.5 * normal(noise, 6)), 1),
        "cod_mn": round(max(0.0, (usual.cod_mn * town + 0.8 * now.flush + 40 * foul) + 0.05 * normal(noise, 7)), 2),
        "nh3_n": round(max(0.0, (usual.nh3_n * town + 0.2 * now.flush + 8 * foul) + 0.01 * normal(noise, 8)), 2),
        "tp": round(max(0.0, (usual.tp * town + 0.04 * now.flush + 0.8 * foul) + 0.002 * normal(noise, 9)), 3),
    }


def _foul(device_id: str, world: World, at_ms: int) -> float:
    """The strength of a discharge in the water at this instant, 0 to 1."""
    fault = world.fault(device_id, DISCHARGE, at_ms)
    return 0.0 if fault is None else strength(fault) * foulness(fault, at_ms)
