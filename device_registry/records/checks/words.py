"""What the words of a profile's fields must be: tables of values, numbers as text, the time's format, what is ignored."""

import math
from collections.abc import Iterator
from typing import Final, get_args

from device_registry.records.problems import RecordProblem
from domain.devices import IGNORE_THE_REST, FieldMapping, Profile, TimeFormat
from domain.quantities.catalogue import Quantity

_MOST_WORDS: Final = 100
_LONGEST_WORD: Final = 100
_FORMATS: Final = get_args(TimeFormat)


def word_problems(profile: Profile, mapping: FieldMapping, quantity: Quantity) -> Iterator[RecordProblem]:
    """Everything wrong with the table of values of one field, and with its numbers as text."""

    def problem(what: str, remedy: str) -> RecordProblem:
        return RecordProblem(profile.name, f"fields.{mapping.source}", what, remedy)

    if mapping.text and quantity.boolean:
        yield problem(f"{quantity.name} is true or false and no number", 'give `values`: {"ON": true, "OFF": false}')
    if len(mapping.values) > _MOST_WORDS:
        yield problem(f"{len(mapping.values)} entries in `values`", f"give at most {_MOST_WORDS}")
    for word, value in mapping.values.items():
        if not 0 < len(word) <= _LONGEST_WORD:
            yield problem(f"{word[:40]!r} in `values` is no word", f"use 1 to {_LONGEST_WORD} characters")
        if quantity.boolean and not isinstance(value, bool):
            yield problem(
                f"{word[:40]!r} stands for {value!r}, but {quantity.name} is true or false", "give one of those"
            )
        if not quantity.boolean and (isinstance(value, bool) or not math.isfinite(value)):
            yield problem(f"{word[:40]!r} stands for {value!r}, but {quantity.name} is a number", "give a number")


def time_and_rest_problems(profile: Profile) -> Iterator[RecordProblem]:
    """Everything wrong with the format of the time and with the ignored fields."""
    if profile.time is not None and profile.time not in _FORMATS:
        remedy = f"use one of {', '.join(_FORMATS)}"
        yield RecordProblem(profile.name, "time", f"{profile.time!r} is no format of a time", remedy)
    for source in profile.ignore:
        if IGNORE_THE_REST in source and source != IGNORE_THE_REST:
            remedy = (
                f"name the field in full, or give {IGNORE_THE_REST!r} alone for all that no field of the profile names"
            )
            yield RecordProblem(profile.name, "ignore", f"{source[:40]!r} is no pattern", remedy)
