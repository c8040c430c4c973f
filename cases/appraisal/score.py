"""A score for each part of an appraisal, by weights that the city sets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cases.appraisal.counts import RATES
from cases.appraisal.indicators import Indicators
from documents.located_yaml.document import load_typed_document
from documents.located_yaml.reading import BadYaml
from domain.errors import ConfigurationError

SHIPPED: Final = Path(__file__).with_name("weights.yaml")
_DECIDED: Final = "on_time_handling"
_FULL: Final = 100


class Weights(BaseModel):
    """What each rate counts, from whom on a score is given, and whether with the cautious end of the interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]
    least: Annotated[int, Field(ge=1)] = 10
    cautious: bool = True

    @field_validator("weights")
    @classmethod
    def _check_names(cls, weights: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(weights.keys() - RATES.keys()):
            raise ValueError(f"{', '.join(unknown)}: no such rate; known are {', '.join(RATES)}")
        return weights


class Placed(NamedTuple):
    """One part in the ranking. `score` is 0 to 100 and `rank` from 1 on, equals alike; both None for who is not ranked."""

    name: str | None
    score: float | None
    rank: int | None


def load_weights(path: Path = SHIPPED) -> Weights:
    """Raises: ConfigurationError with every problem."""
    try:
        document = load_typed_document(path.read_text(encoding="utf-8"), str(path))
        return Weights.model_validate(document.value)
    except (OSError, UnicodeDecodeError, BadYaml) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    except ValidationError as error:
        problems = [f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ConfigurationError(problems) from error


def score_of(indicators: Indicators, weights: Weights) -> float | None:
    """0 to 100; None where too few tasks were decided."""
    if indicators.rates[_DECIDED].among < weights.least:
        return None
    got = of = 0.0
    for name, weight in weights.weights.items():
        rate = indicators.rates[name]
        bad = rate.high if weights.cautious else rate.value
        good = rate.low if weights.cautious else rate.value
        if good is None or bad is None:
            continue
        got += weight * (good if RATES[name].high_is_good else 1 - bad)
        of += weight
    return _FULL * got / of if of else None


def ranking(parts: Mapping[str | None, Indicators], weights: Weights) -> tuple[Placed, ...]:
    """The parts by score, the best first, then those without one; what belongs to nobody is left out."""
    scores = {name: score_of(indicators, weights) for name, indicators in parts.items() if name is not None}
    ordered = sorted(scores.items(), key=lambda item: (item[1] is None, -(item[1] or 0), item[0]))
    known = [score for _, score in ordered if score is not None]
    return tuple(Placed(name, score, None if score is None else known.index(score) + 1) for name, score in ordered)
