"""People as rows of the database."""

from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

from accounts.storage.tables import departments, users
from accounts.users.refusals import UnknownPerson
from accounts.users.user import USERNAME, Department, User
from domain.actors import Role
from domain.events import Text

_AS_JSON: Final = ("roles", "departments", "areas")


def user_row(connection: Connection, username: str) -> Any | None:
    """The whole row, its password hash too; None also where the text cannot be a username."""
    if not USERNAME.fullmatch(username):
        return None
    return connection.execute(select(users).where(users.c.username == username)).one_or_none()


def known_user(connection: Connection, username: str) -> User:
    """Raises: UnknownPerson."""
    row = user_row(connection, username)
    if row is None:
        raise UnknownPerson(f"there is no user {username!r}")
    return user_of(row)


def user_of(row: Any) -> User:
    """The user of a row."""
    return User(
        username=row.username,
        display_name=row.display_name,
        email=row.email,
        phone=row.phone,
        roles=frozenset(Role(role) for role in orjson.loads(row.roles)),
        departments=frozenset(orjson.loads(row.departments)),
        areas=tuple(orjson.loads(row.areas)),
        oidc_subject=row.oidc_subject,
        has_password=row.password_hash is not None,
        active=row.active,
        created_at_ms=row.created_at_ms,
        version=row.version,
    )


def user_columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a user as columns: sets and tuples as JSON arrays, sets in order."""
    return {name: as_json(value) if name in _AS_JSON else value for name, value in fields.items()}


def as_json(names: Any) -> str:
    ordered = sorted(names) if isinstance(names, frozenset) else list(names)
    return orjson.dumps(ordered).decode()


def department_of(row: Any) -> Department:
    return Department(name=row.name, title=Text(en=row.title_en, zh=row.title_zh), active=row.active)


def known_departments(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(select(departments.c.name)).scalars())
