"""`urbansense score` on files: the table, the JSON, the page, the bars, and what it says to mistakes."""

from pathlib import Path

import orjson
import pytest

from domain.time.durations import format_instant
from simulators.truth.labels import Label, truth_lines
from tests.urbansense.evaluation.scoring.grading.truths import at, decoy, label, told
from urbansense.commands.cli import main
from urbansense.evaluation.scoring.grading import Score, ScoredEvent
from urbansense.evaluation.scoring.inputs.events import event_lines

LABELS = [
    label(10, 40, place="L1"),
    label(50, 80, place="L2", hard="it dims before it dies"),
    label(90, 120, place="L3"),
    label(100, 130, place="L4"),
    decoy(300, 330, place="C1"),
]
EVENTS = [
    told(13, 40, subject="L1", heard=14),
    told(93, 119, subject="L3", heard=94),
    told(105, 119, subject="L4", heard=112),
    told(310, 320, subject="C1", rule="cover-open"),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a truth and events, where no settings are."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, LABELS, EVENTS)
    return tmp_path


def write(folder: Path, labels: list[Label], events: list[ScoredEvent]) -> None:
    (folder / "truth.jsonl").write_text("".join(truth_lines(labels)), encoding="utf-8")
    (folder / "events.jsonl").write_bytes(b"".join(event_lines(events)))


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of a whole command, as the shell gets them."""
    monkeypatch.setattr("sys.argv", ["urbansense", "score", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


ON_FILES = ("--truth", "truth.jsonl", "--events", "events.jsonl")


def test_the_table_holds_every_figure_and_every_finding_with_its_line(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, told_of = run(*ON_FILES, "--devices", "48", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, told_of) == (0, "")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    for line in (
        "recall, in time 0.5000 0.1500 – 0.8500 2 of 4",
        "recall, late ones too 0.7500 0.3006 – 0.9544 3 of 4",
        "recall without the hard ones 0.6667 0.2077 – 0.9385 2 of 3",
        "precision 0.7500 0.3006 – 0.9544 3 of 4",
        "faults 4 asked = 2 in time + 1 late + 1 missed; 0 open, not counted",
        "decoys 0 kept quiet, 1 disturbed; 0 open, not counted",
        "delay to the opening p50 3m, p95 5m, max 5m; until told p50 4m, p95 12m, max 12m",
        "faults missed or told too late: 2",
        "false and repeated events: 1",
    ):
        assert line in lines, line
    assert any(line.startswith("missed lamp-dead L2") and "hard: it dims before it dies" in line for line in lines)
    assert any(line.startswith("late lamp-dead L4") and "2m after the deadline" in line for line in lines)
    assert any(line.startswith("false cover-open C1") and "during traffic" in line for line in lines)


def test_json_goes_to_the_screen_or_to_a_file_and_the_page_beside_it(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (*ON_FILES, "--json", "--json-file", "score.json", "--html", "score.html", "--min-recall", "0.9")
    code, said, told_of = run(*asked, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1
    content = orjson.loads(said)
    assert content == orjson.loads((files / "score.json").read_bytes())
    assert content["bars"] == [{"bar": "recall 0.5000, asked for at least 0.9", "holds": False}]
    assert content["practice"] is None
    score = Score.model_validate({name: content[name] for name in Score.model_fields})
    assert (score.overall.labels.recall.hits, score.overall.events.precision.hits) == (2, 3)
    assert (score.from_ms, score.to_ms) == (at(10), at(330))
    assert (files / "score.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "score.html" in told_of
    assert "score.json" in told_of


@pytest.mark.parametrize(
    ("bars", "code", "words"),
    [
        (("--min-recall", "0.5", "--min-precision", "0.75"), 0, "holds recall 0.5000"),
        (("--min-recall", "0.51"), 1, "MISSED recall 0.5000, asked for at least 0.51"),
        (("--min-precision", "0.76"), 1, "MISSED precision 0.7500"),
        (("--max-delay-p95", "5m"), 0, "holds delay p95 5m"),
        (("--max-delay-p95", "4m"), 1, "MISSED delay p95 5m, asked for at most 4m"),
        (("--max-false", "1"), 1, "MISSED false events per 1,000 device-days are unknown: say --devices"),
        (("--devices", "1000", "--max-false", "4.6"), 0, "holds false events per 1,000 device-days 4.50"),
        (("--devices", "1000", "--max-false", "4.4"), 1, "MISSED false events per 1,000 device-days 4.50"),
        (("--min-recall", "0.51", "--max-delay-p95", "5m"), 1, "holds delay p95 5m"),
    ],
)
def test_a_missed_bar_makes_the_exit_code_one(
    bars: tuple[str, ...],
    code: int,
    words: str,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended, said, _ = run(*ON_FILES, *bars, monkeypatch=monkeypatch, capsys=capsys)
    assert ended == code
    assert words in " ".join(said.split())


def test_only_the_time_that_is_asked_for_is_scored(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (*ON_FILES, "--from", format_instant(at(45)), "--to", format_instant(at(200)), "--json")
    content = orjson.loads(run(*asked, monkeypatch=monkeypatch, capsys=capsys)[1])
    labels, events = content["overall"]["labels"], content["overall"]["events"]
    assert (labels["asked"], labels["open"], events["right"], events["false"]) == (3, 1, 2, 0)


def test_the_grace_decides_how_long_a_fault_explains(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outage = decoy(60, 90, place="F1", explains=("lamp-out",), affected=("L1",))
    write(files, [outage], [told(110, since=108)])
    found = []
    for grace in ("10m", "20m"):
        _, said, _ = run(*ON_FILES, "--grace", grace, "--to", format_instant(at(200)), "--json",
                         monkeypatch=monkeypatch, capsys=capsys)  # fmt: skip
        events = orjson.loads(said)["overall"]["events"]
        found.append((events["false"], events["explained"]))
    assert found == [(1, 0), (0, 1)]


def test_a_group_of_the_library_is_known_as_one_also_in_a_file(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [label(60, 90, place=f"L{n}") for n in range(3)]
    members = [told(63, 90, subject=f"L{n}", absorbed_by="feeder-fault") for n in range(3)]
    write(files, labels, [*members, told(64, 90, rule="feeder-fault", subject="F1", since=60)])
    _, said, _ = run(*ON_FILES, "--json", monkeypatch=monkeypatch, capsys=capsys)
    events = orjson.loads(said)["overall"]["events"]
    assert (events["right"], events["explained"], events["false"]) == (3, 1, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --truth, the file that a simulation wrote, or --city"),
        (("--truth", "none.jsonl"), "none.jsonl: cannot be read"),
        (("--truth", "truth.jsonl", "--events", "none"), "none: cannot be read"),
        (("--truth", "events.jsonl", "--events", "events.jsonl"), "events.jsonl:1:"),
        (("--truth", "truth.jsonl", "--events", "truth.jsonl"), "truth.jsonl:1:"),
        ((*ON_FILES, "--from", "2026-01-01T00:00"), "--from: '2026-01-01T00:00' has no UTC offset"),
        ((*ON_FILES, "--from", "2027-01-01T00:00:00Z"), "the scored time is empty"),
        ((*ON_FILES, "--grace", "soon"), "--grace: 'soon' is not a duration"),
        ((*ON_FILES, "--max-delay-p95", "5"), "--max-delay-p95: '5' is not a duration"),
        (("--city", "atlantis"), "there is no city 'atlantis'"),
        (("--city", "practice", "--truth", "truth.jsonl"), "--truth has no meaning beside --city"),
        (("--city", "practice", "--for", "0s"), "--for: give a time that is longer than nothing"),
        (("--city", "practice", "--start", "today"), "--start:"),
    ],
)
def test_a_mistake_is_told_in_a_line(
    arguments: tuple[str, ...],
    words: str,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, told_of = run(*arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert words in told_of.replace("\n", " ")
    assert "Traceback" not in told_of


def test_two_labels_of_one_name_must_say_the_same(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(files, [LABELS[0], LABELS[0]], EVENTS[:1])
    code, said, _ = run(*ON_FILES, "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, orjson.loads(said)["overall"]["labels"]["asked"]) == (0, 1)
    write(files, [LABELS[0], LABELS[0].model_copy(update={"end_ms": at(41)})], EVENTS[:1])
    code, _, told_of = run(*ON_FILES, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "two different things of lamp-dead/L1/10" in told_of
