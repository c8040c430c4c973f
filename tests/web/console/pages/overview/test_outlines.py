"""Outlines of areas."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.web.city import lamp
from web.console.pages.overview.outlines import MOST_AREAS, Point, area_outlines, convex_hull

points = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=40)


def turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@given(points)
def test_a_hull_turns_left_at_every_corner_and_holds_every_point(cloud: list[tuple[int, int]]) -> None:
    hull = convex_hull(cloud)
    assert set(hull) <= set(cloud)
    if len(hull) < 3:
        return
    edges = list(zip(hull, hull[1:] + hull[:1], strict=True))
    assert all(turn(a, b, c) > 0 for (a, b), (_, c) in zip(edges, edges[1:] + edges[:1], strict=True))
    assert all(turn(a, b, point) >= 0 for a, b in edges for point in cloud)


def test_the_corners_of_a_square_are_its_hull() -> None:
    assert convex_hull([(0, 0), (1, 1), (2, 2), (0, 2), (2, 0), (1, 0)]) == ((0, 0), (2, 0), (2, 2), (0, 2))


def test_each_area_is_outlined_around_its_own_devices() -> None:
    devices = [lamp(i, area="c/1") for i in range(50)] + [lamp(i, area="c/2") for i in range(50, 100)]
    first, second = area_outlines(devices)
    assert (first.path, second.path) == ("c/1", "c/2")
    assert max(lat for lat, _ in first.ring) < min(lat for lat, _ in second.ring)


def test_too_many_areas_are_joined_at_the_level_above() -> None:
    devices = [lamp(i, area=f"c/{i % 3}/{i % (MOST_AREAS * 3)}") for i in range(MOST_AREAS * 9)]
    assert [outline.path for outline in area_outlines(devices)] == ["c/0", "c/1", "c/2"]


def test_devices_without_a_place_or_area_have_no_outline() -> None:
    assert area_outlines([replace(lamp(i), lat=None) for i in range(9)]) == []
    assert area_outlines([replace(lamp(i), area=None) for i in range(9)]) == []
    assert area_outlines([lamp(0), lamp(1)]) == []
