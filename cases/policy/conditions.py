"""Which cases a rule of the policy is about."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cases.workflow.case import Case, Source
from domain.events import Severity


class Grade(StrEnum):
    """How much a city cares for an area: A the centre, B the rest of the town, C its edge."""

    A = "A"
    B = "B"
    C = "C"


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Word = Annotated[str, Field(min_length=1, max_length=64)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_listed)]
Sources = Annotated[tuple[Source, ...], BeforeValidator(_listed)]


class Condition(BaseModel):
    """Everything that is given must hold, one of several values each; nothing given holds for every case.

    `problem` may hold `*`; `class` holds for the class and what it begins, 01 for all public utilities, E04 for all
    sudden events; an area for what lies below it, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    problem: Words = ()
    class_code: Annotated[Words, Field(alias="class")] = ()
    kind: Words = ()
    area: Words = ()
    severity: Annotated[tuple[Severity, ...], BeforeValidator(_listed)] = ()
    source: Sources = ()
    grade: Annotated[tuple[Grade, ...], BeforeValidator(_listed)] = ()

    def holds(self, case: Case, grade: Grade) -> bool:
        """Whether it is about that case, which stands in an area of that grade."""
        return (
            (not self.problem or is_named(case.problem, self.problem))
            and (not self.class_code or (case.class_code or "").startswith(self.class_code))
            and (not self.kind or case.kind in self.kind)
            and (not self.area or any(lies_in(case.area, area) for area in self.area))
            and (not self.severity or case.severity in self.severity)
            and (not self.source or case.source in self.source)
            and (not self.grade or grade in self.grade)
        )

    @property
    def is_for_all(self) -> bool:
        """Whether it holds for every case."""
        return not any(getattr(self, name) for name in Condition.model_fields)


def is_named(problem: str, names: tuple[str, ...]) -> bool:
    """Whether one of the names, in which `*` stands for anything, is the problem's."""
    return any(fnmatchcase(problem, name) for name in names)


def lies_in(area: str | None, wanted: str) -> bool:
    """Whether an area is the wanted one or below it."""
    return area is not None and (area == wanted or area.startswith(f"{wanted}/"))
