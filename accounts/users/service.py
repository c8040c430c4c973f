"""Users and departments: each change one transaction, with its line in the audit log."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from accounts.audit.log import append_audit
from accounts.ports import Database
from accounts.storage.migrations.upgrading import upgrade
from accounts.storage.tables import departments, users
from accounts.users.ending import end_sessions, end_tokens
from accounts.users.refusals import BadPeople, InTheWay, NameTaken, StaleVersion
from accounts.users.rows import department_of, known_departments, known_user, user_columns, user_of, user_row
from accounts.users.user import Department, NewUser, User, UserChange
from domain.actors import Role, covers

_RECORDED_WITH_VALUES: Final = frozenset({"roles", "departments", "areas", "active", "oidc_subject"})
"""What the audit log holds in full of a change; of names, addresses and numbers only that they were changed."""


class UserService:
    """All users and departments. Synchronous, safe from many threads.

    Opening it, or where the database is away its first use, brings the schema of the accounts to its newest version.
    Nobody is ever deleted: who leaves is disabled. `by` is the name of who does it, `at_ms` when. `issuer` is the identity
    provider at which people can log in.
    Raises, from every method: domain.errors.TransientFault when the database does not answer.
    """

    def __init__(self, database: Database, issuer: str | None = None) -> None:
        self.database = database
        self.issuer = issuer
        database.prepare(partial(upgrade, database))

    def user(self, username: str) -> User | None:
        with self.database.reading() as connection:
            row = user_row(connection, username)
            return user_of(row) if row is not None else None

    def users(self, after: str | None = None, limit: int = 1000) -> tuple[User, ...]:
        """By username, those who are disabled too; `after` is the last username of the page before."""
        wanted = select(users).order_by(users.c.username).limit(limit)
        if after is not None:
            wanted = wanted.where(users.c.username > after)
        with self.database.reading() as connection:
            return tuple(user_of(row) for row in connection.execute(wanted))

    def people_of(
        self, *, role: Role | None = None, department: str | None = None, area: str | None = None
    ) -> tuple[User, ...]:
        """The active users who have the role, are of the department, and whose scope covers the area; by username."""
        with self.database.reading() as connection:
            rows = connection.execute(select(users).where(users.c.active).order_by(users.c.username)).all()
        return tuple(
            one
            for one in map(user_of, rows)
            if (role is None or role in one.roles)
            and (department is None or department in one.departments)
            and covers(one.actor, area)
        )

    def add_user(self, new: NewUser, *, by: str, at_ms: int) -> User:
        """A user without a password. Raises: NameTaken; BadPeople where a department is not known."""
        fields = dict(new)
        with self.database.writing() as connection:
            if user_row(connection, new.username) is not None:
                raise NameTaken(f"there is a user {new.username!r} already")
            _check(connection, fields, new.username)
            row = {
                **user_columns(fields), "active": True, "created_at_ms": at_ms, "version": 1,
            }  # fmt: skip
            connection.execute(insert(users).values(row))
            details = {"roles": sorted(new.roles), "departments": sorted(new.departments), "areas": list(new.areas)}
            append_audit(connection, at_ms, by, "user-added", f"user/{new.username}", details)
            return known_user(connection, new.username)

    def change_user(
        self, username: str, change: UserChange, *, by: str, at_ms: int, expected_version: int | None = None
    ) -> User:
        """The user after the change. Who is disabled is logged out everywhere, and their tokens end. The same values again
        change nothing.

        Raises: UnknownPerson; StaleVersion; BadPeople; InTheWay where no administrator who can log in would be left.
        """
        with self.database.writing() as connection:
            return change_in(connection, username, change.given(), by, at_ms, expected_version, issuer=self.issuer)

    def has_administrator(self) -> bool:
        """Whether somebody can log in and add others."""
        with self.database.reading() as connection:
            return any(can_administer(user_of(row), self.issuer) for row in connection.execute(select(users)))

    def departments(self) -> tuple[Department, ...]:
        """By name."""
        with self.database.reading() as connection:
            rows = connection.execute(select(departments).order_by(departments.c.name))
            return tuple(department_of(row) for row in rows)

    def put_department(self, department: Department, *, by: str, at_ms: int) -> bool:
        """Whether anything changed: it is new, or differs from what was known."""
        row = {
            "name": department.name,
            "title_en": department.title.en,
            "title_zh": department.title.zh,
            "active": department.active,
        }
        with self.database.writing() as connection:
            known = connection.execute(select(departments).where(departments.c.name == department.name)).one_or_none()
            if known is not None and department_of(known) == department:
                return False
            if known is None:
                connection.execute(insert(departments).values(row))
            else:
                connection.execute(update(departments).where(departments.c.name == department.name).values(row))
            action = "department-added" if known is None else "department-changed"
            append_audit(
                connection, at_ms, by, action, f"department/{department.name}", department.model_dump(mode="json")
            )
            return True


def change_in(
    connection: Connection,
    username: str,
    fields: Mapping[str, Any],
    by: str,
    at_ms: int,
    expected: int | None = None,
    *,
    issuer: str | None,
) -> User:
    """`UserService.change_user` within a transaction."""
    before = known_user(connection, username)
    if expected not in (None, before.version):
        raise StaleVersion(f"user {username}", before.version)
    changed = {name: value for name, value in fields.items() if value != getattr(before, name)}
    if not changed:
        return before
    _check(connection, changed, username)
    _keep_an_administrator(connection, before, changed, issuer)
    values = {**user_columns(changed), "version": before.version + 1}
    connection.execute(update(users).where(users.c.username == username).values(values))
    if changed.get("active") is False:
        end_sessions(connection, username)
        end_tokens(connection, username, at_ms)
    append_audit(connection, at_ms, by, _action(changed), f"user/{username}", _details(before, changed))
    return known_user(connection, username)


def _action(changed: Mapping[str, Any]) -> str:
    if "active" not in changed:
        return "user-changed"
    return "user-enabled" if changed["active"] else "user-disabled"


def _details(before: User, changed: Mapping[str, Any]) -> dict[str, Any]:
    details: dict[str, Any] = {"changed": sorted(changed)}
    for name in sorted(_RECORDED_WITH_VALUES & changed.keys()):
        details[name] = {"from": _plain(getattr(before, name)), "to": _plain(changed[name])}
    return details


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _check(connection: Connection, fields: Mapping[str, Any], username: str) -> None:
    faults = []
    unknown = sorted(fields.get("departments", frozenset()) - known_departments(connection))
    if unknown:
        faults.append(("departments", f"there is no department {', '.join(unknown)}; an administrator adds one first"))
    subject = fields.get("oidc_subject")
    if subject is not None:
        holder = connection.execute(select(users.c.username).where(users.c.oidc_subject == subject)).scalar()
        if holder not in (None, username):
            faults.append(("oidc_subject", f"it is {holder}'s"))
    if faults:
        raise BadPeople(faults)


def can_administer(user: User, issuer: str | None) -> bool:
    """Whether they can log in as an administrator: by a password, or at the provider whose issuer this is."""
    at_provider = issuer is not None and (user.oidc_subject or "").startswith(f"{issuer} ")
    return user.active and Role.ADMINISTRATOR in user.roles and (user.has_password or at_provider)


def _keep_an_administrator(
    connection: Connection, before: User, changed: Mapping[str, Any], issuer: str | None
) -> None:
    if not can_administer(before, issuer) or can_administer(before.model_copy(update=dict(changed)), issuer):
        return
    others = connection.execute(select(users).where(users.c.active, users.c.username != before.username))
    if not any(can_administer(user_of(row), issuer) for row in others):
        raise InTheWay(
            f"{before.username} is the last administrator who can log in: give another one a password or the provider first"
        )
