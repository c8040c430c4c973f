"""What ends with a user's access: sessions and tokens, within the caller's transaction and its line in the audit log."""

from sqlalchemy import Connection, delete, update

from accounts.storage.tables import sessions, tokens


def end_sessions(connection: Connection, username: str) -> int:
    """How many sessions are over."""
    return connection.execute(delete(sessions).where(sessions.c.username == username)).rowcount


def end_tokens(connection: Connection, username: str, at_ms: int) -> int:
    """How many tokens hold no more."""
    mine = (tokens.c.username == username) & tokens.c.revoked_at_ms.is_(None)
    return connection.execute(update(tokens).where(mine).values(revoked_at_ms=at_ms)).rowcount
