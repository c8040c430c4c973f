"""Users and departments as everybody else sees them: never with a hash of a secret."""

import re
from collections.abc import Set
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from domain.actors import Actor, Role
from domain.events import Text

USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
PEOPLE_ROLES: Final = frozenset(Role) - {Role.SYSTEM}
"""The roles that a person can have; `system` is urbansense itself."""


def _person_role(role: Role) -> Role:
    if role not in PEOPLE_ROLES:
        raise ValueError("nobody but urbansense itself has that role")
    return role


Username = Annotated[str, Field(pattern=rf"^{USERNAME.pattern}$", description="Lower case.")]
DepartmentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
AreaPath = Annotated[str, Field(pattern=r"^[^/\s\x00]+(/[^/\s\x00]+)*$", max_length=64)]
PersonRole = Annotated[Role, AfterValidator(_person_role)]
DisplayName = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=200)]
Email = Annotated[str, Field(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=320)]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9 ()-]{3,31}$")]
OidcSubject = Annotated[
    str, Field(pattern=r"^[^\x00]+ [^\x00]+$", max_length=400, description="`<issuer> <sub>` at the provider.")
]

_Word = TypeVar("_Word", bound=str)


def _in_order(words: Set[str]) -> list[str]:
    return sorted(words)


Words = Annotated[frozenset[_Word], PlainSerializer(_in_order, return_type=list[str], when_used="json")]
"""A set of names, in order where it is written."""


class Strict(BaseModel):
    """A value that takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Department(Strict):
    """Who handles cases. It is never deleted: `active` false takes it out of use."""

    name: DepartmentName
    title: Text
    active: bool = True


class NewUser(Strict):
    """A user to be. `areas` bound what they may touch, with all below; none means everywhere."""

    username: Username
    display_name: DisplayName = ""
    email: Email | None = None
    phone: Phone | None = None
    roles: frozenset[PersonRole] = frozenset()
    departments: frozenset[DepartmentName] = frozenset()
    areas: Annotated[tuple[AreaPath, ...], Field(max_length=50)] = ()
    oidc_subject: OidcSubject | None = None


class UserChange(Strict):
    """What to change of a user; what is left out stays. E-mail, phone and provider are taken away by null."""

    display_name: DisplayName = ""
    email: Email | None = None
    phone: Phone | None = None
    roles: frozenset[PersonRole] = frozenset()
    departments: frozenset[DepartmentName] = frozenset()
    areas: Annotated[tuple[AreaPath, ...], Field(max_length=50)] = ()
    oidc_subject: OidcSubject | None = None
    active: bool = True

    def given(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class User(Strict):
    """One person, or one system that has an account. Time: epoch ms. `version` grows by one with each change."""

    username: str
    display_name: str
    email: str | None
    phone: str | None
    roles: Words[Role]
    departments: Words[str]
    areas: tuple[str, ...]
    oidc_subject: str | None
    has_password: bool
    active: bool
    created_at_ms: int
    version: int

    @property
    def actor(self) -> Actor:
        """Who they are to a case."""
        return Actor(self.username, self.roles, self.departments, self.areas)
