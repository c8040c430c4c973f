"""A dialect or a technology is named in its folder and in few other places, all of them listed here.

The numbers only go down: who must name one in a further file has a design to mend first.
"""

import re

import pytest

from tests.architecture.source import product, shown

NAMES = {
    "sparkplug": (r"sparkplug|spBv1", ("ingest/dialects/sparkplug/", "simulators/dialects/sparkplug/")),
    "hj212": (r"hj212|hj 212", ("ingest/dialects/hj212/", "simulators/dialects/hj212/")),
}
"""What a dialect is called, and the folders that are its own."""

ELSEWHERE = {
    "sparkplug": {
        "domain/devices.py",  # the field of the record
        "domain/identities.py",  # the column, and what it may hold
        "domain/dialects.py",  # topics
        "ingest/dialects/register.py",
        "simulators/dialects/choice.py",  # the register of the simulators
        "web/api/devices/bodies.py",  # the field of the API
        "device_registry/storage/migrations/versions/v0002_details_and_audit.py",
    },
    "hj212": {"domain/dialects.py", "ingest/dialects/register.py", "simulators/dialects/choice.py"},
}
AT_MOST = {"sparkplug": 12, "hj212": 10}
"""Files in all, the dialect's own among them."""


@pytest.mark.parametrize("dialect", NAMES)
def test_a_dialect_is_named_in_its_folders_and_the_files_listed_here(dialect: str) -> None:
    pattern, folders = NAMES[dialect]
    named = {shown(path) for path in product().values() if re.search(pattern, path.read_text("utf-8"), re.IGNORECASE)}
    assert {path for path in named if not path.startswith(folders)} == ELSEWHERE[dialect]
    assert len(named) <= AT_MOST[dialect]


LOG_OR_STORE = re.compile(r"kafka|duckdb|influx", re.IGNORECASE)
ROOMS_THAT_CHOOSE = ("streams/", "timeseries/", "urbansense/")
BOUND_TO_ONE = {
    "domain/cloud_events.py",
    "domain/devices.py",  # what may be a key
    "ingest/pipeline/rejection_records.py",  # the longest record it takes by default
    "rules/worker/correlator.py",
    "cases/desk/publication.py",
    "cases/intake/cloud_event.py",  # the Kafka binding of CloudEvents
}


def test_no_other_room_knows_which_log_or_store_there_is() -> None:
    named = {shown(path) for path in product().values() if LOG_OR_STORE.search(path.read_text("utf-8"))}
    assert {path for path in named if not path.startswith(ROOMS_THAT_CHOOSE)} <= BOUND_TO_ONE
