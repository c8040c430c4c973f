"""From what someone asks for to a plan that can be run: which documents and versions are meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from domain.devices import Device
from rules.backtest.arrivals import Order
from rules.backtest.plan import BacktestPlan, Variant, variant_of
from rules.definitions.lifecycle import UnknownRule, check_documents
from rules.definitions.silences import Silence
from rules.definitions.table import RuleTable
from rules.language.document.problems import BadRules
from rules.language.document.reading import Documents, parse_documents
from rules.language.rule import Mode, Rule
from rules.schedule.calendars import Calendar, Calendars

IN_FORCE: Final = "in-force"
AS_WRITTEN: Final = "as written"


class CannotRaise(ValueError):
    """Missing events are asked for of a rule that is not the one in force; the message has the reason and what to do."""


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """A backtest of one rule, or of all rules of `document`, over [from_ms, to_ms).

    `document` is rules as YAML; without it the version `version` of the rule is tried, or the one in force. `against` is
    a version number, `in-force`, or a document. `raise_missing`: events that the live run missed are raised afterwards.
    """

    name: str
    from_ms: int
    to_ms: int
    document: str | None = None
    version: int | None = None
    against: str | None = None
    raise_missing: bool = False


@dataclass(frozen=True, slots=True)
class BacktestContext:
    """What stands beside the rules: the registry, silences, the platform's zone, and the log's newest tick."""

    devices: Mapping[str, Device]
    silences: Sequence[Silence]
    timezone: str
    clock_ms: int | None


def prepare(request: BacktestRequest, table: RuleTable, around: BacktestContext) -> BacktestPlan:
    """The plan. Raises: UnknownRule; BadRules; CannotRaise; ValueError where the period is empty."""
    if request.from_ms >= request.to_ms:
        raise ValueError("the period is empty: `from` must be before `to`")
    in_force = [definition.rule for definition in table.in_force()]
    documents = None if request.document is None else _parsed(request.document, table, "document")
    chosen = documents.rules if documents else [_version(table, request.name, request.version)]
    names = tuple(rule.name for rule in chosen)
    if request.name not in names:
        raise UnknownRule(f"rule {request.name} in the document, which holds {', '.join(names)}")
    if request.raise_missing:
        _check_raisable(chosen, in_force)
    label = AS_WRITTEN if documents else _version_label(chosen[0].version, table, request.name)
    against, others = _against(request.against, names, table, in_force)
    calendars = {c.name: c for c in [*table.calendars(), *(documents.calendars if documents else []), *others]}
    return BacktestPlan(
        names=names,
        candidate=variant_of(label, chosen, in_force),
        against=against,
        devices=around.devices,
        from_ms=request.from_ms,
        to_ms=request.to_ms,
        calendars=Calendars(around.timezone, calendars.values()),
        silences=tuple(around.silences),
        clock_ms=around.clock_ms,
        order=Order.OBSERVED if request.raise_missing else Order.RECEIVED,
    )


def _parsed(text: str, table: RuleTable, file: str) -> Documents:
    documents = parse_documents(text, file)
    if problems := check_documents(documents, table, file):
        raise BadRules(problems)
    return replace(documents, rules=[_numbered(rule, table) for rule in documents.rules])


def _numbered(rule: Rule, table: RuleTable) -> Rule:
    """A rule as written has the number of the version of the same text, or the next."""
    known = table.versions(rule.name)
    same = next((definition.version for definition in known if definition.rule.text == rule.text), None)
    return replace(rule, version=same or max((d.version for d in known), default=0) + 1)


def _version(table: RuleTable, name: str, version: int | None) -> Rule:
    in_force = table.version_in_force(name)
    wanted = version if version is not None else in_force.version if in_force else None
    definition = None if wanted is None else table.version(name, wanted)
    if definition is None:
        raise UnknownRule(f"rule {name}" + ("" if version is None else f" version {version}"))
    return definition.rule


def _version_label(version: int, table: RuleTable, name: str) -> str:
    in_force = table.version_in_force(name)
    return f"version {version}" + (" (in force)" if in_force and in_force.version == version else "")


def _against(
    against: str | None, names: Sequence[str], table: RuleTable, in_force: Sequence[Rule]
) -> tuple[Variant | None, Sequence[Calendar]]:
    """What to compare with, and the calendars that come with it."""
    if against is None:
        return None, ()
    if against == IN_FORCE or against.isdecimal():
        version = None if against == IN_FORCE else int(against)
        chosen = [_version(table, name, version) for name in names]
        label = _version_label(chosen[0].version, table, names[0]) if len(chosen) == 1 else against.replace("-", " ")
        return variant_of(label, chosen, in_force), ()
    documents = _parsed(against, table, "against")
    others = [rule.name for rule in documents.rules if rule.name not in names]
    if others:
        raise UnknownRule(f"rule {', '.join(others)} in what is tried; both documents must hold the same rules")
    return variant_of("the other document", documents.rules, in_force), documents.calendars


def _check_raisable(chosen: Sequence[Rule], in_force: Sequence[Rule]) -> None:
    by_name = {rule.name: rule for rule in in_force}
    for rule in chosen:
        current = by_name.get(rule.name)
        if current is None or current.text != rule.text:
            raise CannotRaise(
                f"rule {rule.name} as given is not the one in force: only that may raise events; apply it first"
            )
        if current.mode is not Mode.LIVE:
            raise CannotRaise(f"rule {rule.name} is {current.mode}: only a live rule may raise events")
