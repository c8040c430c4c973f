"""Documents that must never run: each is refused in good time, with a sentence on what is wrong and where."""

import time

import pytest

from documents.located_yaml.reading import MAX_BYTES
from rules.language.conditions.condition import Condition
from rules.language.conditions.errors import ConditionError
from rules.language.document.problems import BadRules
from rules.language.document.reading import parse_documents

LAMP = "rule: a\nkind: streetlight\n"
PATIENCE_S = 5.0
DEEP = "(" * 5_000 + "true" + ")" * 5_000
WIDE = " || ".join(["reading.voltage > 1"] * 10_000)

BAD = {
    "yaml-syntax": (f"{LAMP}when: [\n", "4:1: not YAML"),
    "tabs": (f"{LAMP}\twhen: true\n", "3:1: not YAML"),
    "condition-syntax": (f"{LAMP}when: reading.voltage > > 1\n", "3:25: `when`"),
    "unknown-clause": (f"{LAMP}when: true\nunless: false\n", "4:1: unknown clause `unless`"),
    "unknown-quantity": (f"{LAMP}when: reading.volts > 1\n", "3:7: `when`: unknown quantity 'volts'; did you mean"),
    "unknown-name": (f"{LAMP}when: weather.rain > 1\n", "3:7: `when`"),
    "unknown-function": (f"{LAMP}when: open('/etc/passwd') == ''\n", "3:7: `when`"),
    "unknown-calendar-clause": ("calendar: a\nhour: []\n", "2:1: unknown clause `hour`"),
    "dunder": (f"{LAMP}when: device.__class__ == 'x' && reading.__init__ > 1\n", "`when`"),
    "types": (f"{LAMP}when: reading.voltage > 'high'\n", "the left side is a number, the right side is text"),
    "no-truth": (f"{LAMP}when: reading.voltage + 1\n", "this is a number where true or false is needed"),
    "recursion-yaml": (f"{LAMP}when: &a [*a]\n", "3:7: anchors and aliases"),
    "recursion-bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors and aliases"),
    "deep-yaml": (f"{LAMP}title: {'[' * 50_000}\n", "nested deeper than"),
    "deep-condition": (f"{LAMP}when: '{DEEP}'\n", "3:8: `when`"),
    "one-megabyte": (f"{LAMP}when: true\n# {'x' * 1_000_000}\n", f"larger than {MAX_BYTES // 1024} KiB"),
    "wide-condition": (f"{LAMP}when: '{WIDE}'\n", "3:8: `when`"),
    "loop-all": (f"{LAMP}when: '[1, 2].all(x, x > 0)'\n", "`when`: unknown function"),
    "loop-map": (f"{LAMP}when: 'size([1, 2].map(x, [1, 2].map(y, x * y))) > 0'\n", "`when`: unknown function"),
    "loop-exists": (f"{LAMP}when: 'device.list.exists(x, x == 1)'\n", "`when`: unknown function"),
    "endless-duration": (
        f"{LAMP}when: true\nfor: 99999999d\n",
        "4:6: `for`: '99999999d' is longer than a thousand years",
    ),
    "endless-range": ("calendar: a\nclosed: 1970-01-01..2199-12-31\n", "at most 366 days"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_refused_in_good_time(name: str) -> None:
    text, words = BAD[name]
    began = time.perf_counter()
    with pytest.raises(BadRules) as refused:
        parse_documents(text, "r.yaml")
    assert time.perf_counter() - began < PATIENCE_S
    assert all(str(problem).startswith("r.yaml:") for problem in refused.value.found)
    assert any(words in str(problem) for problem in refused.value.found), refused.value.problems


def test_a_pattern_that_makes_others_run_for_ever_takes_no_time() -> None:
    """CEL's regular expressions are RE2's: linear in the text, however the pattern is built."""
    condition = Condition("device.name.matches('^(([a-z])+.)+[A-Z]([a-z])+$')")
    began = time.perf_counter()
    assert condition.evaluate({}, {"name": "a" * 20_000}) is False
    assert time.perf_counter() - began < PATIENCE_S


def test_the_longest_condition_that_is_taken_is_judged_at_once() -> None:
    longest = " && ".join(["reading.voltage > 1.5 * (1 + 1)"] * 30)
    condition = Condition(longest)
    began = time.perf_counter()
    for _ in range(1_000):
        assert condition.evaluate({"voltage": 230.0}, {}) is True
    assert time.perf_counter() - began < PATIENCE_S


def test_a_pattern_that_is_itself_too_large_fails_its_rule_and_nothing_else() -> None:
    condition = Condition("device.name.matches('((a{1000}){1000}){1000}')")
    began = time.perf_counter()
    with pytest.raises(ConditionError):
        condition.evaluate({}, {"name": "a"})
    assert time.perf_counter() - began < PATIENCE_S
