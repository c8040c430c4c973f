"""What was sampled of unread topics in one line, for operators."""

from typing import Final

from domain.ledger import Sampling, UnreadTopics

_NAMED: Final = 5
_WHOLE: Final = 100
_UNITS: Final = ((1, "s"), (60, "min"), (3600, "h"))
_STATES: Final = {
    Sampling.REFUSED: "not seen: the broker does not let the gateway's account subscribe to # (docs/credentials.md)",
    Sampling.ABOVE_RATE: "not looked at: the broker carries {rate:,.0f} messages/s, more than URBANSENSE_UNREAD_MOST_PER_S",
    Sampling.NO_BROKER: "not seen: the broker did not answer",
}


def unread_in_words(unread: UnreadTopics | None) -> str:
    """Which patterns are published on and read by nobody, and how often, about; or why that is not known."""
    if unread is None:
        return "nobody has looked yet (the gateway of slot 0 does, unless URBANSENSE_UNREAD_WINDOW_S is 0)"
    if unread.state in _STATES:
        why = _STATES[unread.state].format(rate=unread.broker_per_second)
        return why + (f"; before: {_patterns(unread)}" if unread.patterns else "")
    return _patterns(unread) if unread.patterns else f"none seen in {unread.sampled_s:,.0f} s of samples"


def rate_in_words(per_second: float) -> str:
    """`about 3.2/s`, `about 4/min`, `about 0.5/h`: two figures, for it is an estimate."""
    factor, unit = next((pair for pair in _UNITS if per_second * pair[0] >= 1), _UNITS[-1])
    rate = per_second * factor
    return f"about {rate:.2g}/{unit}" if rate < _WHOLE else f"about {rate:,.0f}/{unit}"


def _patterns(unread: UnreadTopics) -> str:
    named = [f"{one.pattern} {rate_in_words(one.per_second)}" for one in unread.patterns[:_NAMED]]
    more = len(unread.patterns) - len(named) + unread.more
    return ", ".join(named) + (f" and {more} more" if more else "")
