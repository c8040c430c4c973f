"""A scoring case from a truth file and the events of a platform or of a file."""

from collections.abc import Sequence
from pathlib import Path

from simulators.truth.labels import Label
from urbansense.api_client.api import Api
from urbansense.evaluation.scoring.inputs.case import ScoringCase, window_of
from urbansense.evaluation.scoring.inputs.events import (
    fetch_clock_ms,
    fetch_events_file,
    fetch_group_rules,
    fetch_platform_events,
)
from urbansense.evaluation.scoring.inputs.rule_book import load_rule_book


def case_of_file(
    labels: tuple[Label, ...],
    events: Path,
    from_ms: int | None,
    to_ms: int | None,
    devices: int | None,
    rules: Sequence[Path],
) -> ScoringCase:
    """The case of an events file. Raises: ConfigurationError where the window is empty or a file cannot be read."""
    window = window_of(labels, from_ms, to_ms)
    return ScoringCase(labels, tuple(fetch_events_file(events)), window, devices, load_rule_book(rules).groups)


async def fetch_case(
    api: Api,
    labels: tuple[Label, ...],
    from_ms: int | None,
    to_ms: int | None,
    devices: int | None,
    *,
    with_shadow: bool,
) -> ScoringCase:
    """The case of the platform's own events, up to its clock. Raises: ApiRefused; ConfigurationError."""
    window = window_of(labels, from_ms, to_ms, await fetch_clock_ms(api))
    events = await fetch_platform_events(api, window.from_ms, window.to_ms, with_shadow)
    return ScoringCase(labels, tuple(events), window, devices, await fetch_group_rules(api))
