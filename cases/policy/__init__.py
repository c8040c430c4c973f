"""The city's policy for its cases: terms, dispatch, trust, what recovery means; one YAML document over the shipped one."""

from cases.policy.conditions import Condition, Grade
from cases.policy.loading import load_policy
from cases.policy.policy import CasePolicy, Escalation
from cases.policy.problems import BadPolicy
from cases.policy.terms import format_term, parse_term

__all__ = [
    "BadPolicy",
    "CasePolicy",
    "Condition",
    "Escalation",
    "Grade",
    "format_term",
    "load_policy",
    "parse_term",
]
