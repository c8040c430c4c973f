"""Why there is an event, and why there is none, in words."""

from rules.explaining.absence.answers import WhyNot
from rules.explaining.absence.first_reason import why_not
from rules.explaining.explanation import Explanation, explain

__all__ = ["Explanation", "WhyNot", "explain", "why_not"]
