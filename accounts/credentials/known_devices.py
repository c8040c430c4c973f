"""The mark of a browser in which somebody logged in before: no proof of who it is, only that it guesses as no stranger.

mark   <8 digits that name the user>-<hours since the epoch>-<16 random digits>-<32 digits of an HMAC-SHA-256 over all>
The key comes from the hash of the user's password, which holds 128 random bits of salt: nothing more is kept anywhere,
every process knows it, and a new password ends all marks. Pure.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from accounts.credentials.secrets import Random
from domain.time.units import DAY_MS, HOUR_MS

LONGEST_MS: Final = 90 * DAY_MS
MOST_MARKS: Final = 8
"""Of so many users one browser is known; who shares a desk has room."""
_MARK: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,9})-([0-9a-f]{16})-([0-9a-f]{32})")


def draw_mark(random: Random, username: str, password_hash: str, at_ms: int) -> str:
    issued, nonce = str(at_ms // HOUR_MS), random(8).hex()
    return f"{_tag(username)}-{issued}-{nonce}-{_proof(username, password_hash, issued, nonce)}"


def known_by(marks: Iterable[str], username: str, password_hash: str, at_ms: int) -> str | None:
    """The one of the marks that is this user's and not too old; None where none is."""
    for mark in list(marks)[:MOST_MARKS]:
        match = _MARK.fullmatch(mark)
        if match is None or match[1] != _tag(username):
            continue
        issued, nonce, proof = match.groups()[1:]
        right = hmac.compare_digest(proof, _proof(username, password_hash, issued, nonce))
        if right and -HOUR_MS <= at_ms - int(issued) * HOUR_MS < LONGEST_MS:
            return mark
    return None


def without_user(marks: Iterable[str], username: str) -> list[str]:
    """The marks of others."""
    return [mark for mark in marks if not mark.startswith(f"{_tag(username)}-")]


def _tag(username: str) -> str:
    return sha256(b"urbansense known user\0" + username.encode()).hexdigest()[:8]


def _proof(username: str, password_hash: str, issued: str, nonce: str) -> str:
    key = sha256(b"urbansense known device\0" + password_hash.encode()).digest()
    return hmac.new(key, f"{username}\n{issued}\n{nonce}".encode(), sha256).hexdigest()[:32]
