"""Who comes by an identity provider: their user is found or made, and their roles follow the provider's claims."""

from typing import Any

import structlog
from sqlalchemy import Connection, insert, select

from accounts.audit.log import append_audit
from accounts.oidc.login import OidcRefused, ProviderIdentity
from accounts.ports import Database
from accounts.sessions.service import LoginSessions, NewSession
from accounts.storage.tables import users
from accounts.users.refusals import InTheWay
from accounts.users.rows import user_columns, user_row
from accounts.users.service import change_in
from accounts.users.user import USERNAME

_log = structlog.get_logger()


class UserProvisioning:
    """Lets in whom the provider vouches for. Synchronous, safe from many threads.

    The first login makes the user; each later one gives the roles that the provider's mapping gives now. Departments and
    areas are the administrator's to give, and stay.
    """

    def __init__(self, database: Database, logins: LoginSessions, issuer: str) -> None:
        self._database = database
        self._logins = logins
        self._issuer = issuer

    def admit(self, identity: ProviderIdentity, at_ms: int) -> NewSession:
        """Raises: OidcRefused where the username is somebody else's or none, or the user is disabled."""
        with self._database.writing() as connection:
            found = connection.execute(select(users).where(users.c.oidc_subject == identity.subject)).one_or_none()
            username = self._make(connection, identity, at_ms) if found is None else self._follow(
                connection, found, identity, at_ms
            )  # fmt: skip
            return self._logins.admit(connection, username, at_ms, "OpenID Connect")

    def _make(self, connection: Connection, identity: ProviderIdentity, at_ms: int) -> str:
        username = identity.username
        if not USERNAME.fullmatch(username):
            raise OidcRefused(f"{username!r} cannot be a username here; tell the administrator")
        if user_row(connection, username) is not None:
            raise OidcRefused(
                f"there is a user {username!r} here who is not known to be you; the administrator can join the two"
            )
        fields: dict[str, Any] = {
            "username": username, "display_name": identity.display_name[:200], "email": identity.email,
            "roles": identity.roles, "departments": frozenset(), "areas": (), "oidc_subject": identity.subject,
        }  # fmt: skip
        row = {**user_columns(fields), "active": True, "created_at_ms": at_ms, "version": 1}
        connection.execute(insert(users).values(row))
        details = {"roles": sorted(identity.roles), "by": "OpenID Connect", "oidc_subject": identity.subject}
        append_audit(connection, at_ms, username, "user-added", f"user/{username}", details)
        return username

    def _follow(self, connection: Connection, row: Any, identity: ProviderIdentity, at_ms: int) -> str:
        username = str(row.username)
        if not row.active:
            raise OidcRefused("your account here is disabled; ask the administrator")
        try:
            change_in(connection, username, {"roles": identity.roles}, username, at_ms, issuer=self._issuer)
        except InTheWay as error:
            _log.warning("people.last_administrator_kept", username=username, detail=str(error))
        return username
