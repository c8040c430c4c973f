"""Which rejections are kept whole."""

from domain.time.units import DAY_MS, HOUR_MS
from ingest.quotas.rejected_room import SENDER_BYTES, RejectedRoom

NOW = 1_763_772_000_000
GIBIBYTE = 1024**3


def keep(
    room: RejectedRoom, cause: int, sender: int = 1, size: int = 1_000, at: int = NOW, partial: bool = False
) -> bool:
    return room.keeps(cause, sender, size, at, partial=partial)


def test_of_one_cause_the_first_within_an_hour_is_kept() -> None:
    room = RejectedRoom(GIBIBYTE)
    assert [keep(room, 7, at=NOW + n * HOUR_MS // 4) for n in range(6)] == [True, False, False, False, True, False]


def test_a_sender_has_its_own_room_and_leaves_that_of_the_others() -> None:
    room = RejectedRoom(GIBIBYTE)
    kept = sum(keep(room, n, size=10_000) for n in range(1_000))
    assert kept == SENDER_BYTES // 10_000
    assert keep(room, -1, sender=2)
    assert keep(room, -2, at=NOW + DAY_MS)


def test_a_million_senders_share_one_room_and_take_no_more_memory_than_a_few() -> None:
    room = RejectedRoom(GIBIBYTE)
    kept = sum(keep(room, n, sender=n, size=10_000) for n in range(1_000_000))
    assert kept == GIBIBYTE // 32 // 10_000
    assert len(room._senders) <= 20_000
    assert len(room._kept_until_ms) <= 100_000


def test_in_thirty_days_of_flood_no_more_is_kept_than_the_quota_and_what_fits_at_once() -> None:
    room, kept, step = RejectedRoom(32 * 1024**2), 0, HOUR_MS // 4
    for n in range(30 * DAY_MS // step):
        kept += 100_000 * sum(
            keep(room, (n, m).__hash__(), sender=m, size=100_000, at=NOW + n * step) for m in range(20)
        )
    assert 0.95 * 32 * 1024**2 < kept < 1.1 * 32 * 1024**2


def test_partial_rejections_leave_half_of_the_room_to_the_others() -> None:
    room = RejectedRoom(32 * 1024**2)
    kept = sum(keep(room, n, sender=n, size=1_000, partial=True) for n in range(10_000))
    assert kept == 1024**2 // 2 // 1_000
    assert keep(room, -1, sender=-1)
