"""Who may be notified of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from accounts.storage.tables import departments, users
from accounts.users.rows import department_of, user_of
from accounts.users.user import User
from domain.actors import Actor, Role, covers
from domain.events import Text


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the city's staff."""

    name: str
    roles: frozenset[Role]
    departments: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    email: str | None = None
    phone: str | None = None


class Staff:
    """The city's active people, as they are given. Shape: every answer is in the order of their names."""

    def __init__(self, people: Sequence[Person], titles: Mapping[str, Text] | None = None) -> None:
        self._people = {person.name: person for person in sorted(people, key=lambda one: one.name)}
        self._titles = titles or {}

    def members_of(self, department: str) -> list[Person]:
        """Who works for a department."""
        return [one for one in self._people.values() if Role.DEPARTMENT in one.roles and department in one.departments]

    def with_role(self, role: Role, area: str | None) -> list[Person]:
        """Who has the role for an area."""
        return [one for one in self._people.values() if role in one.roles and _covers(one, area)]

    def find(self, name: str) -> Person | None:
        """The one of that user name."""
        return self._people.get(name)

    def title_of(self, department: str) -> Text:
        """What a department is called; its name where nobody gave it a title."""
        return self._titles.get(department) or Text(en=department, zh=department)


def read_staff(connection: Connection) -> Staff:
    """The active users as the database has them."""
    rows = connection.execute(select(users).where(users.c.active.is_(True)))
    titles = {row.name: department_of(row).title for row in connection.execute(select(departments))}
    return Staff([_person(user_of(row)) for row in rows], titles)


def _person(user: User) -> Person:
    return Person(user.username, user.roles, user.departments, user.areas, user.email, user.phone)


def _covers(person: Person, area: str | None) -> bool:
    return covers(Actor(person.name, person.roles, person.departments, person.areas), area)
