"""The shipped cities: each can be drawn at any size, registered without a refused row, and spoken for in its dialects."""

import hashlib
import io
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from device_registry.bulk.importing import Options, import_file
from device_registry.records.geometry import read_polygons
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import Area
from domain.time.durations import parse_instant_ms
from simulators.behaviour import readings_of
from simulators.cities import city_names, load_city
from simulators.city import City
from simulators.city.devices_file import areas_json, devices_csv
from simulators.dialects import DialectName, dialect_of
from simulators.faults import FaultPlan
from simulators.faults.catalogue import FAULTS
from simulators.world.state import World

ROOT = Path(__file__).parents[3]
SHIPPED = city_names()
DREW = """
import hashlib
from simulators.cities import load_city
from simulators.city import map_geojson
from simulators.city.devices_file import areas_json, devices_csv
city = load_city("practice").city()
print(hashlib.sha256(devices_csv(city.devices).encode() + areas_json(city.areas) + map_geojson(city)).hexdigest())
"""


@pytest.fixture(scope="module")
def practice() -> City:
    return load_city("practice").city()


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("devices", [4, 40, 300, 3000])
def test_a_shipped_city_has_exactly_the_devices_asked_for(name: str, devices: int) -> None:
    found = load_city(name).city(devices=devices).devices
    assert len({device.device_id for device in found}) == len(found) == devices
    assert {"streetlight", "cabinet", "manhole_cover", "water_monitor"} <= {device.kind for device in found}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_city_knows_its_time_and_names_only_faults_that_there_are(name: str) -> None:
    city = load_city(name)
    assert ZoneInfo(city.place.timezone)
    assert set(city.faults.shares) <= set(FAULTS)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_row_of_a_shipped_city_is_taken_by_a_registry(name: str, tmp_path: Path) -> None:
    described = load_city(name)
    city = described.city(devices=1000)
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    areas = [Area(**area) for area in orjson.loads(areas_json(city.areas))]
    assert len(registry.upsert_areas(areas, now_ms=1).created) == len(city.areas)
    data = io.BytesIO(devices_csv(city.devices, described.owners).encode())
    with import_file(registry, data, Options(), now_ms=1) as done:
        assert list(done.errors()) == []
        assert done.created == 1000
    assert {entry.details.owner for entry in registry.list_entries(limit=1000).items} >= set(described.owners.values())


def test_the_registry_finds_the_devices_of_a_grid_by_its_boundary(practice: City, tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    with import_file(registry, io.BytesIO(devices_csv(practice.devices).encode()), Options(), now_ms=1) as done:
        assert done.created == 300
    grids = [area for area in practice.areas if area.level == "grid"]
    for grid in grids:
        assert grid.boundary is not None
        inside = registry.list_devices(DeviceFilter(place=read_polygons(grid.boundary)), limit=1000).items
        own = registry.list_devices(DeviceFilter(area=grid.path), limit=1000).items
        assert {device.device_id for device in inside} == {device.device_id for device in own}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_device_has_what_its_dialect_needs(name: str) -> None:
    city = load_city(name).city(devices=1000)
    kinds = {device.device_id: device.kind for device in city.devices}
    edges = {device.sparkplug for device in city.devices if device.kind == "gateway"}
    for device in city.devices:
        match dialect_of(device):
            case DialectName.CHIRPSTACK | DialectName.THINGS_STACK | DialectName.NATIVE_BATCH:
                assert kinds[device.parent_id or ""] in ("gateway", "cabinet")
            case DialectName.SPARKPLUG if device.kind != "gateway":
                assert (device.sparkplug or "").rpartition("/")[0] in edges
            case _:
                pass
    for identity in ("dev_eui", "mn", "sparkplug"):
        given = [value for device in city.devices if (value := getattr(device, identity)) is not None]
        assert len(set(given)) == len(given)


def test_a_shipped_city_speaks_what_its_file_says() -> None:
    described = load_city("zhangjiagang")
    spoken = Counter(map(dialect_of, described.city(devices=3000).devices))
    assert set(spoken) == set(DialectName)
    covers = [d for d in described.city(devices=3000).devices if d.kind == "manhole_cover"]
    for dialect, share in described.covers.dialects.items():
        assert sum(dialect_of(cover) is dialect for cover in covers) == pytest.approx(share * len(covers), abs=1)


def test_the_practice_city_has_every_attribute_that_a_rule_of_the_library_reads(practice: City) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules/library").glob("*.yaml"))
    read = set(re.findall(r"device\.([a-z_0-9]+)", text)) - {"profile", "report_interval_s"}
    assert read
    assert read <= {name for device in practice.devices for name in device.attributes}


def test_the_practice_city_tells_every_quantity_that_a_rule_of_the_library_reads(practice: City) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules/library").glob("*.yaml"))
    read = set(re.findall(r"reading\.([a-z_0-9]+)|of: ([a-z_0-9]+), over", text))
    world = World(practice, parse_instant_ms("2026-06-01T21:00:00+08:00"), FaultPlan(share=0))
    world.grow_until(world.start_ms + 3_600_000)
    told = {name for device in practice.devices for name in readings_of(device, world, world.start_ms) or ()}
    assert len(read) > 15
    assert {name for names in read for name in names if name} <= told


def test_the_practice_city_has_every_sort_of_device_that_is_graded(practice: City) -> None:
    monitors = Counter(
        (device.attributes["sort"], device.report_interval_s)
        for device in practice.devices
        if device.kind == "water_monitor"
    )
    assert {sort for sort, _ in monitors} == {"drain", "road", "rain", "quality"}
    assert monitors["quality", 600] >= 3
    assert monitors["quality", 14_400] >= 3
    covers = [device for device in practice.devices if device.kind == "manhole_cover"]
    assert sum(cover.attributes.get("gas_sensor") is True for cover in covers) >= 10
    assert {cover.attributes["cover_class"] for cover in covers if cover.attributes.get("gas_sensor")} == {"sewage"}
    assert {cover.report_interval_s for cover in covers} == {600, 14_400}
    assert all(device.attributes["door_contact"] for device in practice.devices if device.kind == "cabinet")
    assert len({device.kind for device in practice.devices}) == 5


def test_another_process_with_another_hash_seed_draws_the_same_bytes() -> None:
    drawn = {
        subprocess.run(
            [sys.executable, "-c", DREW],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(drawn) == 1
    assert re.fullmatch(rf"[0-9a-f]{{{2 * hashlib.sha256().digest_size}}}\n", drawn.pop())
