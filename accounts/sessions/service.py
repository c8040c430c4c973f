"""Logging in and out: passwords checked, sessions made and ended, each with its line in the audit log.

password ──▶ checked outside any transaction (it takes a tenth of a second) ──▶ right: one write transaction that makes the
session, if that password still holds; wrong: counted, and written down in nobody's time. How many guesses anybody has is
decided before (`accounts.credentials.attempt_limits`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, or_, select, update

from accounts.audit.failures import FailedLogins
from accounts.audit.log import append_audit
from accounts.credentials.known_devices import draw_mark, known_by
from accounts.credentials.passwords import Passwords, check_password
from accounts.credentials.secrets import Random, draw_session, hash_of
from accounts.ports import Database
from accounts.storage.tables import sessions, users
from accounts.users.ending import end_sessions, end_tokens
from accounts.users.refusals import LoginRefused
from accounts.users.rows import known_user, user_row
from accounts.users.user import User
from domain.time.units import HOUR_MS

MOST_SESSIONS: Final = 50
"""Of one user at a time; a new one beyond ends the oldest, so that nobody fills the database by logging in."""


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long a session lasts: unused, and at most."""

    idle_ms: int = 2 * HOUR_MS
    longest_ms: int = 12 * HOUR_MS


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login that succeeded. `secret` is given to the browser and nobody else; it ends at `ends_at_ms` at the latest.

    `device_mark` is by what the browser is known from now on; None after a login that needed no password.
    """

    user: User
    secret: str
    ends_at_ms: int
    device_mark: str | None = None


class LoginSessions:
    """Synchronous, safe from many threads. Raises, from every method: domain.errors.TransientFault.

    `failures` counts what was refused; whoever runs this writes them down (`FailedLogins.write`).
    """

    def __init__(
        self, database: Database, random: Random, passwords: Passwords, terms: SessionTerms | None = None
    ) -> None:
        self._database = database
        self._random = random
        self._passwords = passwords
        self.terms = terms or SessionTerms()
        self.failures = FailedLogins(database)

    def known_device(self, username: str, marks: Iterable[str], at_ms: int) -> str | None:
        """The one of a browser's marks by which the user is known to log in there."""
        with self._database.reading() as connection:
            row = user_row(connection, username)
        kept = row.password_hash if row is not None and row.active else None
        return known_by(marks, username, kept or "", at_ms) if kept is not None else None

    def log_in(self, username: str, password: str, at_ms: int) -> NewSession:
        """A session of who gave the right password. Raises: LoginRefused, after as much work whatever was wrong."""
        row, holds = self._check(username, password)
        if not holds:
            raise self._refused(username, row, at_ms)
        again = self._passwords.hash(password) if self._passwords.is_outdated(row.password_hash) else row.password_hash
        with self._database.writing() as connection:
            if not _still_holds(connection, username, row.password_hash):
                raise LoginRefused
            connection.execute(update(users).where(users.c.username == username).values(password_hash=again))
            session = self.admit(connection, username, at_ms, "password")
        return replace(session, device_mark=draw_mark(self._random, username, again, at_ms))

    def admit(self, connection: Connection, username: str, at_ms: int, by_way_of: str) -> NewSession:
        """A session of an active user whose identity was proved already, within the caller's transaction."""
        secret = draw_session(self._random)
        user = known_user(connection, username)
        ended = or_(sessions.c.ends_at_ms <= at_ms, sessions.c.used_at_ms <= at_ms - self.terms.idle_ms)
        connection.execute(delete(sessions).where(ended))
        mine = sessions.c.username == username
        newest_first = select(sessions.c.secret_hash).where(mine).order_by(sessions.c.created_at_ms.desc())
        too_many = newest_first.offset(MOST_SESSIONS - 1)
        for beyond in connection.execute(too_many).scalars().all():
            connection.execute(delete(sessions).where(sessions.c.secret_hash == beyond))
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
            ended = end_sessions(connection, username)
            append_audit(connection, at_ms, by, "logout-everywhere", f"user/{username}", {"sessions": ended})
            return ended

    def set_password(self, username: str, password: str, *, by: str, at_ms: int, keep_tokens: bool = False) -> User:
        """The user, whose password it now is, and who is logged out everywhere; tokens end too, unless kept on purpose.

        Raises: UnknownPerson; BadPeople.
        """
        check_password(username, password)
        hashed = self._passwords.hash(password)
        with self._database.writing() as connection:
            return self._keep(connection, username, hashed, by, at_ms, keep_tokens)

    def change_own_password(
        self, username: str, current: str, password: str, at_ms: int, *, keep_tokens: bool = False
    ) -> None:
        """As `set_password`, for who knows the present one; a wrong one counts as a failed login.

        Raises: LoginRefused; BadPeople.
        """
        check_password(username, password)
        row, holds = self._check(username, current)
        if not holds:
            raise self._refused(username, row, at_ms)
        hashed = self._passwords.hash(password)
        with self._database.writing() as connection:
            if not _still_holds(connection, username, row.password_hash):
                raise LoginRefused
            self._keep(connection, username, hashed, username, at_ms, keep_tokens)

    def _check(self, username: str, password: str) -> tuple[Any, bool]:
        """The user's row, None where there is none, and whether it is an active user's and the password theirs."""
        with self._database.reading() as connection:
            row = user_row(connection, username)
        right = self._passwords.holds(row.password_hash if row is not None else None, password)
        return row, right and row is not None and row.active

    def _refused(self, username: str, row: Any, at_ms: int) -> LoginRefused:
        if row is None:
            self.failures.note("user", "unknown user", at_ms)
        else:
            self.failures.note(f"user/{username}", _why_not(row), at_ms)
        return LoginRefused()

    def _keep(self, connection: Connection, username: str, hashed: str, by: str, at_ms: int, keep_tokens: bool) -> User:
        """Give the user the password of that hash, and end every session, and every token but where they are kept."""
        user = known_user(connection, username)
        values = {"password_hash": hashed, "version": user.version + 1}
        connection.execute(update(users).where(users.c.username == username).values(values))
        details = {"sessions": end_sessions(connection, username)}
        details["tokens"] = 0 if keep_tokens else end_tokens(connection, username, at_ms)
        append_audit(connection, at_ms, by, "password-changed", f"user/{username}", details)
        return known_user(connection, username)


def _still_holds(connection: Connection, username: str, checked: str) -> bool:
    """Whether nobody disabled the user or changed the password while it was checked."""
    row = user_row(connection, username)
    return row is not None and row.active and row.password_hash == checked


def _why_not(row: Any) -> str:
    if not row.active:
        return "disabled"
    return "wrong password" if row.password_hash is not None else "no password"
