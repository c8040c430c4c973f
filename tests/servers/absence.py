"""What happens to a test whose server is not here."""

import os
from typing import NoReturn

import pytest


def absent(server: str, reason: str) -> NoReturn:
    """Skip with the reason; fail where `URBANSENSE_TEST_REQUIRE` names the server, as in CI."""
    if server in os.environ.get("URBANSENSE_TEST_REQUIRE", "").split():
        pytest.fail(f"{server} is required here, but: {reason}")
    pytest.skip(reason)
