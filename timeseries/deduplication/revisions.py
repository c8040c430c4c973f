"""Which revision of each event is stored, for a store in which any write overwrites. Pure."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from domain.events import Event


class Revisions:
    """The highest revision known of the last `remembered` events."""

    def __init__(self, remembered: int = 100_000) -> None:
        self._remembered = remembered
        self._known: OrderedDict[str, int] = OrderedDict()

    def learn(self, revisions: Iterable[tuple[str, int]]) -> None:
        for event_id, revision in revisions:
            self._known[event_id] = max(revision, self._known.get(event_id, 0))
            self._known.move_to_end(event_id)

    def unknown(self, events: Sequence[Event]) -> list[Event]:
        """Those of the events of which no revision is known. They stay wanted until `newer` is asked."""
        return [event for event in events if str(event.event_id) not in self._known]

    def newer(self, events: Sequence[Event]) -> list[Event]:
        """The highest revision of each of the events that is above the one known, or of which none is."""
        newest: dict[str, Event] = {}
        for event in events:
            event_id = str(event.event_id)
            if event.revision > max(
                self._known.get(event_id, 0), newest[event_id].revision if event_id in newest else 0
            ):
                newest[event_id] = event
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return list(newest.values())
