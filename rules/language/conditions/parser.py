"""From the text of a condition to its syntax tree: a recursive descent over CEL's grammar.

Source: the CEL language definition, syntax section (github.com/google/cel-spec). Bounds: `MAX_LENGTH` characters and
`MAX_DEPTH` levels, so that no document can exhaust the stack here or in the CEL library.
"""

import math
import re
from collections.abc import Callable, Collection
from typing import Final, NamedTuple
from unicodedata import normalize

from rules.language.conditions.errors import BadExpression
from rules.language.conditions.tree import (
    Binary,
    Call,
    Choice,
    Expression,
    Item,
    ListOf,
    Name,
    Negative,
    Not,
    Number,
    String,
    Truth,
)

MAX_LENGTH: Final = 4_000
MAX_DEPTH: Final = 40
ROOTS: Final = ("reading", "device", "sun", "area")
FUNCTIONS: Final = {"size": 1, "double": 1, "string": 1, "contains": 2, "startsWith": 2, "endsWith": 2, "matches": 2}
"""What may be called, and with how many arguments (the one before the dot included). All take bounded time."""

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n\f]+|//[^\n]*)
      | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d*\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
      | (?P<string>[rR]?"(?:\\.|[^"\\\n])*"|[rR]?'(?:\\.|[^'\\\n])*')
      | (?P<word>[^\W\d]\w*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|[<>+\-*/%!?:.,()\[\]{}])""",
    re.VERBOSE,
)
_RELATIONS: Final = ("==", "!=", "<", "<=", ">", ">=", "in")


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse_expression(source: str, signals: Collection[str] = ()) -> Expression:
    """The tree of a condition, in which the names of `signals` stand for themselves.

    Raises: BadExpression at the first character that is wrong.
    """
    if len(source) > MAX_LENGTH:
        raise BadExpression(0, f"the condition is longer than {MAX_LENGTH} characters")
    parser = _Parser(_tokens(source), signals)
    tree = parser.choice()
    if parser.ahead.kind != "end":
        raise BadExpression(parser.ahead.at, f"{parser.ahead.text!r} was not expected here")
    return tree


def _tokens(source: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise BadExpression(at, f"{source[at]!r} means nothing in a condition")
        if match.lastgroup != "space":
            tokens.append(_Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return [*tokens, _Token("end", "the end of the condition", len(source))]


class _Parser:
    """One method for each level of precedence, weakest first."""

    def __init__(self, tokens: list[_Token], signals: Collection[str]) -> None:
        self._tokens = tokens
        self._signals = signals
        self._next = 0
        self._depth = 0

    @property
    def ahead(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> _Token | None:
        """The next token if it is one of those signs (or the word `in`)."""
        token = self.ahead
        if token.text not in texts or token.kind not in ("sign", "word"):
            return None
        self._next += 1
        return token

    def _any(self) -> _Token:
        """The next token, whatever it is; the end of the condition stays ahead."""
        token = self.ahead
        self._next += token.kind != "end"
        return token

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            raise BadExpression(self.ahead.at, f"expected {text!r}, found {self.ahead.text!r}")

    def _deeper(self, at: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadExpression(at, f"the condition is nested deeper than {MAX_DEPTH} levels")

    def choice(self) -> Expression:
        self._deeper(self.ahead.at)
        condition = self._or()
        if token := self._take("?"):
            yes = self._or()
            self._need(":")
            condition = Choice(token.at, condition, yes, self.choice())
        self._depth -= 1
        return condition

    def _or(self) -> Expression:
        return self._left_to_right(("||",), self._and)

    def _and(self) -> Expression:
        return self._left_to_right(("&&",), self._relation)

    def _relation(self) -> Expression:
        return self._left_to_right(_RELATIONS, self._sum)

    def _sum(self) -> Expression:
        return self._left_to_right(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._left_to_right(("*", "/", "%"), self._unary)

    def _left_to_right(self, operators: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        left, depth = operand(), self._depth
        while token := self._take(*operators):
            if token.text == "%":
                raise BadExpression(token.at, "'%' needs whole numbers, and every number in a condition is a double")
            self._deeper(token.at)
            left = Binary(token.at, token.text, left, operand())
        self._depth = depth
        return left

    def _unary(self) -> Expression:
        token = self._take("!", "-")
        if token is None:
            return self._member()
        self._deeper(token.at)
        operand = self._unary()
        self._depth -= 1
        return Not(token.at, operand) if token.text == "!" else Negative(token.at, operand)

    def _member(self) -> Expression:
        node, depth = self._primary(), self._depth
        while token := self._take(".", "["):
            self._deeper(token.at)
            if token.text == "[":
                node = self._item(token, node)
            else:
                word = self._any()
                if word.kind != "word" or not self._take("("):
                    raise BadExpression(word.at, f"{word.text!r} is no function that can be called here")
                node = self._call(word, (node,))
        self._depth = depth
        return node

    def _item(self, token: _Token, node: Expression) -> Expression:
        index = self._any()
        self._need("]")
        if not index.text.isdecimal():
            raise BadExpression(index.at, "an index must be a whole number such as [0]")
        return Item(token.at, node, int(index.text))

    def _primary(self) -> Expression:
        token = self._any()
        match token.kind, token.text:
            case "number", text:
                return Number(token.at, _number(token.at, text))
            case "string", text:
                return String(token.at, _string(token.at, text))
            case "word", "true" | "false":
                return Truth(token.at, token.text == "true")
            case "word", word if word in ROOTS:
                return self._name(token)
            case "word", _ if self._take("("):
                return self._call(token, ())
            case "word", word if word in self._signals:
                return Name(token.at, "signal", word)
            case "sign", "(":
                inner = self.choice()
                self._need(")")
                return inner
            case "sign", "[":
                return ListOf(token.at, self._arguments("]"))
            case "word", word:
                known = f", and the signals {', '.join(self._signals)}" if self._signals else ""
                raise BadExpression(
                    token.at, f"unknown name {word!r}; conditions read reading.<quantity>, device.<attribute>{known}"
                )
        raise BadExpression(token.at, f"{token.text!r} was not expected here")

    def _name(self, root: _Token) -> Name:
        """`reading.voltage`, or `device["rated-power"]` where the name is no identifier."""
        if self._take("."):
            field = self._any()
            if field.kind == "word":
                return Name(root.at, root.text, normalize("NFC", field.text))
        elif self._take("["):
            field = self._any()
            if field.kind == "string":
                self._need("]")
                return Name(root.at, root.text, normalize("NFC", _string(field.at, field.text)))
        raise BadExpression(root.at, f"write {root.text}.<name>")

    def _call(self, word: _Token, receiver: tuple[Expression, ...]) -> Call:
        if word.text == "has":
            raise BadExpression(
                word.at, "has() would always be true: a condition is judged only when its names have values"
            )
        if word.text not in FUNCTIONS:
            raise BadExpression(word.at, f"unknown function {word.text!r}; known are {', '.join(FUNCTIONS)}")
        arguments = receiver + self._arguments(")")
        if len(arguments) != FUNCTIONS[word.text]:
            raise BadExpression(word.at, f"{word.text} takes {FUNCTIONS[word.text]} arguments, found {len(arguments)}")
        return Call(word.at, word.text, arguments, method=bool(receiver))

    def _arguments(self, end: str) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while not self._take(end):
            if found:
                self._need(",")
            found.append(self.choice())
        return tuple(found)


def _number(at: int, text: str) -> float:
    digits = text.rstrip("uU")
    try:
        value = float(int(digits, 16)) if digits[:2] in ("0x", "0X") else float(digits)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise BadExpression(at, f"{text[:40]} is too large for a double")
    return value


_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE: Final = re.compile(r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))")


def _string(at: int, text: str) -> str:
    if text[0] in "rR":
        return text[2:-1]

    def unescaped(match: re.Match[str]) -> str:
        code = next((int(match[i], base) for i, base in ((1, 16), (2, 16), (3, 16), (4, 8)) if match[i]), None)
        if code is None and match[5] not in _SIMPLE and match[5] not in "\\'\"`?":
            raise BadExpression(at + 1 + match.start(), f"unknown escape {match[0]!r} in a string")
        if code is not None and (code > 0x10FFFF or 0xD800 <= code <= 0xDFFF):
            raise BadExpression(at + 1 + match.start(), f"{match[0]!r} is no character")
        return _SIMPLE.get(match[5], match[5]) if code is None else chr(code)

    return _ESCAPE.sub(unescaped, text[1:-1])
