"""The people side as the web uses it."""

from collections.abc import Callable
from dataclasses import dataclass

from cases.people import Doorkeeper, Logins, PeopleBook, TokenBook
from cases.people.credentials import Random
from cases.people.newcomers import Newcomers
from cases.people.oidc import OidcLogin


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Logging in at an identity provider, whose button bears `title`."""

    login: OidcLogin
    newcomers: Newcomers
    title: str


@dataclass(frozen=True, slots=True)
class PeopleServices:
    """Everything about people. `required`: nobody gets in without logging in; else whoever reaches the listener may all.

    `now_ms` is the wall clock, also where the data follow a simulated one. `public_url` is how browsers reach the page,
    where that is not how requests arrive here.
    """

    book: PeopleBook
    logins: Logins
    tokens: TokenBook
    door: Doorkeeper
    required: bool
    now_ms: Callable[[], int]
    random: Random
    elsewhere: Elsewhere | None = None
    public_url: str | None = None
