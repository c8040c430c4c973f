"""Who stands behind a credential: a session's secret or a token's text, looked up at each request."""

from collections.abc import Set
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

import orjson
from sqlalchemy import select, update

from accounts.credentials.secrets import Scope, hash_of, is_session, token_id_of
from accounts.ports import Database
from accounts.sessions.service import SessionTerms
from accounts.storage.tables import sessions, tokens
from accounts.users.rows import user_of, user_row
from domain.actors import Actor
from domain.time.units import MINUTE_MS

_NOTE_USE_EVERY_MS: Final = MINUTE_MS
"""The last use is written down at most once a minute, so that reading needs no write."""


@dataclass(frozen=True, slots=True)
class Session:
    """The cookie's text."""

    secret: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """The text after `Authorization: Bearer`."""

    text: str


Credentials = Session | Bearer


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `scopes` bound what a token may; None is a session, or urbansense itself: all that the actor may.

    `unnoted` is the row whose last use is worth writing down.
    """

    actor: Actor
    scopes: Set[Scope] | None = None
    unnoted: str | None = None

    @property
    def name(self) -> str:
        return self.actor.name


class Authenticator:
    """Synchronous, safe from many threads. Raises, from every method: domain.errors.TransientFault."""

    def __init__(self, database: Database, terms: SessionTerms) -> None:
        self._database = database
        self._terms = terms

    def caller_of(self, credentials: Credentials, at_ms: int) -> Caller | None:
        """Who it is, with what they may now; None where it is nobody's, over, revoked, or its user is disabled."""
        match credentials:
            case Session(secret):
                return self._by_session(secret, at_ms) if is_session(secret) else None
            case Bearer(text):
                token_id = token_id_of(text)
                return self._by_token(token_id, text, at_ms) if token_id is not None else None

    def note_use(self, caller: Caller, at_ms: int) -> None:
        """Write down that a session or token is in use, so that an idle one is known."""
        if caller.unnoted is None:
            return
        with self._database.writing() as connection:
            if caller.scopes is None:
                mine = sessions.c.secret_hash == caller.unnoted
                connection.execute(update(sessions).where(mine, sessions.c.used_at_ms < at_ms).values(used_at_ms=at_ms))
            else:
                connection.execute(
                    update(tokens).where(tokens.c.token_id == caller.unnoted).values(used_at_ms=at_ms)
                )  # fmt: skip

    def _by_session(self, secret: str, at_ms: int) -> Caller | None:
        kept = hash_of(secret)
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).where(sessions.c.secret_hash == kept)).one_or_none()
            if row is None or at_ms >= min(row.ends_at_ms, row.used_at_ms + self._terms.idle_ms):
                return None
            actor = _active(user_row(connection, row.username))
        return Caller(actor, None, _unnoted(kept, row.used_at_ms, at_ms)) if actor is not None else None

    def _by_token(self, token_id: str, text: str, at_ms: int) -> Caller | None:
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.token_id == token_id)).one_or_none()
            if row is None or not compare_digest(row.secret_hash, hash_of(text)):
                return None
            if row.revoked_at_ms is not None or (row.ends_at_ms is not None and at_ms >= row.ends_at_ms):
                return None
            actor = _active(user_row(connection, row.username))
        scopes = frozenset(Scope(scope) for scope in orjson.loads(row.scopes))
        return Caller(actor, scopes, _unnoted(token_id, row.used_at_ms, at_ms)) if actor is not None else None


def _active(row: Any) -> Actor | None:
    return user_of(row).actor if row is not None and row.active else None


def _unnoted(key: str, used_at_ms: int | None, at_ms: int) -> str | None:
    return key if used_at_ms is None or at_ms - used_at_ms >= _NOTE_USE_EVERY_MS else None
