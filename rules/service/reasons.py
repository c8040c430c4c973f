"""Why there is an event or none: what `rules.explaining` needs, fetched from log, store and registry."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from domain.devices import Device
from domain.events import Event, Status
from domain.hierarchy import parent_chain
from domain.time.units import DAY_MS
from domain.topics import Topics
from rules.backtest.arrivals import AHEAD_MS
from rules.backtest.plan import needed_history_ms
from rules.correlation.grouping import group_subject
from rules.definitions.lifecycle import UnknownRule
from rules.definitions.silences import read_rules_and_silences
from rules.definitions.table import RuleTable
from rules.explaining import Explanation, WhyNot, explain, why_not
from rules.explaining.absence.answers import Situation
from rules.explaining.explanation import Background
from rules.explaining.phrases import WallClock
from rules.explaining.trace import Trace, trace_rule
from rules.language.rule import Grouping, Rule
from rules.ports import Devices
from rules.schedule.calendars import Calendars
from streams.ports import Log
from streams.reading.ticks import last_tick_ms
from timeseries.ports import Store
from timeseries.queries.events import EventQuery

_LONGEST_MS: Final = 31 * DAY_MS
"""How much of a device's past is read for one answer at most."""


class ReasonService:
    """Answers about single devices and events; `devices` follows the registry."""

    def __init__(self, log: Log, topics: Topics, store: Store, devices: Devices, timezone: str) -> None:
        self._log = log
        self._topics = topics
        self._store = store
        self._devices = devices
        self._timezone = timezone
        self._clock = WallClock(ZoneInfo(timezone))

    async def explain(self, event: Event) -> Explanation:
        """Why that event was raised. Raises: UnknownRule where the version that raised it is no more."""
        table, silences = await read_rules_and_silences(self._log, self._topics)
        definition = table.version(event.rule, event.rule_version)
        if definition is None:
            raise UnknownRule(f"rule {event.rule} version {event.rule_version}, which raised the event,")
        rule = definition.rule
        silence = next((s for s in silences.silences() if s.id == event.silenced_by), None)
        background = Background(
            silence,
            await self._suppressors(rule, event.subject, event.opened_at_ms - 1),
            await self._members(rule, event),
        )
        trace = None if rule.group else await self._trace(rule, event, self._calendars(table))
        return explain(event, rule, trace, background, self._clock)

    async def why_not(self, name: str, device_id: str, at_ms: int) -> WhyNot:
        """Why no event of the rule is open for the device then. Raises: UnknownRule where it is not in force."""
        table, silences = await read_rules_and_silences(self._log, self._topics)
        in_force = table.version_in_force(name)
        definition = table.version(name, in_force.version) if in_force else None
        if in_force is None or definition is None:
            raise UnknownRule(f"rule {name}")
        rule, device = definition.rule, self._devices.device(device_id)
        from_ms = at_ms - self._reach_ms(rule, device)
        reports = await self._store.fetch_reports(rule.kind, from_ms, at_ms + AHEAD_MS, device_id) if device else ()
        received = [report for report in reports if report["received_at_ms"] <= at_ms]
        last_ms = await self._last_report_ms(device_id, at_ms) if not received else None
        # Who applies a rule notes the wall clock; where the data follow a simulated one, the two cannot be compared.
        since_ms = in_force.at_ms if in_force.at_ms <= await last_tick_ms(self._log, self._topics) else 0
        asked = Situation(
            rule, device_id, device, at_ms, received, from_ms, self._calendars(table), since_ms, last_ms,
            await self._events(rule, device_id, at_ms), await self._suppressors(rule, device_id, at_ms),
            silences.silences(),
        )  # fmt: skip
        return why_not(asked, self._clock)

    async def _trace(self, rule: Rule, event: Event, calendars: Calendars) -> Trace | None:
        device = self._devices.device(event.subject)
        if device is None:
            return None
        from_ms = event.since_ms - self._reach_ms(rule, device)
        end_ms = event.cleared_at_ms if event.cleared_at_ms is not None else event.opened_at_ms + _LONGEST_MS
        end_ms += rule.clear_for_ms + rule.lateness_ms
        reports = await self._store.fetch_reports(rule.kind, from_ms, end_ms + AHEAD_MS, event.subject)
        last_ms = max((report["received_at_ms"] for report in reports), default=event.opened_at_ms)
        received = [report for report in reports if report["received_at_ms"] <= end_ms or event.historical]
        if event.historical:
            received = [{**report, "received_at_ms": report["observed_at_ms"]} for report in received]
            received.sort(key=lambda report: report["observed_at_ms"])
        until_ms = min(end_ms, max(last_ms, event.opened_at_ms))
        return trace_rule(rule, device, calendars, received, from_ms, until_ms)

    async def _events(self, rule: Rule, subject: str, at_ms: int) -> Sequence[Event]:
        """The rule's events on the device, newest first, however long one has been open."""
        query = EventQuery(None, at_ms + 1, rule=rule.name, subject=subject, limit=100)
        return (await self._store.fetch_events(query)).items

    async def _suppressors(self, rule: Rule, subject: str, at_ms: int) -> Sequence[Event]:
        """Events that stand over the rule's on the subject at the instant."""
        found: list[Event] = []
        for name in rule.suppressed_by:
            for above in parent_chain(subject, self._devices.device):
                query = EventQuery(None, at_ms + 1, rule=name, subject=above, limit=20)
                page = await self._store.fetch_events(query)
                found += [
                    e for e in page.items if e.status is not Status.WITHDRAWN and (e.cleared_at_ms or at_ms + 1) > at_ms
                ]
        return found

    async def _members(self, rule: Rule, event: Event) -> Sequence[Event]:
        """The events that made a group's event: open when it opened, and alike with it."""
        group = rule.group
        if group is None:
            return ()
        found: list[Event] = []
        for name in group.of:
            query = EventQuery(event.opened_at_ms - group.within_ms, event.opened_at_ms + 1, rule=name, limit=1000)
            found += (await self._store.fetch_events(query)).items
        return [e for e in found if self._counts(e, group, event)]

    def _counts(self, member: Event, group: Grouping, event: Event) -> bool:
        alike = group_subject(group.by, self._devices.device(member.subject)) == event.subject
        return alike and (member.cleared_at_ms is None or member.cleared_at_ms > event.opened_at_ms)

    async def _last_report_ms(self, device_id: str, at_ms: int) -> int | None:
        latest = (await self._store.fetch_latest([device_id])).get(device_id, {})
        instants = [sample.observed_at_ms for sample in latest.values()]
        return max((at for at in instants if at <= at_ms), default=None)

    @staticmethod
    def _reach_ms(rule: Rule, device: Device | None) -> int:
        interval_ms = device.report_interval_s * 1000 if device else 0
        return min(_LONGEST_MS, 2 * needed_history_ms(rule, interval_ms) + DAY_MS)

    def _calendars(self, table: RuleTable) -> Calendars:
        return Calendars(self._timezone, table.calendars())
