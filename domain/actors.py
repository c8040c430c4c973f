"""Who does something: a person or urbansense itself, with roles, departments and areas. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody may do. `system` is urbansense itself, which no person can be."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    DEPARTMENT = "department"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something. `departments` and `areas` bound what they may touch; empty `areas` means everywhere.

    An area covers what lies below it (`320582/110` covers `320582/110/152`). Departments bind only the role of that name.
    """

    name: str
    roles: frozenset[Role]
    departments: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()


SYSTEM: Final = Actor("urbansense", frozenset({Role.SYSTEM}))


def covers(actor: Actor, area: str | None) -> bool:
    """Whether an area is in the actor's scope. A case without an area is in everybody's."""
    return not actor.areas or area is None or any(area == own or area.startswith(f"{own}/") for own in actor.areas)
