"""How good rules are: events matched to the labels of a known truth, and the figures of it."""

from urbansense.evaluation.scoring.grading.bars import Bar, Bars
from urbansense.evaluation.scoring.grading.matching import DEFAULT_GRACE_MS, match
from urbansense.evaluation.scoring.grading.score import Score, score_of
from urbansense.evaluation.scoring.grading.verdicts import Matched, ScoredEvent, Window

__all__ = ["DEFAULT_GRACE_MS", "Bar", "Bars", "Matched", "Score", "ScoredEvent", "Window", "match", "score_of"]
