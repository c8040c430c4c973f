"""The secrets that stand for a person: what they look like, and what is kept of them. Pure.

session   43 characters of base64url: 256 random bits, in a cookie
token     us_<id>_<secret>: 16 hexadecimal digits to find it by, and 43 characters of base64url that prove it
Of both only a SHA-256 over the whole text is kept: it cannot be turned round, since nobody guesses 256 bits.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

Random = Callable[[int], bytes]
"""n unforeseeable bytes."""

_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 8
_TOKEN: Final = re.compile(r"us_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a token may be used for. A session may do all that its user may."""

    READ = "read"
    CASES_REPORT = "cases:report"
    CASES_ACT = "cases:act"
    DEVICES = "devices"
    RULES = "rules"
    PEOPLE = "people"
    AUDIT = "audit"


class NewSecret(NamedTuple):
    """A secret just drawn: the id it is found by (a session's is its hash), the text shown once, the hash to keep."""

    id: str
    text: str
    hash: str


def draw_session(random: Random) -> NewSecret:
    text = _secret(random)
    return NewSecret(hash_of(text), text, hash_of(text))


def draw_token(random: Random) -> NewSecret:
    identity = random(_ID_BYTES).hex()
    text = f"us_{identity}_{_secret(random)}"
    return NewSecret(identity, text, hash_of(text))


def token_id_of(text: str) -> str | None:
    """The id in a token's text; None where it is no token."""
    match = _TOKEN.fullmatch(text)
    return match[1] if match else None


def is_session(text: str) -> bool:
    """Whether a cookie's text can be a session's."""
    return _SESSION.fullmatch(text) is not None


def hash_of(text: str) -> str:
    """SHA-256 of the text, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def _secret(random: Random) -> str:
    return urlsafe_b64encode(random(_SECRET_BYTES)).rstrip(b"=").decode()
