"""What must hold after any disturbance, said once for every run."""

from domain.events import Event
from tests.e2e.disturbed.witness import Found, outcome
from tests.e2e.disturbed.workload import REPORTS, Workload


def assert_as_if_nothing_had_happened(found: Found, work: Workload, undisturbed: list[Event]) -> None:
    """What the sender had acknowledged is in the log and, once, in the store; the events are the undisturbed ones."""
    assert found.behind == {}
    assert_balanced(found)
    sent = {(report.device_id, report.observed_at_ms): report.readings for report in work.reports()}
    assert found.logged == sent
    assert found.stored == sent
    assert found.samples == sum(len(readings) for readings in sent.values())
    assert {outcome(event) for event in found.events} == work.outcomes()
    assert by_id(found.events) == by_id(undisturbed)
    revisions = {f"{event.event_id}/{n}": 1 for event in undisturbed for n in range(1, event.revision + 1)}
    assert found.announced == revisions


def assert_balanced(found: Found) -> None:
    """Both ledgers account for every report, with nothing pending, refused or rejected."""
    store, rules = found.ledger.store, found.ledger.rules
    assert found.ledger.balances
    assert store.accepted == rules.accepted == REPORTS + found.duplicates
    assert (store.pending, store.refused, rules.pending, rules.no_rule) == (0, 0, 0, 0)
    # Every report is judged once. A second delivery that comes after the lateness is `too_late` before it is a duplicate.
    assert (rules.judged, rules.duplicate + rules.too_late) == (REPORTS, found.duplicates)
    assert store.stored >= REPORTS
    assert (found.ledger.rejected, found.ledger.rejected_in_part) == ({}, {})


def by_id(events: list[Event]) -> dict[str, Event]:
    found = {str(event.event_id): event for event in events}
    assert len(found) == len(events), "an event is stored twice"
    return found
