"""What an import did, as the API answers it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell or row of an import that cannot be taken. `line` counts from 1, the header line included."""

    line: int
    detail: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. Without `skip_bad` one error means that nothing was imported."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: tuple[RowError, ...] = ()
