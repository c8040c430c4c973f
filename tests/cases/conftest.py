"""A store of cases on each database."""

import pytest

from cases.storage import CaseStore
from tests.cases.workflow.acting import TIMES
from urbansense.wiring.shared_database import SharedDatabase


@pytest.fixture
def book(case_database: SharedDatabase) -> CaseStore:
    return CaseStore(case_database, TIMES)
