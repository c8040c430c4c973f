"""Dealing things out by shares, exactly and evenly."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Kind = TypeVar("Kind", bound=Hashable)


def dealt(shares: Mapping[Kind, float], count: int) -> list[Kind]:
    """`count` kinds in a row, each as often as its share of the sum of shares asks, and evenly spread.

    After any number of them no kind is a whole turn behind its due. The first of equals comes first.
    """
    total = sum(shares.values())
    kinds = [(kind, share / total) for kind, share in shares.items() if share > 0]
    given = dict.fromkeys((kind for kind, _ in kinds), 0)
    found: list[Kind] = []
    for number in range(1, count + 1):
        kind = max(kinds, key=lambda one: one[1] * number - given[one[0]])[0]
        given[kind] += 1
        found.append(kind)
    return found
