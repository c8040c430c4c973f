"""Why an act was refused. Nothing has changed then.

Refusal ─┬─ Illegal      the case is not in a state for it; the legal transitions are named
         ├─ NotAllowed   somebody else may do it
         └─ Incomplete   it lacks something, such as a reason
"""

from collections.abc import Sequence

from domain.errors import UrbansenseError


class Refusal(UrbansenseError):
    """An act that the workflow does not take."""


class Illegal(Refusal):
    """The case's state does not allow it. `legal` names what it allows, to anybody."""

    def __init__(self, message: str, legal: Sequence[str]) -> None:
        super().__init__(f"{message}; from here: {', '.join(legal) or 'nothing'}")
        self.legal = tuple(legal)


class NotAllowed(Refusal):
    """Whoever asks may not do it: their roles, department or area do not cover it."""


class Incomplete(Refusal):
    """The act lacks what the transition needs. `needs` names the fields."""

    def __init__(self, message: str, needs: Sequence[str]) -> None:
        super().__init__(message)
        self.needs = tuple(needs)
