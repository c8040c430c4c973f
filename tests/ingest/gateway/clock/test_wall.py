"""One slot's clock: what it sends, what counts, and when it is ill."""

import pytest
from structlog.testing import capture_logs

from domain.errors import TransientFault
from ingest.gateway.clock.ignored import IgnoredClock
from ingest.gateway.clock.wall import SEND_AGAIN_MS, WallTime

NOW_MS = 1_780_000_000_000


class Hands:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall_ms, self.monotonic_ms, self.sent = NOW_MS, 0, 0

    def pass_ms(self, ms: int) -> None:
        self.wall_ms += ms
        self.monotonic_ms += ms

    def nonce(self) -> bytes:
        self.sent += 1
        return b"%032x" % self.sent


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def clock(hands: Hands) -> WallTime:
    return WallTime(lambda: hands.wall_ms, lambda: hands.monotonic_ms, hands.nonce)


def send(clock: WallTime) -> bytes:
    message = clock.due_message()
    assert message is not None
    return message


def test_a_tick_is_when_its_message_was_sent_however_late_it_comes_back(clock: WallTime, hands: Hands) -> None:
    message = send(clock)
    hands.pass_ms(3_600_000)
    assert clock.count(message, is_assured=True) == NOW_MS
    assert clock.count(message, is_assured=True) is None
    assert clock.ignored == {IgnoredClock.COPY: 1}


def test_a_tick_never_lies_ahead_of_a_wall_clock_that_went_back(clock: WallTime, hands: Hands) -> None:
    message = send(clock)
    hands.wall_ms -= 4_000
    assert clock.count(message, is_assured=True) == NOW_MS - 4_000


def test_a_message_that_overtook_the_queue_does_not_count_and_leaves_its_nonce_outstanding(clock: WallTime) -> None:
    message = send(clock)
    assert clock.count(message, is_assured=False) is None
    assert clock.ignored == {IgnoredClock.UNASSURED: 1}
    assert clock.count(message, is_assured=True) == NOW_MS


def test_none_is_sent_while_one_is_under_way_or_its_tick_is_not_written(clock: WallTime, hands: Hands) -> None:
    message = send(clock)
    hands.pass_ms(1_000)
    assert clock.due_message() is None
    clock.count(message, is_assured=True)
    hands.pass_ms(SEND_AGAIN_MS)
    assert clock.due_message() is None
    clock.written()
    assert clock.due_message() is not None


def test_a_message_that_the_broker_lost_is_followed_by_another(clock: WallTime, hands: Hands) -> None:
    """Junk may fill our queue at the broker, which then drops the clock's message: that must not stop it for ever."""
    send(clock)
    hands.pass_ms(SEND_AGAIN_MS)
    again = send(clock)
    assert clock.due_message() is None
    assert clock.count(again, is_assured=True) == NOW_MS + SEND_AGAIN_MS
    clock.written()
    assert clock.due_message() is not None


def test_after_a_reconnect_one_is_sent_at_once_and_what_the_broker_kept_counts_too(
    clock: WallTime, hands: Hands
) -> None:
    before = send(clock)
    hands.pass_ms(500)
    clock.reconnected()
    after = send(clock)
    assert clock.count(before, is_assured=True) == NOW_MS
    assert clock.count(after, is_assured=True) == NOW_MS + 500


def test_a_jump_is_logged_where_it_begins_and_ends_and_is_ill_health_between(clock: WallTime, hands: Hands) -> None:
    with capture_logs() as logged:
        assert "keeps step" in clock.check()
        hands.wall_ms += 7_200_000
        for _ in range(60):
            with pytest.raises(TransientFault, match=r"jumped by \+7200.0 s"):
                clock.check()
            hands.pass_ms(1_000)
            clock.count(send(clock), is_assured=True)
            clock.written()
        assert clock.now_ms() == NOW_MS + 7_200_000 + 60_000
        assert "keeps step" in clock.check()
    assert [entry["log_level"] for entry in logged] == ["error", "warning"]
    assert clock.jumps == 1


def test_the_time_of_receipt_does_not_jump_either(clock: WallTime, hands: Hands) -> None:
    hands.wall_ms -= 7_200_000
    hands.pass_ms(1_000)
    assert clock.now_ms() == NOW_MS + 1_000


def test_a_clock_that_does_not_come_back_is_ill_health(clock: WallTime, hands: Hands) -> None:
    message = send(clock)
    hands.pass_ms(60_000)
    clock.check()
    hands.pass_ms(1_000)
    with pytest.raises(TransientFault, match="no clock message came back for 61 s"):
        clock.check()
    clock.count(message, is_assured=True)
    clock.check()
