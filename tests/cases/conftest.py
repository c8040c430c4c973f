"""A book of cases on each database."""

from collections.abc import Iterator

import pytest

from cases.storage import CaseBook
from device_registry.database import open_engine
from tests.cases.workflow.acting import TIMES
from urbansense.case_database import CaseDatabase


@pytest.fixture
def case_database(database_url: str) -> Iterator[CaseDatabase]:
    engine = open_engine(database_url)
    yield CaseDatabase(engine)
    engine.dispose()


@pytest.fixture
def book(case_database: CaseDatabase) -> CaseBook:
    return CaseBook(case_database, TIMES)
