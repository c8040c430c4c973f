"""What can be wrong with a condition: it cannot be compiled, or it failed on real values."""


class ConditionError(Exception):
    """A condition that failed on real values, such as text where it needs a number. The rule is unhealthy."""


class BadExpression(Exception):
    """A condition that cannot be run. `at` is the offset of the first character that is wrong."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        super().__init__(message)
