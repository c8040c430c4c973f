"""The corpus is replayed and a little is tried anew; `make fuzz` and CI go on from here for a bounded time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from domain.dialects import DIALECTS
from tests.fuzz import hypothetical
from tests.fuzz.__main__ import main
from tests.fuzz.corpus import FOLDER, inputs, kept
from tests.fuzz.limits import Bounds
from tests.fuzz.messages import MOST, pack, unpack
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

KEPT = [
    pytest.param(target, data, id=f"{target.name}/{name}")
    for target in TARGETS.values()
    for name, data in kept(target).items()
]


@pytest.mark.parametrize(("target", "data"), KEPT)
def test_an_input_that_is_kept_is_read_or_refused_as_declared(target: Target, data: bytes) -> None:
    with capture_logs():
        target.check(data)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_seeds_and_a_few_changes_of_them_are_read_or_refused_as_declared(target: Target) -> None:
    with capture_logs():
        for data in target.seeds():
            target.check(data)
        assert hypothetical.broken_in_a_round(target, round_seed=1, examples=15) is None


def test_every_dialect_and_every_folder_of_the_corpus_has_a_target() -> None:
    assert {dialect.name for dialect in DIALECTS} <= TARGETS.keys()
    assert {path.name for path in FOLDER.iterdir()} <= TARGETS.keys()


def test_a_fault_is_found_and_made_small() -> None:
    def check(data: bytes) -> None:
        if b"!" in data:
            raise KeyError("planted")

    found = hypothetical.broken_by(Target("planted", check, lambda: [b"good"]), Bounds(0, None, seed=1))
    found = found or hypothetical.broken_in_a_round(Target("planted", check, lambda: [b"good!"]), 2, 200)
    assert found is not None
    assert b"!" in found[0]
    assert isinstance(found[1], KeyError)


def test_the_same_seed_gives_the_same_inputs() -> None:
    def tried(round_seed: int) -> list[bytes]:
        seen: list[bytes] = []
        recording = Target("recording", seen.append, TARGETS["native"].seeds, TARGETS["native"].shape)
        hypothetical.broken_in_a_round(recording, round_seed, 20)
        return seen

    assert tried(7) == tried(7) != tried(8)


def test_a_bound_in_inputs_is_kept_however_fast_the_machine() -> None:
    seen: list[bytes] = []
    assert hypothetical.broken_by(Target("recording", seen.append, lambda: [b"good"]), Bounds(3600, 100, 1)) is None
    assert 50 < len(seen) <= 100


def test_a_kept_input_is_replayed_by_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    target = TARGETS["condition"]
    path = next(path for path in sorted((FOLDER / target.name).iterdir()))
    assert main(["--replay", str(path)]) == 0
    assert "condition reads or refuses it" in capsys.readouterr().out
    assert path.read_bytes() in inputs(target)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=MOST))
def test_messages_packed_are_unpacked_again(messages: list[tuple[int, bytes]]) -> None:
    assert unpack(pack(messages)) == messages


@given(st.binary(max_size=300))
def test_any_bytes_are_some_messages(data: bytes) -> None:
    assert len(unpack(data)) <= MOST
