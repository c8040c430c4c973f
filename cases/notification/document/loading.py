"""Reading a notification document: every problem at its place, secrets from the environment and never shown."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cases.notification.channels.register import KINDS, SECRETS
from cases.notification.document.model import NotifyDocument
from cases.policy.problems import BadPolicy, load_policy_yaml
from documents.located_yaml.document import LocatedDocument
from documents.located_yaml.problems import LocatedProblem
from domain.errors import ConfigurationError

_KINDS: Final = " or ".join(", ".join(KINDS).rsplit(", ", 1))
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_notification(path: Path, environment: Mapping[str, str]) -> NotifyDocument:
    """The document of a file. Raises: ConfigurationError with every problem at file:line:column."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"URBANSENSE_NOTIFY: {path} cannot be read: {error}") from error
    return read_notification(text, str(path), environment)


def read_notification(text: str, file: str, environment: Mapping[str, str]) -> NotifyDocument:
    """One document; `${NAME}` in a channel is the environment's. Raises: ConfigurationError with every problem."""
    located = load_policy_yaml(text, file)
    problems = list(_secrets_in_the_open(located, file))
    filled, missing = _filled(located, file, environment)
    problems += missing
    try:
        document = NotifyDocument.model_validate(filled)
    except ValidationError as error:
        problems += [_problem(detail, located, file) for detail in error.errors()]
        raise BadPolicy(problems) from error
    problems += _unknown_channels(document, located, file)
    if problems:
        raise BadPolicy(problems)
    return document


def _channels(located: LocatedDocument) -> dict[str, dict[str, Any]]:
    channels = located.value.get("channels") if isinstance(located.value, dict) else None
    found = channels if isinstance(channels, dict) else {}
    return {name: channel for name, channel in found.items() if isinstance(channel, dict)}


def _secrets_in_the_open(located: LocatedDocument, file: str) -> Iterator[LocatedProblem]:
    for name, channel in _channels(located).items():
        for field in SECRETS:
            if isinstance(channel.get(field), str) and not _REFERENCE.search(channel[field]):
                message = f"`{field}` does not stand in the file; write ${{NAME}} of a variable of the environment"
                yield LocatedProblem(file, *located.place_of(("channels", name, field)), message)


def _filled(located: LocatedDocument, file: str, environment: Mapping[str, str]) -> tuple[Any, list[LocatedProblem]]:
    """The document with its references to the environment resolved, and those that name nothing."""
    missing: list[LocatedProblem] = []
    channels = _channels(located)
    if not channels:
        return located.value, missing
    filled: dict[str, Any] = dict(located.value["channels"])
    for name, channel in channels.items():
        filled[name] = dict(channel)
        for field, value in channel.items():
            if isinstance(value, str):
                for variable in _REFERENCE.findall(value):
                    if not environment.get(variable):
                        place = located.place_of(("channels", name, field))
                        missing.append(LocatedProblem(file, *place, f"the environment has no {variable}"))
                filled[name][field] = _REFERENCE.sub(lambda match: environment.get(match[1]) or match[0], value)
    return {**located.value, "channels": filled}, missing


def _problem(detail: Any, located: LocatedDocument, file: str) -> LocatedProblem:
    """A problem in words that never repeat what was given: it may be a secret."""
    path = tuple(detail["loc"])
    if path[:1] == ("channels",) and len(path) > 3:
        path = (*path[:2], *path[3:])
    message = detail["msg"].removeprefix("Value error, ")
    match detail["type"]:
        case "extra_forbidden":
            message = f"unknown entry `{path[-1]}`"
        case "missing":
            message = f"`{path[-1]}` is missing"
        case "union_tag_not_found":
            message = f"`type` is missing; write {_KINDS}"
        case "union_tag_invalid":
            message = f"there is no such `type`; write {_KINDS}"
    return LocatedProblem(file, *located.place_of(path), message)


def _unknown_channels(document: NotifyDocument, located: LocatedDocument, file: str) -> Iterator[LocatedProblem]:
    named = [((("by", index)), name) for index, name in enumerate(document.by)]
    for number, rule in enumerate(document.rules or ()):
        named += [(("rules", number, "by", index), name) for index, name in enumerate(rule.by)]  # type: ignore[misc]
    for department, part in document.departments.items():
        named += [(("departments", department, "channels", index), name) for index, name in enumerate(part.channels)]  # type: ignore[misc]
    for path, name in named:
        if name not in document.channels:
            known = ", ".join(sorted(document.channels)) or "none"
            yield LocatedProblem(file, *located.place_of(path), f"there is no channel `{name}`; known are {known}")
    for number, rule in enumerate(document.rules or ()):
        if not rule.to and any(one != "escalated" for one in rule.on):
            yield LocatedProblem(file, *located.place_of(("rules", number)), "`to` is missing: whom to tell?")
