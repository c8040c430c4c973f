"""Which steps of a case somebody is notified of. Pure."""

from collections.abc import Mapping
from typing import Final

from cases.notification.messages.message import Occasion, Occurrence
from cases.storage import HistoryEntry
from cases.workflow.case import Case
from cases.workflow.states import State

_BY_TRANSITION: Final[Mapping[str, Occasion]] = {
    "report": Occasion.REPORTED,
    "reconsider": Occasion.REPORTED,
    "file": Occasion.FILED,
    "verify": Occasion.FILED,
    "dispatch": Occasion.DISPATCHED,
    "hand_over": Occasion.DISPATCHED,
    "return": Occasion.RETURNED,
    "ask_extension": Occasion.EXTENSION_ASKED,
    "grant_extension": Occasion.EXTENSION_DECIDED,
    "refuse_extension": Occasion.EXTENSION_DECIDED,
    "urge": Occasion.URGED,
    "handle": Occasion.HANDLED,
    "recover": Occasion.RECOVERED,
    "fail": Occasion.CHECK_FAILED,
    "close": Occasion.CLOSED,
    "dissolve": Occasion.CLOSED,
    "reopen": Occasion.REOPENED,
}
"""A merge and what joins, changes or leaves a case (attach, amend, detach) notify nobody: the case they are part of did."""


def occurrence_of(entry: HistoryEntry, case: Case) -> Occurrence | None:
    """What a step gives to notify of, if anything. `case` is how the case stands by now.

    Nothing is sent about a case that was merged meanwhile, a report that needs nobody's verification, or a filed case that
    was dispatched in the same breath.
    """
    occasion = _BY_TRANSITION.get(entry.transition)
    if occasion is None or case.state is State.MERGED:
        return None
    if occasion is Occasion.REPORTED and entry.case.trusted:
        return None
    if occasion is Occasion.FILED and case.state is not State.FILED:
        return None
    key = f"{entry.case.case_id}/{entry.revision}"
    return Occurrence(key, occasion, entry.case, entry.at_ms, entry.actor, entry.note)
