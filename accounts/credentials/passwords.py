"""Passwords: which are taken, and how they are kept. The hash is argon2id; the salt is drawn by the caller's source."""

from collections.abc import Callable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from accounts.users.refusals import BadPeople

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 1000
"""Hashing takes time with length; nobody types more."""
_SALT_BYTES: Final = 16
_WORST: Final = frozenset(
    (
        "1234567890", "0123456789", "12345678910", "123456789a", "1q2w3e4r5t", "qwertyuiop", "password12", "password123",
        "password1234", "passw0rd123", "iloveyou123", "administrator", "admin12345", "admin123456", "a123456789",
        "qwerty12345", "1qaz2wsx3edc", "1qaz@wsx3edc", "woaini1314", "woaini520520", "aa123456789", "qq123456789",
        "letmein1234", "welcome123", "changeme123", "urbansense", "urbansense1",
    )
)  # fmt: skip
"""Those that are tried first, of ten characters and more."""


class Passwords:
    """Hashes and checks. `random(n)` gives n unforeseeable bytes. Takes some 0.1 s of processor time and 64 MiB each."""

    def __init__(self, random: Callable[[int], bytes], hasher: PasswordHasher | None = None) -> None:
        self._random = random
        self._hasher = hasher or PasswordHasher()
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        return self._hasher.hash(password, salt=self._random(_SALT_BYTES))

    def holds(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. It takes as long for who has none, so that nobody learns who is known."""
        if len(password) > MAX_LENGTH:
            return False
        if self._nobody is None:  # made at the first check, whoever it is for, as it takes as long as one
            self._nobody = self.hash(self._random(_SALT_BYTES).hex())
        try:
            return self._hasher.verify(kept or self._nobody, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than are in force."""
        return self._hasher.check_needs_rehash(kept)


def check_password(username: str, password: str) -> None:
    """Raises: BadPeople where the password is too short, too long, among the worst, or the username."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        what = f"write {MIN_LENGTH} to {MAX_LENGTH} characters"
    elif password.lower() in _WORST or len(set(password)) < 3:
        what = "it is among the first that anybody tries"
    elif username in password.lower() and len(password) < len(username) + MIN_LENGTH // 2:
        what = "it is the username, or hardly more"
    else:
        return
    raise BadPeople([("password", what)])
