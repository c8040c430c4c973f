"""Where everything in a city stands: streets that meet, devices beside them, areas around them."""

import math
from collections import Counter, defaultdict
from itertools import pairwise

import orjson
import pytest

from device_registry.records.geometry import read_polygons
from domain.devices import Device
from simulators.cities import load_city
from simulators.city import City, build_city, map_geojson
from simulators.drainage import lay_drains
from simulators.ground.streets import Grade, Point, Street, StreetPattern, lay_streets

GAPPED = StreetPattern(gaps=0.4, bend_m=80)


@pytest.fixture(scope="module", params=["zhangjiagang", "quito"])
def city(request: pytest.FixtureRequest) -> City:
    return load_city(request.param).city(seed=3, devices=3000)


def metres_apart(a: Device, b: Device) -> float:
    (a_lon, a_lat), (b_lon, b_lat) = ((device.lon or 0.0, device.lat or 0.0) for device in (a, b))
    return math.hypot((a_lon - b_lon) * 111_320 * math.cos(math.radians(a_lat)), (a_lat - b_lat) * 111_320)


def off_the_street(city: City, device: Device, street: Street) -> float:
    """Metres from a device to the axis of a street, by its corners and the points a quarter of the way between."""
    points = [
        Device("x", "x", "x", lon=lon, lat=lat)
        for a, b in pairwise(street.line)
        for step in range(8)
        for lon, lat in [city.place.lon_lat(a[0] + step / 8 * (b[0] - a[0]), a[1] + step / 8 * (b[1] - a[1]))]
    ]
    return min(metres_apart(device, point) for point in points)


def of_kind(city: City, kind: str) -> list[Device]:
    return [device for device in city.devices if device.kind == kind]


@pytest.mark.parametrize("seed", range(5))
def test_streets_meet_at_their_junctions_to_the_millimetre(seed: int) -> None:
    plan = lay_streets(seed, 9, 8, GAPPED)
    known = set(plan.junctions)
    for street in plan.streets:
        assert set(street.spots) <= known
        for (a, b), block in zip(pairwise(street.spots), street.blocks, strict=True):
            assert math.dist(block[0], (a.east_m, a.north_m)) < 0.001
            assert math.dist(block[-1], (b.east_m, b.north_m)) < 0.001


@pytest.mark.parametrize("seed", range(5))
def test_every_junction_can_be_reached_though_streets_have_gaps(seed: int) -> None:
    plan = lay_streets(seed, 14, 11, GAPPED)
    next_to = defaultdict(set)
    for street in plan.streets:
        for a, b in pairwise(street.spots):
            next_to[a].add(b)
            next_to[b].add(a)
    assert sum(len(others) for others in next_to.values()) / 2 < 14 * 10 + 11 * 13
    reached, todo = set(), [plan.junctions[0]]
    while todo:
        if (spot := todo.pop()) not in reached:
            reached.add(spot)
            todo += next_to[spot]
    assert reached == set(plan.junctions)


def test_no_block_is_much_shorter_or_longer_than_the_pattern_says() -> None:
    for seed in range(5):
        for street in lay_streets(seed, 12, 12, StreetPattern(bend_m=200)).streets:
            for block in street.blocks:
                assert 150 < sum(math.dist(a, b) for a, b in pairwise(block)) < 340


def test_avenues_run_through_and_their_names_are_their_own() -> None:
    plan = lay_streets(1, 12, 12, GAPPED)
    avenues = [street for street in plan.streets if street.grade is Grade.AVENUE]
    assert len(avenues) == 6
    assert {len(street.spots) for street in avenues} == {12}
    assert len({street.name for street in plan.streets}) == len({s.name_zh for s in plan.streets}) == len(plan.streets)


def test_a_name_that_comes_again_carries_a_number() -> None:
    names = [street.name_zh for street in lay_streets(1, 40, 40).streets]
    assert {"人民路", "人民二路", "人民三路"} <= set(names)


def test_no_two_devices_stand_at_one_place(city: City) -> None:
    places = Counter((device.lon, device.lat) for device in city.devices)
    assert places.most_common(1)[0][1] == 1


def test_lamps_stand_about_as_far_apart_as_the_file_says_and_beside_their_street(city: City) -> None:
    streets = {street.name: street for street in city.plan.streets}
    lamps = of_kind(city, "streetlight")
    gaps = [metres_apart(a, b) for a, b in pairwise(lamps) if a.name.rpartition(" ")[0] == b.name.rpartition(" ")[0]]
    assert len(gaps) > 0.8 * len(lamps)
    assert all(20 < gap < 46 for gap in gaps)
    spacing_m = city.blueprint.lamps.spacing_m
    along = [math.sqrt(max(0.0, gap**2 - 14**2)) for gap in gaps]
    assert sum(along) / len(along) == pytest.approx(spacing_m, rel=0.1)
    for lamp in lamps[::25]:
        street = streets[lamp.name.rpartition(" lamp")[0]]
        assert 3 < off_the_street(city, lamp, street) < 12


def test_a_cabinet_stands_amid_its_lamps_and_names_their_feeders(city: City) -> None:
    cabinets = {device.device_id: device for device in of_kind(city, "cabinet")}
    fed = defaultdict(list)
    for lamp in of_kind(city, "streetlight"):
        fed[lamp.parent_id].append(lamp)
    assert set(fed) == set(cabinets)
    for cabinet_id, lamps in fed.items():
        cabinet = cabinets[cabinet_id or ""]
        assert sorted(metres_apart(cabinet, lamp) for lamp in lamps)[len(lamps) // 2] < 900
        assert cabinet.attributes["lamps"] == len(lamps)
        assert cabinet.attributes["nominal_power"] == sum(float(lamp.attributes["nominal_power"]) for lamp in lamps)
        assert len({lamp.attributes["feeder"] for lamp in lamps}) == cabinet.attributes["feeders"]


def test_broader_streets_have_stronger_and_higher_lamps(city: City) -> None:
    watts = defaultdict(set)
    for lamp in of_kind(city, "streetlight"):
        watts[lamp.attributes["street_class"]].add(
            (lamp.attributes["nominal_power"], lamp.attributes["lantern_height_m"])
        )
    assert min(watts["avenue"]) > max(watts["street"]) > max(watts["lane"])


def test_covers_over_drains_lie_on_their_manholes_and_are_as_deep(city: City) -> None:
    drains = lay_drains(city.seed, city.plan)
    on_drains = [cover for cover in of_kind(city, "manhole_cover") if "manhole" in cover.attributes]
    assert {cover.attributes["cover_class"] for cover in on_drains} <= {"storm", "sewage"}
    assert len(on_drains) > 100
    for cover in on_drains:
        manhole = drains.manhole(str(cover.attributes["manhole"]))
        assert manhole.drain.value == cover.attributes["cover_class"]
        assert cover.attributes["well_depth_m"] == manhole.depth_m
        lon, lat = city.place.lon_lat(manhole.spot.east_m, manhole.spot.north_m)
        assert metres_apart(cover, Device("x", "x", "x", lon=lon, lat=lat)) < 12


def test_wells_on_no_drain_are_as_deep_as_the_file_says(city: City) -> None:
    for cover in of_kind(city, "manhole_cover"):
        if "manhole" not in cover.attributes:
            well = city.blueprint.covers.wells[cover.attributes["cover_class"]]  # type: ignore[index]
            assert well.depth_m[0] <= float(cover.attributes["well_depth_m"]) <= well.depth_m[1]


def test_drain_monitors_know_the_flow_of_their_manhole(city: City) -> None:
    drains = lay_drains(city.seed, city.plan)
    monitors = [device for device in of_kind(city, "water_monitor") if device.attributes["sort"] == "drain"]
    assert {monitor.attributes["drain"] for monitor in monitors} == {"storm", "sewage"}
    for monitor in monitors:
        manhole = drains.manhole(str(monitor.attributes["manhole"]))
        assert monitor.attributes["mean_flow_m3_h"] == manhole.mean_flow_m3_h
        assert 0 < float(monitor.attributes["alert_level_m"]) < manhole.depth_m


def test_quality_stations_stand_on_the_river_s_bank_until_it_is_full() -> None:
    city = load_city("zhangjiagang").city(seed=3, devices=3000)
    stations = [device for device in of_kind(city, "water_monitor") if device.attributes["sort"] == "quality"]
    on_river = [station for station in stations if station.attributes["water_body"] == "river"]
    river = Street("river", "河", Grade.LANE, (), (city.plan.river,))
    assert 3 <= len(on_river) < len(stations)
    assert all(15 < off_the_street(city, station, river) < 30 for station in on_river)


def test_every_device_stands_inside_every_area_that_it_names(city: City) -> None:
    inside = {area.path: read_polygons(area.boundary or {}) for area in city.areas}
    for device in city.devices:
        assert device.area is not None
        assert device.grid == device.area.replace("/", "")
        codes = device.area.split("/")
        for depth in range(1, 5):
            assert inside["/".join(codes[:depth])].holds(device.lon or 0.0, device.lat or 0.0), (device, depth)


def test_no_device_stands_in_two_grids(city: City) -> None:
    grids = [read_polygons(area.boundary or {}) for area in city.areas if area.level == "grid"]
    for device in city.devices[::7]:
        assert sum(grid.holds(device.lon or 0.0, device.lat or 0.0) for grid in grids) == 1


def test_areas_are_a_tree_of_four_levels_with_names_in_two_languages(city: City) -> None:
    assert [area.level for area in city.areas] == sorted(
        (area.level for area in city.areas), key=("city", "street", "community", "grid").index
    )
    known: set[str] = set()
    for area in city.areas:
        assert "/" not in area.path or area.path.rpartition("/")[0] in known
        known.add(area.path)
        assert area.name
        assert area.names
    ring: list[Point] = (city.areas[0].boundary or {})["coordinates"][0]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0, "outer rings run counter-clockwise"


def test_gateways_stand_near_the_covers_they_hear() -> None:
    city = load_city("zhangjiagang").city(devices=20_000)
    gateways = {device.device_id: device for device in of_kind(city, "gateway")}
    heard = defaultdict(list)
    for cover in of_kind(city, "manhole_cover"):
        if cover.parent_id is not None:
            heard[cover.parent_id].append(metres_apart(cover, gateways[cover.parent_id]))
    assert sum(map(len, heard.values())) > 500
    for metres in heard.values():
        assert len(metres) <= city.blueprint.gateways.covers_each
        assert max(metres) < 4500


def test_the_map_shows_every_area_street_and_device() -> None:
    city = build_city(3, 60)
    shown = orjson.loads(map_geojson(city))["features"]
    layers = Counter(feature["properties"]["layer"] for feature in shown)
    assert layers == {"area": len(city.areas), "street": len(city.plan.streets), "device": 60}
    for feature in shown:
        if feature["properties"]["layer"] == "street":
            assert len(feature["geometry"]["coordinates"]) >= 5
