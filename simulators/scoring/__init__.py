"""How good rules are: events matched to the labels of a known truth, and the figures of it."""

from simulators.scoring.bars import Bar, Bars
from simulators.scoring.matching import DEFAULT_GRACE_MS, match
from simulators.scoring.score import Score, score_of
from simulators.scoring.verdicts import Matched, Told, Window

__all__ = ["DEFAULT_GRACE_MS", "Bar", "Bars", "Matched", "Score", "Told", "Window", "match", "score_of"]
