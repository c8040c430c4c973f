"""Why something about people is not done.

PeopleRefusal
├── UnknownPerson     there is no such user, department or token
├── NameTaken         it exists already
├── StaleVersion      somebody else changed it first
├── InTheWay          it would lock everybody out, or take what is not there to take
├── BadPeople         what was written cannot be; `faults` name each place
├── LoginRefused      no entry; never names which half was wrong
└── TooManyFailures   no entry, nor any look at the password, before `retry_after_s`
"""

from collections.abc import Sequence

from domain.errors import UrbansenseError


class PeopleRefusal(UrbansenseError):
    """The root of these refusals."""


class UnknownPerson(PeopleRefusal):
    """A user, department or token that is not known."""


class NameTaken(PeopleRefusal):
    """A new user or department whose name is in use."""


class StaleVersion(PeopleRefusal):
    """A change to another version than the newest; `version` is the newest."""

    def __init__(self, what: str, version: int) -> None:
        self.version = version
        super().__init__(f"{what} was changed meanwhile: it is at version {version}")


class InTheWay(PeopleRefusal):
    """A change that would leave nobody in charge, or give more than the giver has."""


class BadPeople(PeopleRefusal):
    """Values that cannot be; each fault is (where, what)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{where}: {what}" for where, what in self.faults))


class LoginRefused(PeopleRefusal):
    """A login that is not let in. The message is the same whatever was wrong, so that it teaches nobody."""

    def __init__(self) -> None:
        super().__init__("the username or the password is wrong")


class TooManyFailures(PeopleRefusal):
    """A guess that is not looked at: there were too many wrong ones of its name, from its address, or both."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"there were too many failures; try again in {retry_after_s} s")
