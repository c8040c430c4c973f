"""What `rules check` checks against: the rules, calendars and devices of the urbansense that runs, if one does."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from rules.language.document.checking import CheckContext
from rules.language.document.reading import Documents, parse_rules
from rules.language.document.references import Target, named_rules
from rules.language.rule import Rule
from urbansense.api_client.api import Api

_DEVICES_LOOKED_AT: Final = 1000


async def fetch_check_context(api: Api, kinds: Sequence[str], documents: Sequence[Documents]) -> CheckContext:
    """What the API knows of all that these documents name; of the devices, the first thousand of each kind."""
    listed = await api.get("/api/v1/calendars")
    own = {rule.name for document in documents for rule in document.rules}
    named = {
        reference.name for d in documents for reference in d.references if reference.target is Target.RULE
    } - own  # fmt: skip
    attributes: dict[str, set[str]] = {}
    shortest_interval_s: dict[str, int] = {}
    for kind in sorted({rule.kind for document in documents for rule in document.rules if rule.kind}):
        devices: list[Any] = (await api.get("/api/v1/devices", kind=kind, limit=_DEVICES_LOOKED_AT))["items"]
        if devices:
            attributes[kind] = {name for device in devices for name in device["attributes"]}
            shortest_interval_s[kind] = min(device["report_interval_s"] for device in devices)
    return CheckContext(
        kinds,
        await _rules(api, named, own),
        {calendar["calendar"] for calendar in listed["items"]},
        attributes,
        shortest_interval_s,
        complete=True,
    )


async def _rules(api: Api, named: Iterable[str], own: set[str]) -> dict[str, Rule]:
    """The rules in force of those names, and those that they name in turn."""
    in_force = {status["rule"] for status in (await api.get("/api/v1/rules"))["items"]}
    found: dict[str, Rule] = {}
    left = list(named)
    while left:
        name = left.pop()
        if name in in_force and name not in found:
            (found[name],) = parse_rules((await api.get(f"/api/v1/rules/{name}"))["text"], name)
            left += [further for further in named_rules(found[name]) if further not in own]
    return found
