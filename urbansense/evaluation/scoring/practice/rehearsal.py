"""A city put before a set of rules: what to score, from the rules and the city alone.

ReportStream.departures ──▶ messages ──▶ Intake: the gateway's pipeline ──▶ practise: engine and correlation ──▶ events
      └──▶ labels
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rules.schedule.calendars import Calendars
from simulators.publish.dialect_sessions import DialectSessions
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import Label
from urbansense.evaluation.scoring.inputs.rule_book import RuleBook
from urbansense.evaluation.scoring.practice.departures import received
from urbansense.evaluation.scoring.practice.intake import Intake
from urbansense.evaluation.scoring.practice.judging import Practice, live_rules, practise
from urbansense.evaluation.scoring.practice.registry import PractiseRegistry


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it. `rejected` counts reports that a gateway would have refused, by reason."""

    labels: tuple[Label, ...]
    registry: PractiseRegistry
    practice: Practice
    messages: int
    rejected: dict[str, int]


def rehearse(
    stream: ReportStream,
    until_ms: int,
    book: RuleBook,
    *,
    with_shadow: bool = False,
    on_progress: Callable[[int, int], None] = lambda at_ms, reports: None,
) -> Rehearsal:
    """Simulate the city to `until_ms` and judge its reports by `book`. The same stream and book give the same events.

    Time: a device counts as active from the stream's start.
    """
    zone = ZoneInfo(stream.city.place.timezone)
    registry = PractiseRegistry(stream.city.devices)
    sessions = DialectSessions(stream.city.devices, stream.city.seed, zone)
    intake = Intake(registry, registry.kinds, zone, sessions.answer)
    practice = practise(
        intake.telemetry(received(stream.departures(until_ms), sessions.encode)),
        registry.by_id,
        live_rules(book.rules, with_shadow),
        Calendars(stream.city.place.timezone, book.calendars),
        until_ms,
        on_progress,
    )
    rejected = {reason.value: count for reason, count in intake.rejected.items()}
    return Rehearsal(stream.labels(until_ms), registry, practice, intake.messages, rejected)
