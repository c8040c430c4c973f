"""Events read from files, whatever wrote them."""

from pathlib import Path

import orjson
import pytest

from domain.errors import ConfigurationError
from domain.time.durations import format_instant
from tests.urbansense.evaluation.scoring.grading.truths import at, told
from urbansense.evaluation.scoring.grading import ScoredEvent
from urbansense.evaluation.scoring.inputs.events import event_lines, fetch_events_file

EVENTS = [told(63, 70), told(80, subject="L2")]


def written(folder: Path, content: bytes) -> Path:
    path = folder / "events"
    path.write_bytes(content)
    return path


def plain(one: ScoredEvent) -> bytes:
    return orjson.dumps(one.event.model_dump(mode="json"))


def as_cloud_event(one: ScoredEvent, minute: float) -> bytes:
    content = {"specversion": "1.0", "id": "1/1", "time": format_instant(at(minute)), "data": orjson.loads(plain(one))}
    return orjson.dumps(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\n".join(map(plain, EVENTS)) + b"\n\n", id="JSON lines"),
        pytest.param(b"[" + b",".join(map(plain, EVENTS)) + b"]", id="an array"),
        pytest.param(
            b'{"items": [' + b",".join(map(plain, EVENTS)) + b'], "next": null}', id="what `events list` prints"
        ),
    ],
)
def test_events_are_read_from(content: bytes, tmp_path: Path) -> None:
    assert fetch_events_file(written(tmp_path, content)) == EVENTS


def test_a_single_event_is_a_file_too_and_nothing_is_none(tmp_path: Path) -> None:
    assert fetch_events_file(written(tmp_path, plain(EVENTS[0]))) == EVENTS[:1]
    assert fetch_events_file(written(tmp_path, b"")) == []


def test_a_cloud_event_says_when_it_was_told(tmp_path: Path) -> None:
    (found,) = fetch_events_file(written(tmp_path, as_cloud_event(EVENTS[0], 64)))
    assert found == ScoredEvent(EVENTS[0].event, at(64))


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_revisions_the_last_counts_and_the_first_time(newest_first: bool, tmp_path: Path) -> None:
    opened, cleared = told(63), told(63, 70, revision=2)
    lines = [as_cloud_event(opened, 64), as_cloud_event(cleared, 71)]
    content = b"\n".join(reversed(lines) if newest_first else lines)
    assert fetch_events_file(written(tmp_path, content)) == [ScoredEvent(cleared.event, at(64))]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    events = [told(63, 70, heard=64), told(80, subject="L2")]
    assert fetch_events_file(written(tmp_path, b"".join(event_lines(events)))) == events


def test_every_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    bad = plain(EVENTS[0]).replace(b'"major"', b'"grave"')
    path = written(tmp_path, b"\n".join([plain(EVENTS[0]), b"{oops", b"7", bad]))
    with pytest.raises(ConfigurationError) as caught:
        fetch_events_file(path)
    problems = "\n".join(caught.value.problems)
    for where in (f"{path}:2: no JSON", f"{path}:3: no event", f"{path}:4: severity"):
        assert where in problems
    assert len(caught.value.problems) == 3


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        fetch_events_file(tmp_path / "none")
