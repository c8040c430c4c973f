"""What a backtest counts, compares and shows."""

from dataclasses import replace
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from domain.devices import Device
from domain.telemetry import Telemetry
from domain.time.units import DAY_MS
from reporting.charts.sparkline import folded, sparkline
from reporting.wording.durations import duration
from rules.backtest import BacktestPlan, BacktestResult, run_backtest, variant_of
from rules.backtest.buckets import Buckets
from rules.backtest.comparing import difference
from rules.backtest.page import render_page
from rules.backtest.raising import missing_events
from rules.language.document.reading import parse_rules
from rules.language.rule import Rule
from rules.schedule.calendars import Calendars
from tests.rules.backtest.test_arrivals import Shelf
from tests.rules.engines import LAMP_OUT, at, lamp, report

ZONE = ZoneInfo("Asia/Shanghai")


def dead(*spans: tuple[int, int], minutes: int = 120, device_id: str = "L1") -> list[Telemetry]:
    """A report a minute, of a lamp that is dead in these spans."""
    return [
        report(m, 2.0 if any(first <= m < last for first, last in spans) else 96.0, device_id=device_id)
        for m in range(minutes)
    ]


def plan(
    *documents: str, from_minute: float = 0, to_minute: float = 120, devices: list[Device] | None = None
) -> BacktestPlan:
    tried = [variant_of(f"try {i}", parse_rules(text), []) for i, text in enumerate(documents)]
    known = {device.device_id: device for device in devices or [lamp(), lamp("L2")]}
    return BacktestPlan(
        tuple(rule.name for rule in tried[0].rules), tried[0], tried[1] if len(tried) > 1 else None, known,
        at(from_minute), at(to_minute), Calendars(),
    )  # fmt: skip


async def run(reports: list[Telemetry], asked: BacktestPlan) -> BacktestResult:
    return await run_backtest(Shelf(reports), asked, ZONE)


async def test_events_devices_and_durations_are_counted() -> None:
    reports = dead((10, 20), (50, 60)) + dead((115, 130), device_id="L2")
    (found,) = (await run(reports, plan(LAMP_OUT))).candidate.rules
    assert (found.events, found.subjects, found.open_at_end) == (3, 2, 1)
    assert (found.median_duration_ms, found.longest_duration_ms) == (9 * 60_000, 9 * 60_000)
    assert sum(found.per_bucket) == 3
    assert found.per_day == {"2026-05-29": 3}


async def test_what_opened_in_the_warm_up_is_not_counted_but_known() -> None:
    result = await run(dead((10, 40), (50, 60)), plan(LAMP_OUT, from_minute=20))
    (found,) = result.candidate.rules
    assert (found.events, found.open_at_begin) == (1, 1)
    assert result.began_ms == at(20) - (3 + 2 + 5) * 60_000  # gap, for, lateness


async def test_silence_after_the_last_report_is_nobodys() -> None:
    silent = "{rule: silent, kind: streetlight, no_data: 10m}"
    reports, asked = dead(minutes=60), plan(silent, devices=[lamp()])
    assert (await run(reports, asked)).candidate.events == []
    (event,) = (await run(reports, replace(asked, clock_ms=at(90)))).candidate.events
    assert event.opened_at_ms == at(69)


async def test_a_rule_that_is_off_or_in_shadow_is_tried_all_the_same() -> None:
    result = await run(dead((10, 20)), plan(LAMP_OUT + "mode: off"))
    assert len(result.candidate.events) == 1


async def test_a_rule_that_fails_is_reported() -> None:
    document = LAMP_OUT.replace("reading.active_power < 5", "reading.active_power < device.limit")
    devices = [lamp(attributes={"limit": "much"}), lamp("L2")]
    (found,) = (await run(dead((10, 20)), plan(document, devices=devices))).candidate.rules
    assert "device L1" in (found.error or "")


async def test_two_versions_differ_by_incident() -> None:
    slower = LAMP_OUT.replace("for: 2m", "for: 5m")
    result = await run(dead((10, 20), (50, 53)), plan(slower, LAMP_OUT))
    found = result.difference
    assert found is not None
    assert (found.only_now, [event.since_ms for event in found.only_before], found.same) == ([], [at(50)], 0)
    (change,) = found.changed
    assert (change.before.opened_at_ms, change.now.opened_at_ms) == (at(12), at(15))
    assert change.differs == ["opened_at_ms"]
    both = difference(result.candidate.events, result.candidate.events)
    assert (both.same, both.changed, both.only_now) == (1, [], [])


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


async def test_the_page_needs_nothing_from_elsewhere_and_has_both_languages() -> None:
    text = render_page(await run(dead((10, 20), (50, 53)), plan(LAMP_OUT.replace("for: 2m", "for: 5m"), LAMP_OUT)))
    page = _Page()
    page.feed(text)
    assert page.addresses == ["data:,"]
    assert (page.tags.count("svg"), "script" in page.tags) == (2, False)
    for words in ("Backtest", "规则回测", "Differences", "差异", "路灯不亮"):
        assert words in text


async def test_no_id_of_a_device_or_text_of_a_rule_becomes_markup_of_the_page() -> None:
    evil = "<script>alert('1')</script>"
    reports = [report(m, 2.0 if 10 <= m < 20 else 96.0, device_id=evil) for m in range(60)]
    document = LAMP_OUT.replace("Lamp out", evil)
    assert document != LAMP_OUT
    result = await run(reports, plan(document, LAMP_OUT, devices=[lamp(evil)]))
    page = render_page(result.model_copy(update={"candidate": result.candidate.model_copy(update={"label": evil})}))
    parsed = _Page()
    parsed.feed(page)
    assert "script" not in parsed.tags
    # The label, the title of the rule, and the device as a name, under a bar and in rows.
    assert page.count("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;") > 6


async def test_missing_events_are_raised_only_where_nothing_is_known_of_the_incident() -> None:
    asked = plan(LAMP_OUT)
    events = (await run(dead((10, 20), (50, 60), (110, 130)), asked)).candidate.events
    rules: dict[str, Rule] = {rule.name: rule for rule in asked.candidate.rules}
    assert [len(missing_events(events, events, rules).raised), len(missing_events(events, [], rules).raised)] == [0, 2]
    shifted = events[0].model_copy(update={"event_id": events[2].event_id, "opened_at_ms": at(14)})
    missing = missing_events(events, [shifted], rules)
    assert [event.opened_at_ms for event in missing.raised] == [at(52)]
    assert "the incident is known as event" in missing.not_raised[0]
    assert all(event.historical for event in missing.raised)


@pytest.mark.parametrize(
    ("hours", "name", "count"),
    [(0.5, "minute", 30), (3, "5 minutes", 36), (12, "15 minutes", 48), (36, "hour", 36), (24 * 30, "day", 30)],
)
def test_a_period_is_cut_by_the_wall_clock(hours: float, name: str, count: int) -> None:
    midnight_ms = 1_780_000_000_000 // DAY_MS * DAY_MS - 8 * 3_600_000
    buckets = Buckets(midnight_ms, midnight_ms + round(hours * 3_600_000), ZONE)
    assert (buckets.name, len(buckets.starts_ms), buckets.starts_ms[0]) == (name, count, midnight_ms)
    assert sum(buckets.count([midnight_ms, buckets.to_ms - 1])) == 2


def test_days_follow_the_clock_when_it_is_put_forward() -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin_ms = 1_774_566_000_000  # 2026-03-27T00:00+01:00, two days before the clocks change
    buckets = Buckets(begin_ms, begin_ms + 60 * DAY_MS, zone)
    assert buckets.starts_ms[3] - buckets.starts_ms[2] == 23 * 3_600_000
    assert buckets.day_of(buckets.starts_ms[3]) == "2026-03-30"


def test_a_sparkline_fits_a_line() -> None:
    assert sparkline([0, 1, 4, 8]) == "·▁▄█"
    step, counts = folded([1] * 100)
    assert (step, len(counts), sum(counts)) == (3, 34, 100)


def test_durations_are_short() -> None:
    assert [duration(ms) for ms in (None, 0, 250, 61_000, 7_384_000, 90_000_000)] == [
        "",
        "0s",
        "250ms",
        "1m 1s",
        "2h 3m",
        "1d 1h",
    ]
