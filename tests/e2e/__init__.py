import pytest

pytest.register_assert_rewrite(
    "tests.e2e.judging", "tests.e2e.lives", "tests.e2e.platform", "tests.e2e.runs", "tests.e2e.verdict",
    "tests.e2e.witness",
)  # fmt: skip
