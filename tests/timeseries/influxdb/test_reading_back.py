"""What a server's answers mean where two reports share an instant: rows written by hand, as InfluxDB 2 answers them."""

from tests.timeseries.building import LAMP, NOON_MS
from timeseries.influxdb import queries, readings, reports
from timeseries.influxdb.flux import Row
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Sample
from timeseries.queries.series import SeriesQuery

FIRST, SECOND = "2025-11-22T12:00:00.000000002Z", "2025-11-22T12:00:00.00000001Z"
"""The times of the points of messages 1 and 9."""


def row(at: str, field: str, value: str) -> Row:
    return {"_time": at, "_field": field, "_value": value, "device_id": LAMP}


ROWS = [
    row(at, field, value)
    for at, message_id, power in ((SECOND, "9", "2.0"), (FIRST, "1", "1.0"))
    for field, value in (("power", power), ("message_id", message_id), ("received_at_ms", str(NOON_MS + 5)))
]


def test_both_reports_come_back_at_their_millisecond() -> None:
    found = reports.reports_in(ROWS, "streetlight")
    assert {(one["observed_at_ms"], one["message_id"], one["readings"]["power"]) for one in found} == {
        (NOON_MS, "1", 1.0), (NOON_MS, "9", 2.0)
    }  # fmt: skip


def test_both_samples_come_back_at_their_millisecond() -> None:
    series = SeriesQuery(LAMP, "streetlight", "power", NOON_MS, NOON_MS + 1)
    pivoted = [
        {"_time": at, "power": value, "message_id": seq} for at, value, seq in ((FIRST, "1", "1"), (SECOND, "2", "9"))
    ]
    assert [(one.observed_at_ms, one.value, one.message_id) for one in queries.samples_in(pivoted, series)] == [
        (NOON_MS, 1.0, "1"), (NOON_MS, 2.0, "9")
    ]  # fmt: skip


def test_the_latest_sample_is_the_later_message_of_its_instant() -> None:
    latest = queries.Latest()
    latest.learn(ROWS)
    assert latest.samples() == {LAMP: {"power": Sample(NOON_MS, 2.0, None, NOON_MS + 5, "9")}}


def test_each_reading_has_the_details_of_its_own_report_and_a_page_begins_behind_it() -> None:
    details = readings.details_in(one for one in ROWS if one["_field"] != "power")
    found = readings.readings_in((one for one in ROWS if one["_field"] == "power"), details)
    assert [one.sample.message_id for one in found] == ["9", "1"]
    asked = readings.readings_flux("b", ReadingQuery(after=StoredReading(LAMP, "power", found[1].sample)))
    assert f"r._time > time(v: {NOON_MS}000002)" in asked
