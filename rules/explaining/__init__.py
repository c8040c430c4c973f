"""Why there is an event, and why there is none, in words."""

from rules.explaining.answers import WhyNot
from rules.explaining.explanation import Explanation, explain
from rules.explaining.why_not import why_not

__all__ = ["Explanation", "WhyNot", "explain", "why_not"]
