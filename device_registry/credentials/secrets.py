"""Secrets of credentials, and the only form in which they are kept: the hash that Mosquitto's dynamic security keeps."""

from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac
from hmac import compare_digest
from secrets import token_bytes, token_urlsafe
from typing import Final, NamedTuple

_SECRET_BYTES: Final = 32
_SALT_BYTES: Final = 12
ITERATIONS: Final = 101
"""As Mosquitto 2 counts. A secret has 256 random bits, so no count of iterations makes guessing it any harder."""


class SecretHash(NamedTuple):
    """PBKDF2-SHA512 of a secret; `salt` and `digest` in base64, as they stand in Mosquitto's `dynamic-security.json`."""

    salt: str
    digest: str
    iterations: int


def new_secret() -> str:
    """A secret of 256 random bits: 43 characters that need no escaping in a URL, a shell or a CSV file."""
    return token_urlsafe(_SECRET_BYTES)


def hash_secret(secret: str, salt: bytes | None = None) -> SecretHash:
    """The hash to keep; with a fresh salt unless one is given."""
    salt = token_bytes(_SALT_BYTES) if salt is None else salt
    digest = pbkdf2_hmac("sha512", secret.encode(), salt, ITERATIONS)
    return SecretHash(b64encode(salt).decode(), b64encode(digest).decode(), ITERATIONS)


def is_secret_of(secret: str, kept: SecretHash) -> bool:
    """Whether `kept` is the hash of `secret`, in constant time."""
    digest = pbkdf2_hmac("sha512", secret.encode(), b64decode(kept.salt), kept.iterations)
    return compare_digest(digest, b64decode(kept.digest))
