import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry.records.geometry import Circle, distance_m, read_polygons

_LON, _LAT = st.floats(-180, 180), st.floats(-89.9, 89.9)


def test_known_distances() -> None:
    assert distance_m((120.0, 31.0), (120.0, 32.0)) == pytest.approx(111_195, abs=1)
    assert distance_m((2.3522, 48.8566), (-0.1278, 51.5074)) == pytest.approx(343_560, rel=0.005)
    assert distance_m((0, 0), (180, 0)) == pytest.approx(20_015_115, abs=10)


@given(_LON, _LAT, st.floats(0.1, 1_000_000), _LON, _LAT)
def test_the_box_of_a_circle_leaves_nothing_of_it_out(
    lon: float, lat: float, radius_m: float, at_lon: float, at_lat: float
) -> None:
    circle = Circle(lon, lat, radius_m)
    if circle.holds(at_lon, at_lat):
        box = circle.box
        assert box.west <= at_lon <= box.east
        assert box.south <= at_lat <= box.north


@given(_LON, st.floats(-80, 80), st.floats(1, 100_000), st.floats(0, 0.999), st.booleans())
def test_what_is_a_little_nearer_than_the_radius_is_in_its_box(
    lon: float, lat: float, radius_m: float, part: float, eastward: bool
) -> None:
    circle = Circle(lon, lat, radius_m)
    step = radius_m * part / 111_195.0
    at = (lon + step, lat) if eastward else (lon, lat + step)
    if -180 <= at[0] <= 180:
        assert circle.holds(*at)
        assert circle.box.west <= at[0] <= circle.box.east
        assert circle.box.south <= at[1] <= circle.box.north


def _square(west: float, south: float, size: float) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


@given(st.floats(0, 10), st.floats(0, 10))
def test_a_square_with_a_hole_holds_what_is_between_them(lon: float, lat: float) -> None:
    polygons = read_polygons({"type": "Polygon", "coordinates": [_square(2, 2, 6), _square(4, 4, 2)]})
    edges = (2, 4, 6, 8)
    if lon not in edges and lat not in edges:
        inside = 2 < lon < 8 and 2 < lat < 8 and not (4 < lon < 6 and 4 < lat < 6)
        assert polygons.holds(lon, lat) is inside


def test_several_polygons_and_features_are_read() -> None:
    two = {"type": "MultiPolygon", "coordinates": [[_square(0, 0, 1)], [_square(5, 5, 1)]]}
    polygons = read_polygons({"type": "Feature", "properties": {}, "geometry": two})

    assert [polygons.holds(at, at) for at in (0.5, 3, 5.5)] == [True, False, True]
    assert (polygons.box.west, polygons.box.north) == (0, 6)


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ({}, "None is no GeoJSON"),
        ({"type": "Point", "coordinates": [0, 0]}, "'Point' is no GeoJSON"),
        ({"type": "Polygon"}, "list of rings"),
        ({"type": "Polygon", "coordinates": []}, "no ring"),
        ({"type": "MultiPolygon", "coordinates": []}, "no coordinates"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "the last equal to the first"),
        ({"type": "Polygon", "coordinates": [[[0, 0], ["a", 0], [1, 1], [0, 0]]]}, "in degrees"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [True], [1, 1], [0, 0]]]}, "in degrees"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [200, 95], [1, 1], [0, 0]]]}, "off the earth"),
        ({"type": "Polygon", "coordinates": [[[31, 120], [31, 121], [32, 121], [31, 120]]]}, "longitude first"),
    ],
)
def test_what_is_no_polygon_is_refused_with_the_reason(geometry: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        read_polygons(geometry)


@pytest.mark.parametrize("huge", [10**400, 1e300, float("inf"), float("nan")])
def test_a_number_that_no_degree_can_be_is_refused_and_not_stumbled_over(huge: float) -> None:
    with pytest.raises(ValueError, match="in degrees"):
        read_polygons({"type": "Polygon", "coordinates": [[[0, 0], [huge, 1], [1, 1], [0, 0]]]})
