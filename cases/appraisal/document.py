"""An appraisal as the API answers it."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel

from cases.appraisal.appraisal import Appraisal, Dimension
from cases.appraisal.counts import RATES, Count
from cases.appraisal.indicators import Durations, Indicators, Rate
from cases.appraisal.score import Weights, ranking, score_of


class Share(BaseModel):
    """`counted` of `among` as a fraction with its Wilson 95 % interval; nulls where `among` is 0."""

    counted: int
    among: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, rate: Rate) -> Self:
        return cls(counted=rate.counted, among=rate.among, value=rate.value, low=rate.low, high=rate.high)


class HandlingTime(BaseModel):
    """How long handling took, ms; nulls where nothing was handled."""

    mean_ms: float | None
    median_ms: float | None
    p90_ms: int | None

    @classmethod
    def of(cls, durations: Durations) -> Self:
        return cls(mean_ms=durations.mean_ms, median_ms=durations.median_ms, p90_ms=durations.p90_ms)


class Figures(BaseModel):
    """Counts and rates by their names; handling times by the `clock` and in `working` time; `score` 0 to 100."""

    counts: dict[str, int]
    rates: dict[str, Share]
    clock: HandlingTime
    working: HandlingTime
    score: float | None

    @classmethod
    def of(cls, indicators: Indicators, weights: Weights) -> Self:
        return cls(
            counts={count.value: number for count, number in indicators.counts.items()},
            rates={name: Share.of(rate) for name, rate in indicators.rates.items()},
            clock=HandlingTime.of(indicators.clock),
            working=HandlingTime.of(indicators.working),
            score=score_of(indicators, weights),
        )


class PartFigures(BaseModel):
    """One department, area, problem or source; `name` is null for what belongs to none. `rank` is by score."""

    name: str | None
    rank: int | None
    figures: Figures


class TrendPoint(BaseModel):
    """One day, week or month."""

    from_ms: int
    to_ms: int
    counts: dict[str, int]
    rates: dict[str, Share]


class AppraisalDocument(BaseModel):
    """The appraisal of [from_ms, to_ms): the whole, its parts, and its course by `every` day, week or month."""

    from_ms: int
    to_ms: int
    area: str | None
    departments: list[str]
    whole: Figures
    parts: dict[Dimension, list[PartFigures]]
    every: str
    trend: list[TrendPoint]

    @classmethod
    def of(cls, appraisal: Appraisal, weights: Weights) -> Self:
        return cls(
            from_ms=appraisal.period.from_ms,
            to_ms=appraisal.period.to_ms,
            area=appraisal.scope.area,
            departments=list(appraisal.scope.departments),
            whole=Figures.of(appraisal.whole, weights),
            parts={which: _parts(parts, weights) for which, parts in appraisal.parts.items()},
            every=appraisal.trend.every,
            trend=[
                TrendPoint(
                    from_ms=bucket.from_ms,
                    to_ms=bucket.to_ms,
                    counts={count.value: bucket.counts[count] for count in Count},
                    rates={name: Share.of(bucket.rate(name)) for name in RATES},
                )
                for bucket in appraisal.trend.buckets
            ],
        )


def _parts(parts: Mapping[str | None, Indicators], weights: Weights) -> list[PartFigures]:
    ranks = {placed.name: placed.rank for placed in ranking(parts, weights)}
    return [
        PartFigures(name=name, rank=ranks.get(name), figures=Figures.of(own, weights)) for name, own in parts.items()
    ]
