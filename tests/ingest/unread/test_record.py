"""The note that the samples leave on the log, and its words."""

from pathlib import Path

import pytest

from domain.ledger import Sampling, UnreadPattern, UnreadTopics
from domain.topics import Topics
from ingest.unread.record import decode_unread, encode_unread, read_unread, write_unread
from ingest.unread.wording import rate_in_words, unread_in_words
from streams.limits.records import MAX_METADATA_BYTES
from streams.sqlite.log import SQLiteLog

SEEN = UnreadTopics(Sampling.SAMPLED, 1_780_000_000_000, 2.0, 5.0, (UnreadPattern("other/+/data", 3.0, 7),), 0)


async def test_every_process_reads_what_the_last_look_left(tmp_path: Path) -> None:
    log, topics = SQLiteLog(tmp_path / "log.db"), Topics(partitions=1)
    await log.ensure_topics(topics.specs())
    assert await read_unread(log, topics) is None
    for state in Sampling:
        seen = UnreadTopics(state, 1, 2.0, 5.0, SEEN.patterns)
        await write_unread(log, topics, seen)
        assert await read_unread(log, topics) == seen
    await log.close()


def test_what_finds_no_room_is_counted() -> None:
    many = tuple(UnreadPattern(f"{'长' * 30}/{n}", 1.0, n) for n in range(99))
    note = encode_unread(UnreadTopics(Sampling.SAMPLED, 1, patterns=many, more=1))
    held = decode_unread(note)
    assert held is not None
    assert len(note.encode()) <= MAX_METADATA_BYTES
    assert len(held.patterns) + held.more == 100


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"state":"x"}', '{"patterns":[1]}', "null"])
def test_a_note_of_another_release_is_none(note: str) -> None:
    assert decode_unread(note) is None


@pytest.mark.parametrize(
    ("per_second", "words"),
    [
        (120.0, "about 120/s"),
        (3.21, "about 3.2/s"),
        (0.05, "about 3/min"),
        (0.0001, "about 0.36/h"),
        (0.0, "about 0/h"),
    ],
)
def test_a_rate_has_two_figures(per_second: float, words: str) -> None:
    assert rate_in_words(per_second) == words


@pytest.mark.parametrize(
    ("unread", "words"),
    [
        (None, "nobody has looked yet"),
        (SEEN, "other/+/data about 3/s"),
        (UnreadTopics(Sampling.SAMPLED, 1, 120.0), "none seen in 120 s of samples"),
        (UnreadTopics(Sampling.REFUSED, 1), "does not let the gateway's account subscribe"),
        (UnreadTopics(Sampling.ABOVE_RATE, 1, 0, 5000.0), "carries 5,000 messages/s"),
    ],
)
def test_an_operator_reads_what_was_found_or_why_not(unread: UnreadTopics | None, words: str) -> None:
    assert words in unread_in_words(unread)
