"""A score as JSON, and a case as the files that it can be scored from again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulators.truth.labels import truth_lines
from urbansense.evaluation.scoring.grading import Bar, Score
from urbansense.evaluation.scoring.inputs.case import ScoringCase
from urbansense.evaluation.scoring.inputs.events import event_lines
from urbansense.evaluation.scoring.practice.rehearsal import Rehearsal


def document_of(result: Score, bars: Sequence[Bar], rehearsal: Rehearsal | None) -> dict[str, Any]:
    """The score as JSON: its shape is that of `grading.Score`, with the bars and the practice beside it."""
    practice = None
    if rehearsal is not None:
        practice = {
            "messages": rehearsal.messages,
            "reports": rehearsal.practice.reports,
            "judged": rehearsal.practice.judged,
            "too_late": rehearsal.practice.too_late,
            "rejected": rehearsal.rejected,
            "rule_errors": dict(rehearsal.practice.errors),
            "took_s": rehearsal.practice.took_s,
        }
    return {
        **result.model_dump(mode="json"),
        "bars": [{"bar": bar.words, "holds": bar.holds} for bar in bars],
        "practice": practice,
    }


def write_case(case: ScoringCase, folder: Path) -> None:
    """Write `truth.jsonl` and `events.jsonl` into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.jsonl").write_text("".join(truth_lines(case.labels)), encoding="utf-8")
    (folder / "events.jsonl").write_bytes(b"".join(event_lines(case.scored)))
