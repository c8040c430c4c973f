"""A score as Markdown: every figure, every finding, the same text for the same score."""

from zoneinfo import ZoneInfo

from tests.urbansense.evaluation.scoring.grading.truths import at, decoy, label, told
from urbansense.evaluation.scoring.grading import Window, match, score_of
from urbansense.evaluation.scoring.report.markdown import markdown_of

ZONE = ZoneInfo("Asia/Shanghai")
LABELS = [
    label(10, 40, place="L1"),
    label(50, 80, place="L2", hard="it dims before it dies"),
    decoy(300, 330, place="C1"),
]
EVENTS = [told(13, 40, subject="L1", heard=14), told(310, 320, subject="C1", rule="cover-open")]


def test_tables_hold_the_figures_and_every_miss_and_false_event_with_its_line() -> None:
    text = markdown_of(score_of(match(LABELS, EVENTS, Window(at(0), at(400))), devices=48), ZONE)
    assert "| recall, in time | 0.5000 | 0.0945 to 0.9055 | 1 of 2 |" in text
    assert "| recall without the hard ones | 1.0000 | 0.2065 to 1.0000 | 1 of 1 |" in text
    assert "- Faults: 2 asked for, 1 of them hard; 1 told in time, 0 late, 1 missed; 0 open, not counted." in text
    assert "nothing was told; hard: it dims before it dies |" in text
    assert "| false | `cover-open` | `C1` |" in text
    assert text.endswith("|\n")


def test_what_went_well_says_that_there_is_nothing_to_list() -> None:
    text = markdown_of(score_of(match(LABELS[:1], EVENTS[:1], Window(at(0), at(400)))), ZONE)
    assert text.count("None.\n") == 2
    assert "device-days" not in text
