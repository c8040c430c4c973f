import pytest

from domain.identities import SPARKPLUG_PATH
from ingest.dialects.sparkplug.edge_node import NamedMetric, is_control, quality_of, reports, typed_value
from ingest.dialects.sparkplug.wire import Metric

INT8, INT16, INT32, INT64, UINT8, UINT32, UINT64, FLOAT, BOOLEAN, DATETIME = 1, 2, 3, 4, 5, 7, 8, 9, 11, 13


@pytest.mark.parametrize(
    ("raw", "datatype", "value"),
    [
        (0xFFFF_FFFB, INT8, -5), (0xFB, INT8, -5), (127, INT8, 127), (0xFFFF_FFFF, INT16, -1), (0x8000, INT16, -32768),
        (0xFFFF_FFFF, INT32, -1), (0x7FFF_FFFF, INT32, 0x7FFF_FFFF), (0xFFFF_FFFF_FFFF_FFFF, INT64, -1),
        (0xFB, UINT8, 251), (0xFFFF_FFFF, UINT32, 0xFFFF_FFFF), (1 << 63, UINT64, 1 << 63), (1, BOOLEAN, True),
        (0, BOOLEAN, False), (1_780_000_000_000, DATETIME, 1_780_000_000_000), (5, None, 5),
    ],
)  # fmt: skip
def test_integers_come_out_of_twos_complement_by_their_datatype(raw: int, datatype: int, value: object) -> None:
    found = typed_value(Metric(value=raw, is_integer=True), datatype)
    assert (found, type(found)) == (value, type(value))


def test_a_float_is_taken_as_it_is_whatever_its_datatype_says() -> None:
    assert typed_value(Metric(value=1.5), INT8) == 1.5


@pytest.mark.parametrize(
    ("code", "quality"),
    [(None, None), (192, None), (216, None), (0, "bad"), (500, "suspect"), (64, "suspect"), (20, "bad"), (999, "bad")],
)
def test_the_quality_property_says_how_good_a_metric_is(code: int | None, quality: str | None) -> None:
    assert quality_of(Metric(quality=code)) == quality


def test_control_metrics_measure_nothing() -> None:
    assert is_control("bdSeq")
    assert is_control("Node Control/Rebirth")
    assert not is_control("bdSeqs")


def test_metrics_of_different_instants_are_different_reports() -> None:
    told = [
        NamedMetric("b", 2.0, 20, None),
        NamedMetric("a", 1.0, 10, "bad"),
        NamedMetric("c", 3.0, 20, None),
        NamedMetric("d", 4.0, None, None),
    ]
    clockless, first, second = reports(told, "g/e/d", 7)
    assert (clockless.observed_at_ms, clockless.fields) == (None, {"d": 4.0})
    assert (first.observed_at_ms, first.fields, first.quality) == (10, {"a": 1.0}, {"a": "bad"})
    assert (second.observed_at_ms, second.fields, second.quality) == (20, {"b": 2.0, "c": 3.0}, {})
    assert {one.identity for one in (clockless, first, second)} == {SPARKPLUG_PATH.of("g/e/d")}
    assert {one.message_id for one in (clockless, first, second)} == {"7"}


def test_a_metric_told_twice_with_two_values_does_not_vanish() -> None:
    [report] = reports(
        [NamedMetric("a", 1.0, 10, None), NamedMetric("a", 2.0, 10, None), NamedMetric("a", 1.0, 10, None)], "g/e", 0
    )
    assert report.fields == {"a": 1.0, "a (told twice, and not the same)": 2.0}
