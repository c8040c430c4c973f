"""A scoring case from a simulated city: its labels, and what rules make of its reports."""

from collections.abc import Callable, Sequence
from pathlib import Path

from simulators.cities import load_city
from simulators.publish.report_stream import ReportStream
from urbansense.evaluation.scoring.grading import Window
from urbansense.evaluation.scoring.inputs.case import ScoringCase, labels_once
from urbansense.evaluation.scoring.inputs.rule_book import load_rule_book
from urbansense.evaluation.scoring.practice.rehearsal import Rehearsal, rehearse


def practise_on_city(
    city: str,
    devices: int | None,
    seed: int | None,
    window: Window,
    rules: Sequence[Path],
    *,
    with_shadow: bool,
    on_progress: Callable[[int, int], None],
) -> tuple[ScoringCase, Rehearsal]:
    """The case and how it came about. `city` is a shipped city's name or a file; without `rules` the library is tried.

    `on_progress` is called with the simulated time reached, epoch ms, and the reports so far.
    Raises: ConfigurationError where the city or a rule file cannot be read.
    """
    book = load_rule_book(rules)
    described = load_city(city)
    stream = ReportStream(
        described.city(seed, devices), window.from_ms, described.faults, weather_plan=described.weather
    )
    rehearsal = rehearse(stream, window.to_ms, book, with_shadow=with_shadow, on_progress=on_progress)
    case = ScoringCase(
        labels_once(rehearsal.labels),
        rehearsal.practice.scored,
        window,
        len(stream.city.devices),
        book.groups,
        rehearsal.registry.counts_for,
    )
    return case, rehearsal
