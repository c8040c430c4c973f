import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry.bulk.datums import from_wgs84, shifts, to_wgs84
from device_registry.records.entries import Datum

_MAINLAND = st.tuples(st.floats(73.6, 135.0), st.floats(18.2, 53.5))
_ANYWHERE = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
_SHIFTING = st.sampled_from([Datum.GCJ02, Datum.BD09])


@pytest.mark.parametrize(
    ("datum", "expected"),
    [
        # wandergis/coordtransform, test/app.js: wgs84togcj02, then gcj02tobd09 of it by the same formulas.
        (Datum.GCJ02, (116.41024449916938, 39.91640428150164)),
        (Datum.WGS84, (116.404, 39.915)),
        (Datum.CGCS2000, (116.404, 39.915)),
    ],
)
def test_the_published_example_is_met(datum: Datum, expected: tuple[float, float]) -> None:
    assert from_wgs84(116.404, 39.915, datum) == pytest.approx(expected, abs=1e-12)


def test_bd09_shifts_gcj02_as_published() -> None:
    """wandergis/coordtransform, test/app.js: gcj02tobd09(116.404, 39.915)."""
    wgs84 = to_wgs84(116.404, 39.915, Datum.GCJ02)

    assert from_wgs84(*wgs84, Datum.BD09) == pytest.approx((116.41036949371029, 39.92133699351021), abs=2e-8)


@given(_MAINLAND, _SHIFTING)
def test_there_and_back_is_the_same_place_in_mainland_china(place: tuple[float, float], datum: Datum) -> None:
    assert to_wgs84(*from_wgs84(*place, datum), datum) == pytest.approx(place, abs=1e-7)
    assert from_wgs84(*to_wgs84(*place, datum), datum) == pytest.approx(place, abs=1e-7)


@given(_MAINLAND)
def test_the_shift_is_some_hundred_metres_and_never_none(place: tuple[float, float]) -> None:
    lon, lat = from_wgs84(*place, Datum.GCJ02)

    assert 1e-5 < abs(lon - place[0]) + abs(lat - place[1]) < 0.02


@given(_ANYWHERE, st.sampled_from(Datum))
def test_places_outside_the_box_and_datums_without_a_shift_are_untouched(
    place: tuple[float, float], datum: Datum
) -> None:
    if not shifts(*place, datum):
        assert to_wgs84(*place, datum) == from_wgs84(*place, datum) == place
    if not (72.004 <= place[0] <= 137.8347 and 0.8293 <= place[1] <= 55.8271):
        assert not shifts(*place, datum)
