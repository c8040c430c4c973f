"""Nonces under way count once, and nothing else does."""

import pytest

from ingest.gateway.clock.ignored import IgnoredClock
from ingest.gateway.clock.nonces import OutstandingNonces


def nonce(number: int) -> bytes:
    return b"%032x" % number


def test_a_nonce_counts_once_and_stands_for_the_instant_at_which_it_was_sent() -> None:
    nonces = OutstandingNonces()
    nonces.remember(nonce(1), 1000)
    nonces.remember(nonce(2), 2000)
    assert nonces.count(nonce(1)) == 1000
    assert nonces.count(nonce(1)) is IgnoredClock.COPY
    assert nonces.count(nonce(2)) == 2000
    assert len(nonces) == 0


@pytest.mark.parametrize(
    "payload",
    [b"", b'{"sent_at_ms":1780000000000}', b"9" * 33, b"x" * 32, b"A" * 32, bytes(32), b"\xff" * 32, b"[" * 100_000],
)
def test_what_is_no_nonce_is_unreadable(payload: bytes) -> None:
    assert OutstandingNonces().count(payload) is IgnoredClock.UNREADABLE


def test_a_nonce_of_somebody_else_is_unknown() -> None:
    nonces = OutstandingNonces()
    nonces.remember(nonce(1), 1000)
    assert nonces.count(nonce(2)) is IgnoredClock.UNKNOWN
    assert nonces.count(nonce(1)) == 1000


def test_the_oldest_is_forgotten_before_there_are_too_many() -> None:
    nonces = OutstandingNonces()
    for number in range(5000):
        nonces.remember(nonce(number), number)
    assert len(nonces) == 4096
    assert nonces.count(nonce(0)) is IgnoredClock.UNKNOWN
    assert nonces.count(nonce(4999)) == 4999


def test_what_was_sent_before_the_one_that_came_back_was_lost() -> None:
    nonces = OutstandingNonces()
    for number in range(3):
        nonces.remember(nonce(number), number)
    assert nonces.count(nonce(1)) == 1
    assert len(nonces) == 1
    assert nonces.count(nonce(0)) is IgnoredClock.UNKNOWN
    assert nonces.count(nonce(2)) == 2
