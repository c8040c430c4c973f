"""Who may guess how often: strangers little, an attacker's victims and neighbours as before, and nobody for long."""

import pytest

from accounts.credentials.attempt_limits import Attempt, AttemptBounds, AttemptLimits, network_of
from accounts.users.refusals import TooManyFailures

BOUNDS = AttemptBounds()
HERE, THERE = "192.0.2.1", "198.51.100.7"


def allowed(
    limits: AttemptLimits, address: str, name: str, at_ms: int = 0, device: str | None = None
) -> Attempt | None:
    """The guess, None where it is refused."""
    try:
        return limits.begin(address, name, device, at_ms)
    except TooManyFailures:
        return None


def guesses(limits: AttemptLimits, address: str, names: list[str], at_ms: int = 0) -> int:
    """How many of the guesses, all wrong, were looked at."""
    return sum(allowed(limits, address, name, at_ms) is not None for name in names)


def test_six_wrong_passwords_shut_the_attacker_out_and_not_the_user() -> None:
    limits = AttemptLimits()
    assert guesses(limits, HERE, ["olga"] * 60) == BOUNDS.free
    assert allowed(limits, THERE, "olga")
    assert allowed(limits, HERE, "olga", device="known")
    assert allowed(limits, HERE, "dima")


def test_the_wait_doubles_to_a_minute_and_is_forgotten() -> None:
    limits, at_ms, waits = AttemptLimits(), 0, []
    guesses(limits, HERE, ["olga"] * BOUNDS.free)
    for _ in range(8):
        with pytest.raises(TooManyFailures) as caught:
            limits.begin(HERE, "olga", None, at_ms)
        waits.append(caught.value.retry_after_s)
        assert allowed(limits, HERE, "olga", at_ms + waits[-1] * 1000 - 1) is None
        at_ms += waits[-1] * 1000
        assert allowed(limits, HERE, "olga", at_ms)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    at_ms += BOUNDS.forgotten_after_ms
    assert guesses(limits, HERE, ["olga"] * 9, at_ms) == BOUNDS.free


def test_one_address_against_many_names_is_bounded_and_refills() -> None:
    limits = AttemptLimits()
    names = [f"user{n}" for n in range(500)]
    assert guesses(limits, HERE, names) == BOUNDS.address.failures
    assert guesses(limits, HERE, names, 10 * BOUNDS.address.refill_ms) == 10
    assert allowed(limits, THERE, "user499")


def test_many_addresses_against_one_name_are_bounded_and_a_known_browser_gets_in() -> None:
    limits = AttemptLimits()
    let_through = sum(allowed(limits, f"10.0.{n // 250}.{n % 250}", "olga") is not None for n in range(5000))
    assert let_through == BOUNDS.name.failures
    assert allowed(limits, THERE, "olga") is None
    assert allowed(limits, THERE, "olga", device="known")


def test_a_known_browser_that_fails_too_often_is_a_stranger() -> None:
    limits = AttemptLimits()
    known = [allowed(limits, HERE, "olga", device="stolen") for _ in range(50)]
    assert sum(one is not None and one.device is not None for one in known) == BOUNDS.device.failures
    assert sum(one is not None and one.device is None for one in known) == BOUNDS.free


def test_an_office_behind_one_address_logs_in_at_once_and_pays_nothing() -> None:
    limits = AttemptLimits()
    for n in range(1000):
        attempt = allowed(limits, HERE, f"user{n}")
        assert attempt is not None
        limits.forgive(attempt, 0)
    assert guesses(limits, HERE, ["mallory"] * 9) == BOUNDS.free


def test_guesses_made_at_once_are_counted_before_any_is_answered() -> None:
    limits = AttemptLimits()
    begun = [allowed(limits, HERE, "olga") for _ in range(100)]
    assert sum(one is not None for one in begun) == BOUNDS.free


def test_what_was_never_looked_at_forgets_no_failure() -> None:
    limits = AttemptLimits()
    assert guesses(limits, HERE, ["olga"] * (BOUNDS.free - 1)) == BOUNDS.free - 1
    for _ in range(10):
        attempt = allowed(limits, HERE, "olga")
        assert attempt is not None
        limits.take_back(attempt, 0)
    assert guesses(limits, HERE, ["olga"] * 9) == 1


def test_a_million_addresses_and_names_take_bounded_memory() -> None:
    limits = AttemptLimits(AttemptBounds(remembered=1000))
    for n in range(20_000):
        allowed(limits, f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", f"user{n}")
        allowed(limits, THERE, "x" * 5000 + str(n))
        allowed(limits, HERE, "olga", device=f"mark{n}")
    assert limits.remembered() <= 4 * 1000


def test_what_can_be_no_username_is_one_name() -> None:
    limits = AttemptLimits()
    assert guesses(limits, HERE, [f"NOBODY {n}" for n in range(100)]) == BOUNDS.free


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_customer_counts_as_one(address: str, counts_as: str) -> None:
    assert network_of(address) == counts_as
