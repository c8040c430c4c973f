"""The generated city: its mix, its identity by seed, its geography, and the devices file."""

import csv
import io
import math
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import orjson
import pytest

from domain.devices import DEVICE_ID, Device
from simulators.city import City, build_city
from simulators.city.devices_file import COLUMNS, devices_csv
from simulators.ground.place import ZHANGJIAGANG, Place


@pytest.fixture(scope="module")
def city() -> City:
    return build_city(seed=7, devices=300)


def metres_apart(a: Device, b: Device) -> float:
    (a_lon, a_lat), (b_lon, b_lat) = ((device.lon or 0.0, device.lat or 0.0) for device in (a, b))
    return math.hypot((a_lon - b_lon) * 111_320 * math.cos(math.radians(a_lat)), (a_lat - b_lat) * 111_320)


def test_same_seed_same_bytes(city: City) -> None:
    assert devices_csv(build_city(7, 300).devices) == devices_csv(city.devices)


def test_another_seed_is_another_city(city: City) -> None:
    assert devices_csv(build_city(8, 300).devices) != devices_csv(city.devices)


@pytest.mark.parametrize("devices", [4, 5, 17, 300, 3000])
def test_a_city_has_exactly_the_devices_asked_for_and_every_kind(devices: int) -> None:
    found = build_city(1, devices).devices
    assert len({device.device_id for device in found}) == len({device.component_code for device in found}) == devices
    assert {device.kind for device in found} == {"streetlight", "manhole_cover", "water_monitor", "cabinet"}


def test_a_city_too_small_for_every_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        build_city(1, 3)


def test_the_mix_is_80_12_5_3(city: City) -> None:
    kinds = Counter(device.kind for device in city.devices)
    assert kinds == {"streetlight": 240, "manhole_cover": 36, "water_monitor": 15, "cabinet": 9}


def test_lamps_stand_about_30_m_apart_along_their_street(city: City) -> None:
    lamps = [device for device in city.devices if device.kind == "streetlight"]
    neighbours = [metres_apart(a, b) for a, b in pairwise(lamps) if a.attributes["street"] == b.attributes["street"]]
    assert len(neighbours) > 200
    assert all(22 < distance_m < 45 for distance_m in neighbours)


def test_every_lamp_hangs_on_a_cabinet_nearby_that_stands_before_it(city: City) -> None:
    place_of = {device.device_id: number for number, device in enumerate(city.devices)}
    fed: Counter[str] = Counter()
    for number, lamp in enumerate(city.devices):
        if lamp.kind == "streetlight":
            assert lamp.parent_id is not None
            assert place_of[lamp.parent_id] < number
            assert metres_apart(lamp, city.devices[place_of[lamp.parent_id]]) < 900
            fed[lamp.parent_id] += 1
    cabinets = [device for device in city.devices if device.kind == "cabinet"]
    assert fed == {cabinet.device_id: cabinet.attributes["lamps"] for cabinet in cabinets}


def test_sewers_and_storm_drains_lie_at_junctions_and_other_wells_along_the_streets(city: City) -> None:
    junctions = [spot_of(city, (spot.east_m, spot.north_m)) for spot in city.plan.junctions]
    for cover in (device for device in city.devices if device.kind == "manhole_cover"):
        at_a_junction = min(metres_apart(cover, spot) for spot in junctions) < 10
        assert at_a_junction is (cover.attributes["cover_class"] in ("sewage", "storm"))
        assert 0.5 < float(cover.attributes["well_depth_m"]) < 5


def spot_of(city: City, point: tuple[float, float]) -> Device:
    lon, lat = city.place.lon_lat(*point)
    return Device("spot", "cabinet", "cabinet", lon=lon, lat=lat)


def test_codes_follow_the_standard(city: City) -> None:
    for device in city.devices:
        assert DEVICE_ID.match(device.device_id)
        assert re.fullmatch(r"320582(0118|0116|0101|0102|0103|0106|0601)\d{6}", device.component_code or "")
        assert re.fullmatch(r"320582/\d{3}/\d{3}/\d{3}", device.area or "")
    assert city.devices[0].area is not None
    assert "320582/110/152/102" in {device.area for device in city.devices}


def test_a_city_lies_where_it_is_told() -> None:
    elsewhere = build_city(7, 50, Place(lon=11.0, lat=46.0, timezone="Europe/Rome", division="110101"))
    for device in elsewhere.devices:
        assert device.lon == pytest.approx(11.0, abs=0.02)
        assert device.lat == pytest.approx(46.0, abs=0.02)
        assert device.device_id[3:9] == "110101"
    assert ZHANGJIAGANG.lon_lat(0, 0) == (120.55, 31.87)


def test_the_devices_file_reads_back_as_the_devices(city: City) -> None:
    rows = list(csv.DictReader(io.StringIO(devices_csv(city.devices))))
    assert tuple(rows[0]) == COLUMNS
    for row, device in zip(rows, city.devices, strict=True):
        attributes = orjson.loads(row.pop("attributes"))
        assert row.pop("owner") == ""
        numbers = {"lon": float(row["lon"]), "lat": float(row["lat"])}
        texts: dict[str, Any] = {key: value or None for key, value in row.items()}
        again = Device(
            **{**texts, **numbers, "report_interval_s": int(row["report_interval_s"])}, attributes=attributes
        )
        assert again == device
