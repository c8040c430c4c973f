"""Terms as a city writes them: `6 hours`, `4 working hours`, `30 minutes`, `5 working days`."""

import re
from typing import Final

from cases.workflow.case import Term, TermUnit

_TERM: Final = re.compile(r"(\d+(?:\.\d+)?) +(working +)?(minute|hour|day)s?")
_MINUTES: Final = 60


def parse_term(text: str) -> Term:
    """The term that a text names. Calendar days are refused: write 48 hours or 2 working days. Raises: ValueError."""
    match = _TERM.fullmatch(text.strip())
    if match is None or (match[3] == "day" and not match[2]):
        raise ValueError(f"{text!r} is no term; write 30 minutes, 6 hours, 4 working hours or 5 working days")
    amount = float(match[1])
    if match[3] == "day":
        return Term(unit=TermUnit.WORKING_DAY, amount=amount)
    hours = amount / _MINUTES if match[3] == "minute" else amount
    return Term(unit=TermUnit.WORKING_HOUR if match[2] else TermUnit.HOUR, amount=hours)


def format_term(term: Term) -> str:
    """The same term as text."""
    amount, unit = term.amount, term.unit.value.replace("_", " ")
    if term.unit is not TermUnit.WORKING_DAY and amount < 1:
        amount, unit = round(amount * _MINUTES, 6), unit.replace("hour", "minute")
    return f"{amount:g} {unit}{'' if amount == 1 else 's'}"
