"""Everything that the API asks of the rules."""

from dataclasses import dataclass

from rules.service.history import RuleHistoryService
from rules.service.rules import RuleService
from rules.service.shadow_events import ShadowEventService
from rules.service.silences import SilenceService


@dataclass(frozen=True, slots=True)
class RuleServices:
    """The rules and calendars in force and their versions, silences, shadow events, backtests and reasons."""

    rules: RuleService
    silences: SilenceService
    shadow: ShadowEventService
    history: RuleHistoryService
