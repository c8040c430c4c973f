"""The clause `signals` of a rule document."""

import re
from typing import Final
from unicodedata import normalize

from domain.devices import ATTRIBUTE_NAME
from domain.quantities.catalogue import CATALOGUE
from domain.time.units import DAY_MS
from rules.language.clauses.mapping import Clauses
from rules.language.signals.signal import Crossing, Signal, Take

_NAME: Final = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_TAKEN: Final = ("reading", "device", "area", "sun", "true", "false", "null", "in")
_ENTRIES: Final = ("of", "over", "take", "reaches", "falls_to", "within")
_ATTRIBUTE: Final = re.compile(rf"^device\.({ATTRIBUTE_NAME.pattern})$")
DEFAULT_FORECAST_MS: Final = DAY_MS


def read_signals(clause: Clauses | None, *, accepts_suspect: bool) -> dict[str, Signal]:
    """The signals by name. What is wrong is added to the document's problems."""
    signals: dict[str, Signal] = {}
    if clause is None:
        return signals
    for name in clause.entries:
        entry = clause.entries[name]
        if not _NAME.match(name) or name in _TAKEN:
            clause.refuse(entry.key or entry, f"a signal's name is lower-case letters, digits and _: {name!r}")
        signal = _read_signal(clause.mapping_of(name), accepts_suspect=accepts_suspect)
        if signal is not None:
            signals[name] = signal
    return signals


def _read_signal(clause: Clauses | None, *, accepts_suspect: bool) -> Signal | None:
    if clause is None:
        return None
    clause.check_known(_ENTRIES, required=("of", "over", "take"))
    of, over_ms = clause.text("of"), clause.duration("over", at_least_ms=1)
    take = clause.choice("take", Take, Take.LAST)
    if of and of[1] not in CATALOGUE:
        clause.refuse(of[0], f"`{clause.name('of')}`: unknown quantity {of[1]!r}")
    crossing = _read_crossing(clause, take)
    if not of or of[1] not in CATALOGUE or not over_ms:
        return None
    return Signal(of[1], take, over_ms, crossing, accepts_suspect)


def _read_crossing(clause: Clauses, take: Take) -> Crossing | None:
    given = [name for name in ("reaches", "falls_to") if name in clause.entries]
    if take is not Take.FORECAST:
        for name in [*given, *(["within"] if "within" in clause.entries else [])]:
            entry = clause.entries[name]
            clause.refuse(entry.key or entry, f"`{clause.name(name)}` has a meaning only with `take: forecast`")
        return None
    if len(given) != 1:
        clause.refuse(clause.mapping, f"`{clause.called}`: a forecast needs `reaches` or `falls_to`, and not both")
        return None
    entry = clause.entries[given[0]]
    level: float | str | None = None
    if isinstance(entry.value, int | float) and not isinstance(entry.value, bool):
        level = float(entry.value)
    elif isinstance(entry.value, str) and (match := _ATTRIBUTE.match(entry.value)):
        level = normalize("NFC", match[1])
    else:
        clause.refuse(entry, f"`{clause.name(given[0])}` must be a number or device.<attribute>")
    within_ms = clause.duration("within", at_least_ms=1) or DEFAULT_FORECAST_MS
    return None if level is None else Crossing(level, within_ms, falling=given[0] == "falls_to")
