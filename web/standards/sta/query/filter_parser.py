"""The text of a `$filter` or `$orderby`, read into a tree. Pure.

Precedence, the loosest first: or · and · not · eq ne gt ge lt le · add sub · mul div mod. `not a eq b` is `not (a eq b)`.
"""

import re
from datetime import UTC, date, datetime
from sys import float_info
from typing import Final, Literal, NamedTuple

from web.standards.sta.query.expressions import (
    ARITHMETIC,
    COMPARISONS,
    Binary,
    Call,
    Constant,
    Expression,
    InvalidQuery,
    Junction,
    Not,
    Path,
    Value,
    render,
)
from web.standards.sta.query.functions import FUNCTIONS
from web.standards.sta.query.geography import read_geography

_MOST_TOKENS: Final = 2000
_DEEPEST: Final = 40
_WORDS: Final = {"and", "or", "not", *COMPARISONS, *ARITHMETIC}
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_TOKEN: Final = re.compile(
    r"""\s*(?:
    (?P<geography>geography'(?:[^']|'')*')
  | (?P<text>'(?:[^']|'')*')
  | (?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+\ ]\d\d:\d\d)?)
  | (?P<day>\d{4}-\d\d-\d\d)(?![\w-])
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])
  | (?P<name>[@\w][\w.@-]*(?:/[@\w][\w.@-]*)*)
  | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    sort: str
    text: str
    column: int


def parse_filter(text: str) -> Expression:
    """The condition in the text. Raises: InvalidQuery, with the column where it cannot be read."""
    parser = _Parser(text)
    condition = parser.disjunction()
    parser.expect_end()
    _check_condition(condition)
    return condition


def parse_orderby(text: str) -> tuple[tuple[Expression, bool], ...]:
    """What to order by, the most important first, and whether from high to low. Raises: InvalidQuery."""
    parser = _Parser(text)
    criteria = [parser.criterion()]
    while parser.took("mark", ","):
        criteria.append(parser.criterion())
    parser.expect_end()
    return tuple(criteria)


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._calculations = 0

    def disjunction(self) -> Expression:
        return self._junction("or")

    def criterion(self) -> tuple[Expression, bool]:
        what = self._sum()
        token = self._tokens[self._at]
        if token.sort == "name" and token.text.lower() in ("asc", "desc"):
            self._at += 1
            return what, token.text.lower() == "desc"
        return what, False

    def expect_end(self) -> None:
        token = self._tokens[self._at]
        if token.sort != "end":
            raise _unexpected(token, "an operator such as eq or and, or the end")

    def took(self, sort: str, *texts: str) -> str | None:
        """The next token's text where it is one of these; it is taken then."""
        token = self._tokens[self._at]
        if token.sort != sort or token.text not in texts:
            return None
        self._at += 1
        return token.text

    def _junction(self, operator: Literal["and", "or"]) -> Expression:
        inner = self._conjunction if operator == "or" else self._negation
        operands = [inner()]
        while self.took("name", operator):
            operands.append(inner())
        return operands[0] if len(operands) == 1 else Junction(operator, tuple(operands))

    def _conjunction(self) -> Expression:
        return self._junction("and")

    def _negation(self) -> Expression:
        if not self.took("name", "not"):
            return self._comparison()
        self._deeper()
        negated = Not(self._negation())
        self._depth -= 1
        return negated

    def _comparison(self) -> Expression:
        left = self._sum()
        operator = self.took("name", *COMPARISONS)
        return left if operator is None else Binary(operator, left, self._sum())

    def _sum(self) -> Expression:
        left = self._product()
        while operator := self.took("name", "add", "sub"):
            left = self._calculation(operator, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._term()
        while operator := self.took("name", "mul", "div", "mod"):
            left = self._calculation(operator, left, self._term())
        return left

    def _calculation(self, operator: str, left: Expression, right: Expression) -> Expression:
        self._calculations += 1
        if self._calculations > _DEEPEST:
            raise InvalidQuery(f"more than {_DEEPEST} calculations")
        return Binary(operator, left, right)

    def _term(self) -> Expression:
        token = self._tokens[self._at]
        self._at += 1
        match token.sort, token.text:
            case "mark", "(":
                self._deeper()
                inner = self.disjunction()
                self._close()
                return inner
            case "name", name if name not in _WORDS:
                if self.took("mark", "("):
                    return self._call(token)
                return Constant(_CONSTANTS[name]) if name in _CONSTANTS else Path(tuple(name.split("/")))
            case (("geography" | "text" | "instant" | "day" | "number"), _):
                return Constant(_value(token))
        self._at -= 1
        raise _unexpected(token, "a property, a value or a function")

    def _call(self, name: _Token) -> Expression:
        function = FUNCTIONS.get(name.text)
        if function is None:
            raise InvalidQuery(f"column {name.column}: there is no function {name.text!r}; known are {_known()}")
        self._deeper()
        arguments = [self.disjunction()]
        while self.took("mark", ","):
            arguments.append(self.disjunction())
        self._close()
        if len(arguments) != len(function.takes):
            what = f"{name.text} takes {len(function.takes)} values, not {len(arguments)}"
            raise InvalidQuery(f"column {name.column}: {what}")
        return Call(name.text, tuple(arguments))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidQuery(f"nested deeper than {_DEEPEST} levels")

    def _close(self) -> None:
        if not self.took("mark", ")"):
            raise _unexpected(self._tokens[self._at], "`)`")
        self._depth -= 1


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise InvalidQuery(f"column {at + 1}: {text[at : at + 20].strip()!r} cannot be read")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        at = match.end()
        if len(tokens) > _MOST_TOKENS:
            raise InvalidQuery(f"more than {_MOST_TOKENS} words")
    return [*tokens, _Token("end", "", end + 1)]


def _value(token: _Token) -> Value:
    try:
        match token.sort:
            case "text":
                return _unquoted(token.text)
            case "geography":
                return read_geography(_unquoted(token.text.removeprefix("geography")))
            case "instant":
                return _instant(token.text)
            case "day":
                return date.fromisoformat(token.text)
            case _:
                return _number(token.text)
    except (ValueError, OverflowError) as error:
        raise InvalidQuery(f"column {token.column}: {error}") from error


def _instant(text: str) -> datetime:
    """An instant in UTC. A `+` that was not escaped arrives as a space."""
    instant = datetime.fromisoformat(text.replace(" ", "+"))
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset; write Z or for example +08:00 behind it")
    return instant.astimezone(UTC)


def _number(text: str) -> int | float:
    number = int(text) if text.lstrip("-").isdecimal() else float(text)
    if abs(number) > float_info.max:
        raise ValueError(f"{text} is too large a number")
    return number


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _check_condition(expression: Expression) -> None:
    """Raises: InvalidQuery where something that is no condition stands in the place of one."""
    match expression:
        case Junction(_, operands):
            for operand in operands:
                _check_condition(operand)
        case Not(operand):
            _check_condition(operand)
        case Constant(bool()) | Path():
            pass
        case Binary(operator, _, _) if operator in COMPARISONS:
            pass
        case Call(function, _) if FUNCTIONS[function].is_condition:
            pass
        case _:
            raise InvalidQuery(f"{render(expression)} is no condition; compare it with something: … eq …")


def _unexpected(token: _Token, wanted: str) -> InvalidQuery:
    found = "the text ends" if token.sort == "end" else f"{token.text!r} stands"
    return InvalidQuery(f"column {token.column}: {found} where {wanted} is needed")


def _known() -> str:
    return ", ".join(sorted(FUNCTIONS))
