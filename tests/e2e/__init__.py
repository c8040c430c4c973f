import pytest

pytest.register_assert_rewrite(
    "tests.e2e.disturbed.runs",
    "tests.e2e.disturbed.verdict",
    "tests.e2e.disturbed.witness",
    "tests.e2e.processes.platform",
    "tests.e2e.rules_killed.judging",
    "tests.e2e.rules_killed.lives",
)
