"""Hypothesis drives a target: inputs of its shape or of any bytes, and the smallest that breaks it."""

from math import inf
from time import monotonic

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import inputs
from tests.fuzz.limits import Bounds, bounded_time
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target

_ROUND = 50


def inputs_of(target: Target) -> st.SearchStrategy[bytes]:
    """Any bytes now and then, else a known input changed."""
    known = inputs(target)
    changed = st.builds(
        lambda data, random: mutated(target, data, random, known),
        st.sampled_from(known),
        st.randoms(use_true_random=False, note_method_calls=False),
    )
    return st.one_of(changed, changed, changed, st.binary(max_size=200))


def broken_by(target: Target, bounds: Bounds) -> tuple[bytes, BaseException] | None:
    """An input that breaks the target, as small as Hypothesis makes it, and what it raised; None where none was found.

    Rounds of 50 inputs with seeds from that of the bounds on; at least one round.
    """
    end, number = monotonic() + bounds.seconds, 0
    rounds = inf if bounds.runs is None else bounds.runs / _ROUND
    while number == 0 or (number < rounds and monotonic() < end):
        broken = broken_in_a_round(target, bounds.seed + number, _ROUND)
        if broken is not None:
            return broken
        number += 1
    return None


def broken_in_a_round(target: Target, round_seed: int, examples: int) -> tuple[bytes, BaseException] | None:
    """The same for one seed and a number of inputs; deterministic."""
    last = [b""]

    @seed(round_seed)
    @settings(
        max_examples=examples, deadline=None, database=None, phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(inputs_of(target))
    def attempt(data: bytes) -> None:
        last[0] = data
        with bounded_time():
            target.check(data)

    try:
        attempt()
    except Exception as error:
        return last[0], error
    return None
