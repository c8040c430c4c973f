"""What goes out when: never at night unless critical, never too often, nothing lost, each case in order."""

from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.deadlines import parse_week
from cases.notification.timing.quiet_hours import QuietHours
from cases.notification.timing.rates import Rate, parse_rate
from cases.notification.timing.scheduling import DeliveryPreference, Waiting, schedule_deliveries
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS, MINUTE_MS

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(parse_week(["daily 22:00-07:00"]), ZONE)
OFTEN = Rate(100, 60_000)
NEVER_QUIET = QuietHours(((),) * 7, ZONE)
MIDDAY_MS = parse_instant_ms("2026-06-01T12:00:00+08:00")
MIDNIGHT_MS = parse_instant_ms("2026-06-02T00:00:00+08:00")


def waiting(sequence: int, case: int = 0, critical: bool = False, at_ms: int = MIDDAY_MS, **fields: UUID) -> Waiting:
    return Waiting(sequence, UUID(int=sequence), UUID(int=case or sequence), critical, at_ms, **fields)


def manner(quiet: QuietHours = NEVER_QUIET, rate: Rate = OFTEN, group_for_ms: int = 0) -> DeliveryPreference:
    return DeliveryPreference(quiet, rate, group_for_ms, digest_size=3)


def sequences(found: tuple[tuple[Waiting, ...], ...]) -> list[list[int]]:
    return [[one.sequence for one in batch] for batch in found]


def test_messages_wait_for_each_other_and_go_out_as_one() -> None:
    both = [waiting(1), waiting(2, at_ms=MIDDAY_MS + 30_000)]
    wanted = manner(group_for_ms=MINUTE_MS)
    early = schedule_deliveries(both, wanted, 0, MIDDAY_MS + 40_000)
    assert (early.batches, early.look_again_ms) == ((), MIDDAY_MS + MINUTE_MS)
    assert sequences(schedule_deliveries(both, wanted, 0, MIDDAY_MS + MINUTE_MS).batches) == [[1, 2]]


def test_a_full_digest_waits_no_longer_and_the_rest_follows() -> None:
    made = schedule_deliveries([waiting(n) for n in range(1, 6)], manner(group_for_ms=HOUR_MS), 0, MIDDAY_MS)
    assert sequences(made.batches) == [[1, 2, 3]]
    assert made.look_again_ms == MIDDAY_MS + 1


def test_at_night_what_is_critical_goes_and_takes_along_what_waits_of_its_case() -> None:
    some = [waiting(1, case=7, at_ms=MIDNIGHT_MS), waiting(2, at_ms=MIDNIGHT_MS)]
    quiet = schedule_deliveries(some, manner(NIGHT), 0, MIDNIGHT_MS)
    assert (quiet.batches, quiet.look_again_ms) == ((), MIDNIGHT_MS + 7 * HOUR_MS)
    loud = schedule_deliveries(
        [*some, waiting(3, case=7, critical=True, at_ms=MIDNIGHT_MS)], manner(NIGHT), 0, MIDNIGHT_MS
    )
    assert sequences(loud.batches) == [[1, 3]]


def test_a_failed_delivery_goes_again_whole_and_later_messages_of_its_case_stay_behind_it() -> None:
    failed = [waiting(n, case=7, delivery_id=UUID(int=99), at_ms=MIDDAY_MS + MINUTE_MS) for n in (1, 2)]
    later = waiting(3, case=7, critical=True)
    other = waiting(4, critical=True)
    assert sequences(schedule_deliveries([*failed, later, other], manner(), 0, MIDDAY_MS).batches) == [[4]]
    assert sequences(schedule_deliveries([*failed, later], manner(), 0, MIDDAY_MS + MINUTE_MS).batches) == [[1, 2]]


def test_while_a_delivery_backs_off_what_is_not_critical_gathers() -> None:
    failed = waiting(1, delivery_id=UUID(int=99), at_ms=MIDDAY_MS + MINUTE_MS)
    made = schedule_deliveries([failed, waiting(2), waiting(3)], manner(), 0, MIDDAY_MS)
    assert (made.batches, made.look_again_ms) == ((), MIDDAY_MS + MINUTE_MS)
    assert sequences(
        schedule_deliveries([failed, waiting(2), waiting(3)], manner(), 0, MIDDAY_MS + MINUTE_MS).batches
    ) == [
        [1],
        [2, 3],
    ]


def test_a_critical_delivery_that_failed_at_night_is_tried_again_at_night() -> None:
    failed = waiting(1, critical=True, delivery_id=UUID(int=99), at_ms=MIDNIGHT_MS + MINUTE_MS)
    assert schedule_deliveries([failed], manner(NIGHT), 0, MIDNIGHT_MS).look_again_ms == MIDNIGHT_MS + MINUTE_MS
    assert sequences(schedule_deliveries([failed], manner(NIGHT), 0, MIDNIGHT_MS + MINUTE_MS).batches) == [[1]]


def test_without_a_token_nothing_goes_before_there_is_one() -> None:
    rate = Rate(1, MINUTE_MS)
    first = schedule_deliveries([waiting(1, critical=True)], manner(rate=rate), 0, MIDDAY_MS)
    second = schedule_deliveries([waiting(2)], manner(rate=rate), first.full_at_ms, MIDDAY_MS + 1)
    assert second.batches == ()
    assert second.look_again_ms is not None
    assert second.look_again_ms > MIDDAY_MS + MINUTE_MS
    assert schedule_deliveries([waiting(2)], manner(rate=rate), first.full_at_ms, second.look_again_ms).batches


@given(count=st.integers(1, 40), window_ms=st.integers(1, 120_000), gaps=st.lists(st.integers(0, 30_000), max_size=200))
def test_no_window_ever_holds_more_than_the_rate_allows(count: int, window_ms: int, gaps: list[int]) -> None:
    rate, now_ms, full_at_ms, taken = Rate(count, window_ms), MIDDAY_MS, 0, []
    for gap in gaps:
        now_ms += gap
        while rate.tokens(full_at_ms, now_ms):
            full_at_ms = rate.take(full_at_ms, now_ms)
            taken.append(now_ms)
        ready_ms = rate.next_ms(full_at_ms, now_ms)
        assert rate.tokens(full_at_ms, ready_ms) == 1
        assert not rate.tokens(full_at_ms, ready_ms - 1)
    for start in taken:
        assert sum(start <= at_ms <= start + window_ms for at_ms in taken) <= count


def test_half_of_a_rate_goes_at_once_and_the_rest_within_the_window() -> None:
    rate, full_at_ms, taken = Rate(20, MINUTE_MS), 0, []
    for now_ms in range(MIDDAY_MS, MIDDAY_MS + MINUTE_MS, 1_000):
        while rate.tokens(full_at_ms, now_ms):
            full_at_ms = rate.take(full_at_ms, now_ms)
            taken.append(now_ms)
    assert taken.count(MIDDAY_MS) == 10
    assert len(taken) == 20


def test_a_rate_is_written_as_so_many_in_so_long() -> None:
    assert parse_rate("20/1m") == Rate(20, MINUTE_MS)
    for wrong in ("20", "0/1m", "20/0s", "20/minute", "-1/1m"):
        with pytest.raises(ValueError, match=r"rate|duration"):
            parse_rate(wrong)


@given(
    minutes=st.integers(0, 60 * 24 * 400),
    hours=st.sampled_from(["daily 22:00-07:00", "Sat,Sun 00:00-24:00", "Mon-Fri 12:00-13:30 19:00-06:00"]),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Los_Angeles"]),
)
def test_quiet_hours_end_at_the_first_minute_that_the_wall_clock_shows_none(
    minutes: int, hours: str, zone: str
) -> None:
    quiet = QuietHours(parse_week([hours]), ZoneInfo(zone))
    now_ms = MIDDAY_MS + minutes * MINUTE_MS
    end_ms = quiet.end_ms(now_ms)
    assert quiet.end_ms(end_ms) == end_ms
    assert end_ms % MINUTE_MS == 0
    for at_ms in range(now_ms, end_ms, 7 * MINUTE_MS):
        assert quiet.end_ms(at_ms) == end_ms


def test_a_week_without_any_hour_to_tell_in_is_refused() -> None:
    with pytest.raises(ValueError, match="working hours"):
        QuietHours(parse_week(["daily 00:00-24:00"]), ZONE)


@dataclass(frozen=True)
class Arriving:
    after_ms: int
    case: int
    critical: bool
    failures: int


ARRIVALS = st.lists(
    st.builds(
        Arriving,
        after_ms=st.integers(0, 4 * HOUR_MS),
        case=st.integers(1, 4),
        critical=st.sampled_from([False, False, False, True]),
        failures=st.integers(0, 3),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(
    arrivals=ARRIVALS,
    wanted=st.builds(
        DeliveryPreference,
        quiet=st.sampled_from([NIGHT, NEVER_QUIET, QuietHours(parse_week(["Mon-Fri 12:30-14:00 18:00-09:00"]), ZONE)]),
        rate=st.sampled_from([Rate(1, HOUR_MS), Rate(2, MINUTE_MS), Rate(20, MINUTE_MS)]),
        group_for_ms=st.sampled_from([0, MINUTE_MS, HOUR_MS]),
        digest_size=st.integers(1, 4),
    ),
)
def test_over_days_everything_is_sent_once_in_order_and_never_at_the_wrong_time(
    arrivals: list[Arriving], wanted: DeliveryPreference
) -> None:
    history = played(arrivals, wanted)
    delivered = [one for _, batch, failed in history if not failed for one in batch]
    assert sorted(one.sequence for one in delivered) == list(range(1, len(arrivals) + 1))
    for case in {one.case_id for one in delivered}:
        mine = [one.sequence for one in delivered if one.case_id == case]
        assert mine == sorted(mine)
    for at_ms, batch, _ in history:
        assert len(batch) <= wanted.digest_size
        cases = {one.case_id for one in batch if one.critical}
        known = any(one.case_id in cases for one in batch)
        is_quiet = wanted.quiet.end_ms(at_ms) > at_ms
        assert known or not is_quiet or _has_critical_behind(batch, at_ms, arrivals)
    for start_ms, _, _ in history:
        inside = sum(start_ms <= at_ms <= start_ms + wanted.rate.window_ms for at_ms, _, _ in history)
        assert inside <= wanted.rate.count


def _has_critical_behind(batch: tuple[Waiting, ...], at_ms: int, arrivals: list[Arriving]) -> bool:
    """Whether a critical message of one of its cases stands behind it, because the digest was full or tried before."""
    arrived_ms, cases = MIDDAY_MS, {one.case_id for one in batch}
    for sequence, one in enumerate(arrivals, 1):
        arrived_ms += one.after_ms
        if one.critical and arrived_ms <= at_ms and UUID(int=one.case) in cases and sequence > batch[0].sequence:
            return True
    return False


def played(arrivals: list[Arriving], wanted: DeliveryPreference) -> list[tuple[int, tuple[Waiting, ...], bool]]:
    """Every try: when, what, and whether it failed; time leaps to where the plan says to look again."""
    coming, at_ms = [], MIDDAY_MS
    for sequence, one in enumerate(arrivals, 1):
        at_ms += one.after_ms
        coming.append(waiting(sequence, one.case, one.critical, at_ms))
    failures = {waiting.sequence: one.failures for waiting, one in zip(coming, arrivals, strict=True)}
    here: list[Waiting] = []
    tries: list[tuple[int, tuple[Waiting, ...], bool]] = []
    now_ms, full_at_ms = MIDDAY_MS, 0
    for _ in range(5_000):
        here += [one for one in coming if one.not_before_ms <= now_ms]
        coming = [one for one in coming if one.not_before_ms > now_ms]
        made = schedule_deliveries(here, wanted, full_at_ms, now_ms)
        full_at_ms = made.full_at_ms
        for batch in made.batches:
            failed = failures[batch[0].sequence] > 0
            failures[batch[0].sequence] -= 1
            tries.append((now_ms, batch, failed))
            here = [one for one in here if one not in batch]
            if failed:
                delivery_id = batch[0].delivery_id or batch[0].message_id
                here += [replace(one, delivery_id=delivery_id, not_before_ms=now_ms + 90_000) for one in batch]
        if not here and not coming:
            return tries
        nexts = [one.not_before_ms for one in coming]
        nexts += [made.look_again_ms] if made.look_again_ms is not None else []
        nexts += [now_ms + 1] if made.batches else []
        assert min(nexts) > now_ms
        now_ms = min(nexts)
    raise AssertionError("something is never sent")
