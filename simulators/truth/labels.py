"""What truly happened in a simulated city: one label for each fault, and what should have been raised about it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.errors import ConfigurationError


class Label(BaseModel):
    """The truth about one thing that went wrong, or that only looks as if it did.

    Time: the fault is on in [start_ms, end_ms), epoch ms of the city's true time, whatever the device's clock shows.
    An event answers the label if its problem is one of `expects` and its subject one of `subjects`; it is in time up to
    `by_ms`. Where `expects` is empty nothing should be raised: traffic over a cover, messages sent twice.
    `explains` are problems that follow from this one on `affected` (dark lamps behind a dead cabinet): events of these are
    neither asked for nor wrong. `hard` states why a rule may miss it, empty where there is no excuse.
    `place` is where it happened, a device's id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    kind: str
    place: str
    start_ms: int
    end_ms: int
    expects: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    by_ms: int | None = None
    explains: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    hard: str = ""
    size: Annotated[float, Field(ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _hangs_together(self) -> "Label":
        if self.end_ms <= self.start_ms:
            raise ValueError("it ends before it starts")
        if bool(self.expects) != (self.by_ms is not None) or bool(self.expects) != bool(self.subjects):
            raise ValueError("expects, subjects and by_ms come together or not at all")
        return self


def label_id(kind: str, place: str, start_ms: int) -> str:
    """The name of a label: the same city, seed and time give the same one."""
    return f"{kind}/{place}/{start_ms}"


def truth_lines(labels: Iterable[Label]) -> Iterator[str]:
    """A truth file: one JSON object a line, in the order given, each line ending with LF."""
    for label in labels:
        yield label.model_dump_json(exclude_defaults=True) + "\n"


def fetch_truth(path: Path) -> tuple[Label, ...]:
    """The labels of a truth file. Raises: ConfigurationError with every bad line, as `file:line: what is wrong`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    labels: list[Label] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            labels.append(Label.model_validate_json(line))
        except ValidationError as error:
            problems += [f"{path}:{number}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    if problems:
        raise ConfigurationError(problems)
    return tuple(labels)
