"""How many reports a device may send."""

from domain.time.units import DAY_MS, MINUTE_MS
from ingest.quotas.device_shares import UNBOUNDED, DeviceShares

NOW = 1_763_772_000_000


def test_a_device_that_was_away_for_thirty_days_sends_all_of_them_at_once() -> None:
    share = DeviceShares(50).of("SL-1", 60)
    assert all(share.take(1, NOW) for _ in range(30 * 24 * 60))
    assert not share.take(1, NOW)


def test_a_device_that_reports_seldom_has_a_thousand() -> None:
    share = DeviceShares(50).of("SL-1", 86_400)
    assert sum(share.take(1, NOW) for _ in range(5_000)) == 1_000


def test_two_hundred_times_the_share_is_refused_three_times_of_four_in_the_end() -> None:
    share, taken = DeviceShares(50).of("SL-1", 3_600), 0
    assert share.take(1_000, NOW)
    for n in range(1, 20_001):
        taken += share.take(1, NOW + n * 18_000)  # two hundred an hour
    assert taken == 5_000


def test_an_honest_device_is_never_refused() -> None:
    share = DeviceShares(50).of("SL-1", 60)
    assert all(share.take(1, NOW + n * MINUTE_MS) for n in range(100_000))


def test_an_interval_that_changes_in_the_registry_changes_the_share_and_gives_nothing_back() -> None:
    shares = DeviceShares(50)
    assert shares.of("SL-1", 86_400).take(1_000, NOW)
    share = shares.of("SL-1", 60)
    assert not share.take(1, NOW)
    assert share is shares.of("SL-1", 60)
    assert sum(share.take(1, NOW + 30 * DAY_MS) for _ in range(50_000)) == 43_200


def test_without_a_factor_there_is_no_bound() -> None:
    assert DeviceShares(0).of("SL-1", 60) is UNBOUNDED
    assert UNBOUNDED.take(10**12, NOW)


def test_what_is_remembered_is_bounded() -> None:
    shares = DeviceShares(50)
    for n in range(500_010):
        shares.of(str(n), 60)
    assert len(shares._shares) == 10
