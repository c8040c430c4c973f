"""Instants beyond all calendars have a wall clock, too."""

from zoneinfo import ZoneInfo

import pytest

from domain.time.instants import in_zone
from rules.explaining.phrases import WallClock

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Etc/GMT+12", "Pacific/Kiritimati")]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("at_ms", [(1 << 63) - 10, -(1 << 63), 1 << 80, 253_402_300_799_999, -62_135_596_800_000])
def test_an_absurd_instant_is_the_first_or_last_day_there_is(at_ms: int, zone: ZoneInfo) -> None:
    assert in_zone(at_ms, zone).year in (1, 9999)
    assert WallClock(zone).wall(at_ms)[4:5] in ("-", "0")


def test_any_other_is_itself() -> None:
    assert in_zone(1_780_000_000_000, ZONES[0]).isoformat() == "2026-05-29T04:26:40+08:00"
