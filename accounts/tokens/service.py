"""API tokens: made, shown once, revoked; each with its line in the audit log."""

from typing import Any, Final

import orjson
from sqlalchemy import func, insert, or_, select, update

from accounts.audit.log import append_audit
from accounts.credentials.secrets import Random, Scope, draw_token
from accounts.ports import Database
from accounts.storage.tables import tokens
from accounts.users.refusals import BadPeople, InTheWay, UnknownPerson
from accounts.users.rows import as_json, known_user
from accounts.users.user import Strict, Words

MOST_TOKENS: Final = 100
"""Of one user that hold: nobody fills the database with them."""


class Token(Strict):
    """A token as it is listed. Time: epoch ms. It holds until `ends_at_ms` (None: until revoked)."""

    token_id: str
    username: str
    label: str
    scopes: Words[Scope]
    created_at_ms: int
    used_at_ms: int | None
    ends_at_ms: int | None
    revoked_at_ms: int | None


class NewToken(Strict):
    """A token just made; `secret` is its whole text, given here and never again."""

    token: Token
    secret: str


class TokenService:
    """Synchronous, safe from many threads. Raises, from every method: domain.errors.TransientFault."""

    def __init__(self, database: Database, random: Random) -> None:
        self._database = database
        self._random = random

    def create(
        self,
        username: str,
        label: str,
        scopes: frozenset[Scope],
        *,
        by: str,
        at_ms: int,
        ends_at_ms: int | None = None,
        at_most: frozenset[Scope] | None = None,
    ) -> NewToken:
        """A token of that user, who may do no more by it than they may themselves.

        `at_most` are the scopes of the token by which this one is made.
        Raises: UnknownPerson; BadPeople; InTheWay where it would have more than `at_most`, or its user is disabled.
        """
        faults = [("scopes", "name at least one")] if not scopes else []
        if ends_at_ms is not None and ends_at_ms <= at_ms:
            faults.append(("ends_at_ms", "it is over already"))
        if faults:
            raise BadPeople(faults)
        if at_most is not None and not scopes <= at_most:
            raise InTheWay("a token makes no token that may do more than itself")
        secret = draw_token(self._random)
        row = {
            "token_id": secret.id, "username": username, "label": label, "secret_hash": secret.hash,
            "scopes": as_json(scopes), "created_at_ms": at_ms, "ends_at_ms": ends_at_ms,
        }  # fmt: skip
        with self._database.writing() as connection:
            if not known_user(connection, username).active:
                raise InTheWay(f"user {username} is disabled")
            holds = tokens.c.revoked_at_ms.is_(None) & or_(tokens.c.ends_at_ms.is_(None), tokens.c.ends_at_ms > at_ms)
            held = select(func.count()).where(tokens.c.username == username, holds)
            if connection.execute(held).scalar_one() >= MOST_TOKENS:
                raise InTheWay(f"user {username} has {MOST_TOKENS} tokens: revoke one first")
            connection.execute(insert(tokens).values(row))
            details = {"user": username, "label": label, "scopes": sorted(scopes), "ends_at_ms": ends_at_ms}
            append_audit(connection, at_ms, by, "token-made", f"token/{secret.id}", details)
            made = connection.execute(select(tokens).where(tokens.c.token_id == secret.id)).one()
        return NewToken(token=token_of(made), secret=secret.text)

    def list(self, username: str | None = None) -> tuple[Token, ...]:
        """Those of one user, or all, newest first; what is over or revoked too."""
        wanted = select(tokens).order_by(tokens.c.created_at_ms.desc(), tokens.c.token_id)
        if username is not None:
            wanted = wanted.where(tokens.c.username == username)
        with self._database.reading() as connection:
            return tuple(token_of(row) for row in connection.execute(wanted))

    def revoke(self, token_id: str, *, by: str, at_ms: int, of: str | None = None) -> Token:
        """The token, which holds no more. With `of`, only where it is that user's. Again: nothing changes.

        Raises: UnknownPerson.
        """
        found = tokens.c.token_id == token_id
        with self._database.writing() as connection:
            row = connection.execute(select(tokens).where(found)).one_or_none()
            if row is None or of not in (None, row.username):
                raise UnknownPerson(f"there is no token {token_id!r}")
            if row.revoked_at_ms is None:
                connection.execute(update(tokens).where(found).values(revoked_at_ms=at_ms))
                append_audit(connection, at_ms, by, "token-revoked", f"token/{token_id}", {"user": row.username})
            return token_of(connection.execute(select(tokens).where(found)).one())


def token_of(row: Any) -> Token:
    """The token of a row."""
    return Token(
        token_id=row.token_id,
        username=row.username,
        label=row.label,
        scopes=frozenset(Scope(scope) for scope in orjson.loads(row.scopes)),
        created_at_ms=row.created_at_ms,
        used_at_ms=row.used_at_ms,
        ends_at_ms=row.ends_at_ms,
        revoked_at_ms=row.revoked_at_ms,
    )
