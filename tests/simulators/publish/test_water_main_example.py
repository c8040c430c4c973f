"""What `examples/water-main` says of river's recording is true, and its expected events follow from the file alone."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from domain.time.durations import parse_instant_ms
from rules.testing.running import run_rule_test
from simulators.publish.replay import ReplayedDevice, fetch_series, parse_column

EXAMPLE = Path(__file__).parents[3] / "examples" / "water-main"
HOUR = timedelta(hours=1)

Row = tuple[datetime, float]


class Found(NamedTuple):
    since: datetime
    opened: datetime
    cleared: datetime


@pytest.fixture(scope="module")
def recording() -> Path:
    return Path(pytest.importorskip("river.datasets", reason="river brings the recording").WaterFlow().path)


@pytest.fixture(scope="module")
def rows(recording: Path) -> list[Row]:
    with recording.open() as lines:
        return [(datetime.fromisoformat(row["Time"]), float(row["Water flow [l/s]"])) for row in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return dict(yaml.safe_load((EXAMPLE / "expected-events.yaml").read_text()))


def rule(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((EXAMPLE / "rules" / f"{name}.yaml").read_text()))


def limit(condition: str, comparison: str) -> float:
    found = re.fullmatch(rf"reading\.flow_rate {comparison} (\d+\.\d)", condition)
    assert found, condition
    return float(found[1])


def stretches(
    rows: list[Row], wrong: Callable[[float], bool], right: Callable[[float], bool], held_h: int, cleared_h: int
) -> Iterator[Found]:
    """A plain loop over hourly rows, in m3/h, with the exact times of the design; apart from the rule engine."""
    wrong_since = right_since = opened = began = previous = None
    for at, flow_l_s in rows:
        flow = flow_l_s * 3.6
        if previous is not None and at - previous > 3 * HOUR:
            wrong_since = right_since = None
        previous = at
        wrong_since = (wrong_since or at) if wrong(flow) else None
        right_since = (right_since or at) if right(flow) else None
        if opened is None and wrong_since is not None and at >= wrong_since + held_h * HOUR:
            began, opened = wrong_since, wrong_since + held_h * HOUR
        if opened is not None and right_since is not None and at >= right_since + cleared_h * HOUR:
            assert began is not None
            yield Found(began, opened, right_since + cleared_h * HOUR)
            opened = None
    assert opened is None


def test_the_file_holds_what_the_page_says(rows: list[Row]) -> None:
    times = [at for at, _ in rows]
    assert len(times) == len(set(times)) == 1268
    assert times == sorted(times)
    assert (times[0].isoformat(), times[-1].isoformat()) == ("2022-03-20T11:00:00+01:00", "2022-05-16T22:00:00+02:00")
    assert [at.utcoffset() for at in times] == [HOUR] * 159 + [2 * HOUR] * 1109
    assert (times[-1] - times[0]) / HOUR + 1 == 1379
    missing = [int((b - a) / HOUR) - 1 for a, b in pairwise(times) if b - a != HOUR]
    assert missing == [1, 1, 31, 10, 6, 22, 21, 15, 1, 3]
    flows = [flow for _, flow in rows]
    assert (min(flows), max(flows)) == (24.24, 109.68)
    usual = [flow for flow in flows if 99 <= flow < 109]
    assert (len(usual), max(usual)) == (1219, 107.26)


def test_the_clock_change_leaves_no_hole(rows: list[Row]) -> None:
    (before, after) = next((a, b) for (a, _), (b, _) in pairwise(rows) if a.utcoffset() != b.utcoffset())
    assert (before.isoformat(), after.isoformat()) == ("2022-03-27T01:00:00+01:00", "2022-03-27T03:00:00+02:00")
    assert after - before == HOUR


def test_the_gaps_are_those_of_the_page(rows: list[Row]) -> None:
    page = (EXAMPLE / "README.md").read_text()
    for (before, _), (after, _) in pairwise(rows):
        if after - before != HOUR:
            assert f"| {before:%d %b %H:%M} | {after:%d %b %H:%M} | {int((after - before) / HOUR) - 1} |" in page


def test_the_replay_sends_every_row_with_its_own_time_in_canonical_units(
    recording: Path, rows: list[Row], expected: dict[str, Any]
) -> None:
    device = ReplayedDevice(expected["device"], "water_monitor")
    reports = fetch_series(recording, device, [parse_column("Water flow [l/s]=flow_rate:L/s")])
    assert len(reports) == expected["reports"]
    for report, (at, flow) in zip(reports, rows, strict=True):
        assert report.observed_at_ms == at.timestamp() * 1000
        assert report.readings == {"flow_rate": pytest.approx(flow * 3.6, rel=1e-11)}


def test_a_plain_loop_over_the_file_finds_the_expected_events_and_no_other(
    rows: list[Row], expected: dict[str, Any]
) -> None:
    low, high = rule("low-flow"), rule("high-flow")
    assert (low["for"], low["clear_for"], low["gap"], high["gap"]) == ("3h", "2h", "3h", "3h")
    assert not {"for", "clear_when", "clear_for"} & high.keys()
    below, above = limit(low["when"], "<"), limit(low["clear_when"], ">")
    peak = limit(high["when"], ">")
    found = [
        *(("main-low-flow", one) for one in stretches(rows, lambda x: x < below, lambda x: x > above, 3, 2)),
        *(("main-high-flow", one) for one in stretches(rows, lambda x: x > peak, lambda x: x <= peak, 0, 0)),
    ]
    said = [
        (event["rule"], Found(*(datetime.fromisoformat(event[name]) for name in Found._fields)))
        for event in expected["events"]
    ]
    assert sorted(found, key=lambda one: one[1]) == said
    assert [event["severity"] for event in expected["events"]] == [
        {"main-low-flow": low, "main-high-flow": high}[event["rule"]]["severity"] for event in expected["events"]
    ]


@pytest.mark.parametrize("below", [240, 280, 328])
def test_low_events_do_not_hang_on_the_exact_threshold(rows: list[Row], expected: dict[str, Any], below: float) -> None:
    found = list(stretches(rows, lambda x: x < below, lambda x: x > 340, 3, 2))
    assert [one.since for one in found] == since_of(expected, "main-low-flow")


@pytest.mark.parametrize(("above", "more"), [(387, 0), (394, 0), (386, 1)])
def test_the_peak_stands_out_by_little(rows: list[Row], expected: dict[str, Any], above: float, more: int) -> None:
    """As the page says: from 387 to 394 m3/h the peak is alone; at 386 the morning of 29 March comes with it."""
    found = list(stretches(rows, lambda x: x > above, lambda x: x <= above, 0, 0))
    assert len(found) == 1 + more
    assert found[-1].since == since_of(expected, "main-high-flow")[0]


def since_of(expected: dict[str, Any], rule_name: str) -> list[datetime]:
    return [datetime.fromisoformat(event["since"]) for event in expected["events"] if event["rule"] == rule_name]


def test_the_rule_test_of_the_example_holds() -> None:
    assert run_rule_test(EXAMPLE / "rules.test.yaml").mismatches == ()


def test_the_rule_engine_finds_the_expected_events_and_no_other(
    rows: list[Row], expected: dict[str, Any], tmp_path: Path
) -> None:
    """The whole recording as one rule test, its missing hours as `_`."""
    start = rows[0][0]
    series = ["_"] * (int((rows[-1][0] - start) / HOUR) + 1)
    for at, flow in rows:
        series[int((at - start) / HOUR)] = f"{flow * 3.6:.12g}"
    times = {
        number: {name: f"{int((datetime.fromisoformat(event[name]) - start) / HOUR)}h" for name in Found._fields}
        for number, event in enumerate(expected["events"])
    }
    test = tmp_path / "recording.test.yaml"
    test.write_text(
        yaml.safe_dump(
            {
                "rules": [str(EXAMPLE / "rules" / f"{name}-flow.yaml") for name in ("low", "high")],
                "start": start.isoformat(),
                "every": "1h",
                "devices": {
                    expected["device"]: {
                        "kind": "water_monitor",
                        "department": "water-supply",
                        "report_interval_s": 3600,
                    }
                },
                "series": {expected["device"]: {"flow_rate": " ".join(series)}},
                "expect": [event | times[number] for number, event in enumerate(expected["events"])],
            }
        )
    )
    assert run_rule_test(test).mismatches == ()


def test_the_devices_file_holds_the_device(expected: dict[str, Any]) -> None:
    with (EXAMPLE / "devices.csv").open() as lines:
        (row,) = csv.DictReader(lines)
    assert (row["device_id"], row["kind"], row["profile"]) == (expected["device"], "water_monitor", "water_monitor")
    assert row["report_interval_s"] == "3600"
    assert f'device.department == "{row["department"]}"' == rule("low-flow")["where"] == rule("high-flow")["where"]


def test_expected_times_are_instants(expected: dict[str, Any]) -> None:
    for event in expected["events"]:
        assert (
            parse_instant_ms(event["since"]) <= parse_instant_ms(event["opened"]) < parse_instant_ms(event["cleared"])
        )
