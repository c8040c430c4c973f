"""Data is written, read, published and reported; it does not talk. A ratchet on the words of speech in the product."""

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache

from tests.architecture.source import PACKAGES, product

SPEECH = frozenset({
    "told", "telling", "tell", "tells", "hear", "hears", "heard", "speak", "speaks", "spoke", "spoken", "voice", "voices",
})  # fmt: skip

CONTRACT = frozenset({
    "last_heard_ms", "heard_last_hour",  # keys of the API's JSON
    "CredentialTold", "PendingTold",  # names of its schemas
    "steps_told", "deadline_told",  # columns of the cases' database
})  # fmt: skip
"""Names that others read; they stay. `file.tell()` is Python's own."""

BUDGET: dict[str, int] = {"urbansense": 8}
"""How many words of speech each room still has, in names, docstrings and comments; it only ever goes down. What is left are
`told` and `first_to_tell`, keys of a score's JSON."""

_SPEECH = re.compile(rf"(?i)(?:{'|'.join(sorted(SPEECH))})")
_WORD = re.compile(r"[A-Za-z_]\w*")
_PART = re.compile(r"_|(?<=[a-z0-9])(?=[A-Z])")
_PASSED_OVER = frozenset({tokenize.COMMENT, tokenize.NL})
_BEFORE_A_STATEMENT = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING})
_FSTRING_START = getattr(tokenize, "FSTRING_START", -1)  # from Python 3.12 on names in f-strings are tokens, too
_FSTRING_END = getattr(tokenize, "FSTRING_END", -1)


def test_no_room_gains_a_word_of_speech() -> None:
    gained = {room: found for room, found in _found().items() if found > BUDGET.get(room, 0)}
    assert not gained, f"use the field's words; too many are in {gained}\n{_budget_to_write()}"


def test_the_budget_is_what_is_left() -> None:
    found = _found()
    assert {room: found[room] for room in BUDGET} == BUDGET, f"words have gone; {_budget_to_write()}"


def test_a_word_of_speech_is_found_in_a_name_a_docstring_and_a_comment_and_nowhere_else() -> None:
    source = '''"""It tells."""
class HeardOf:
    """It speaks."""
    voice_ms: int  # told
    """What last_heard_ms and a teller are."""
    text = "hear"
    place = f"{HeardOf}" + str(file.tell())
'''
    assert list(_speech_in(source)) == ["tells", "HeardOf", "speaks", "voice_ms", "told"]


def _budget_to_write() -> str:
    lines = "".join(f'    "{room}": {_found()[room]},\n' for room in PACKAGES if _found()[room])
    return f"write into {__name__}:\nBUDGET: dict[str, int] = {{\n{lines}}}"


@cache
def _found() -> Counter[str]:
    found = Counter[str]()
    for name, path in product().items():
        source = path.read_text(encoding="utf-8")
        if _SPEECH.search(source):
            found[name.split(".")[0]] += sum(1 for _ in _speech_in(source))
    return found


def _speech_in(source: str) -> Iterator[str]:
    """Every name, and every word of a docstring or comment, that has a word of speech in it."""
    for text in _texts(source):
        for word in _WORD.findall(text):
            if word not in CONTRACT and not SPEECH.isdisjoint(part.lower() for part in _PART.split(word)):
                yield word


def _texts(source: str) -> Iterator[str]:
    """The names, comments and docstrings (also those behind attributes), in their order."""
    before, before_text, in_fstring = tokenize.ENCODING, "", 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        in_fstring += (token.type == _FSTRING_START) - (token.type == _FSTRING_END)
        if token.type == tokenize.NAME and not in_fstring:
            if (before_text, token.string) != (".", "tell"):
                yield token.string
        elif token.type == tokenize.COMMENT or (token.type == tokenize.STRING and before in _BEFORE_A_STATEMENT):
            yield token.string
        if token.type not in _PASSED_OVER:
            before, before_text = token.type, token.string
