"""Logging in and out: passwords checked, sessions made and ended, each with its line in the audit log.

password ──▶ checked outside any transaction (it takes a tenth of a second) ──▶ one write transaction that counts the
failure or makes the session. The lock is looked at there again, so guesses made at the same time gain nothing.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from accounts.audit.log import append_audit
from accounts.credentials.lockout import locked_until_ms
from accounts.credentials.passwords import Passwords, check_password
from accounts.credentials.secrets import Random, draw_session, hash_of
from accounts.ports import Database
from accounts.storage.tables import sessions, users
from accounts.users.refusals import LoginRefused
from accounts.users.rows import known_user, user_row
from accounts.users.user import User
from domain.time.units import HOUR_MS


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long a session lasts: unused, and at most."""

    idle_ms: int = 2 * HOUR_MS
    longest_ms: int = 12 * HOUR_MS


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login that succeeded. `secret` is given to the browser and nobody else; it ends at `ends_at_ms` at the latest."""

    user: User
    secret: str
    ends_at_ms: int


class LoginSessions:
    """Synchronous, safe from many threads. Raises, from every method: domain.errors.TransientFault."""

    def __init__(
        self, database: Database, random: Random, passwords: Passwords, terms: SessionTerms | None = None
    ) -> None:
        self._database = database
        self._random = random
        self._passwords = passwords
        self.terms = terms or SessionTerms()

    def log_in(self, username: str, password: str, at_ms: int) -> NewSession:
        """A session of who gave the right password. Raises: LoginRefused, after as much work whatever was wrong."""
        kept, holds = self._check(username, password)
        again = self._passwords.hash(password) if holds and self._passwords.is_outdated(str(kept)) else kept
        session = None
        with self._database.writing() as connection:
            if self._settle(connection, username, kept, holds, at_ms):
                connection.execute(update(users).where(users.c.username == username).values(password_hash=again))
                session = self.admit(connection, username, at_ms, "password")
        if session is None:
            raise LoginRefused
        return session

    def admit(self, connection: Connection, username: str, at_ms: int, by_way_of: str) -> NewSession:
        """A session of an active user whose identity was proved already, within the caller's transaction."""
        secret = draw_session(self._random)
        user = known_user(connection, username)
        ended = or_(sessions.c.ends_at_ms <= at_ms, sessions.c.used_at_ms <= at_ms - self.terms.idle_ms)
        connection.execute(delete(sessions).where(ended))
        ends_at_ms = at_ms + self.terms.longest_ms
        row = {
            "secret_hash": secret.hash, "username": username, "created_at_ms": at_ms, "used_at_ms": at_ms,
            "ends_at_ms": ends_at_ms,
        }  # fmt: skip
        connection.execute(insert(sessions).values(row))
        append_audit(connection, at_ms, username, "login", f"user/{username}", {"by": by_way_of})
        return NewSession(user, secret.text, ends_at_ms)

    def log_out(self, secret: str, at_ms: int) -> None:
        """That session is over. Nothing happens where it was already."""
        found = sessions.c.secret_hash == hash_of(secret)
        with self._database.writing() as connection:
            username = connection.execute(select(sessions.c.username).where(found)).scalar()
            if username is not None:
                connection.execute(delete(sessions).where(found))
                append_audit(connection, at_ms, username, "logout", f"user/{username}")

    def log_out_everywhere(self, username: str, *, by: str, at_ms: int) -> int:
        """How many sessions of the user are over. Raises: UnknownPerson."""
        with self._database.writing() as connection:
            known_user(connection, username)
            ended = _end_all(connection, username)
            append_audit(connection, at_ms, by, "logout-everywhere", f"user/{username}", {"sessions": ended})
            return ended

    def set_password(self, username: str, password: str, *, by: str, at_ms: int) -> User:
        """The user, whose password it now is, and who is logged out everywhere. Raises: UnknownPerson; BadPeople."""
        check_password(username, password)
        hashed = self._passwords.hash(password)
        with self._database.writing() as connection:
            return self._keep(connection, username, hashed, by, at_ms)

    def change_own_password(self, username: str, current: str, password: str, at_ms: int) -> None:
        """As `set_password`, for who knows the present one; a wrong one counts as a failed login.

        Raises: LoginRefused; BadPeople.
        """
        check_password(username, password)
        kept, holds = self._check(username, current)
        hashed = self._passwords.hash(password)
        with self._database.writing() as connection:
            proved = self._settle(connection, username, kept, holds, at_ms)
            if proved:
                self._keep(connection, username, hashed, username, at_ms)
        if not proved:
            raise LoginRefused

    def _check(self, username: str, password: str) -> tuple[str | None, bool]:
        """The hash that is kept, and whether it is the password's."""
        with self._database.reading() as connection:
            row = user_row(connection, username)
        kept = row.password_hash if row is not None else None
        return kept, self._passwords.holds(kept, password)

    def _settle(self, connection: Connection, username: str, checked: str | None, holds: bool, at_ms: int) -> bool:
        """Whether it is the user; a failure is counted. What was checked must still be what is kept."""
        row = user_row(connection, username)
        if row is None:
            append_audit(connection, at_ms, "nobody", "login-failed", "user", {"why": "unknown user"})
            return False
        why = _why_not(row, checked, holds, at_ms)
        values: dict[str, Any] = {"failed_logins": 0, "locked_until_ms": None}
        if why == "wrong password":
            failures = row.failed_logins + 1
            values = {"failed_logins": failures, "locked_until_ms": locked_until_ms(failures, at_ms)}
        if why in (None, "wrong password"):
            connection.execute(update(users).where(users.c.username == username).values(values))
        if why is not None:
            append_audit(connection, at_ms, "nobody", "login-failed", f"user/{username}", {"why": why})
        return why is None

    def _keep(self, connection: Connection, username: str, hashed: str, by: str, at_ms: int) -> User:
        """Give the user the password of that hash, and end every session."""
        user = known_user(connection, username)
        values = {"password_hash": hashed, "failed_logins": 0, "locked_until_ms": None, "version": user.version + 1}
        connection.execute(update(users).where(users.c.username == username).values(values))
        ended = _end_all(connection, username)
        append_audit(connection, at_ms, by, "password-changed", f"user/{username}", {"sessions": ended})
        return known_user(connection, username)


def _why_not(row: Any, checked: str | None, holds: bool, at_ms: int) -> str | None:
    if not row.active:
        return "disabled"
    if row.locked_until_ms is not None and at_ms < row.locked_until_ms:
        return "locked"
    if row.password_hash is None:
        return "no password"
    return None if holds and row.password_hash == checked else "wrong password"


def _end_all(connection: Connection, username: str) -> int:
    return connection.execute(delete(sessions).where(sessions.c.username == username)).rowcount
