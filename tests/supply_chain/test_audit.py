"""The audit's verdict: a database that knows nothing is never taken for one that finds nothing."""

from typing import Any

import pytest

from supply_chain import audit
from supply_chain.audit import CLEAN, UNANSWERED, VULNERABLE, judge

FOUND = {"id": "CVE-2019-10906", "fix_versions": ["2.10.1"]}
CANARY: dict[str, Any] = {"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": [FOUND]}]}
GOOD: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
SKIPPED: dict[str, Any] = {"name": "b", "skip_reason": "Dependency not found"}
BAD: dict[str, Any] = {"name": "c", "version": "2", "vulns": [FOUND]}


@pytest.mark.parametrize("canary", [None, {"dependencies": []}, {"dependencies": [SKIPPED]}, {"dependencies": [GOOD]}])
def test_a_database_that_does_not_know_what_is_known_to_be_bad_did_not_answer(canary: dict[str, Any] | None) -> None:
    code, lines = judge(canary, {"dependencies": [GOOD]})
    assert code == UNANSWERED
    assert "did not answer" in lines[0]
    assert "nothing was audited" in lines[0]


@pytest.mark.parametrize(
    ("dependencies", "code", "statement"),
    [
        ([GOOD], CLEAN, "1 of 1 distributions were audited, 0 vulnerabilities found"),
        ([GOOD, BAD], VULNERABLE, "c 2: CVE-2019-10906, fixed in 2.10.1"),
        ([BAD, SKIPPED], VULNERABLE, "the database did not answer about 1: b"),
        ([GOOD, SKIPPED], UNANSWERED, "the database did not answer about 1: b"),
        ([], UNANSWERED, "0 of 0 distributions were audited, 0 vulnerabilities found"),
    ],
)
def test_the_verdict_is_by_what_was_audited_and_found(
    dependencies: list[dict[str, Any]], code: int, statement: str
) -> None:
    found, lines = judge(CANARY, {"dependencies": dependencies})
    assert found == code
    assert statement in lines


def test_a_database_that_stops_answering_is_named() -> None:
    assert judge(CANARY, None) == (UNANSWERED, ["the database stopped answering: nothing was audited"])


def test_the_command_says_so_where_pip_audit_ends_without_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert audit.main() == UNANSWERED
    assert "audit: the database did not answer" in capsys.readouterr().out
