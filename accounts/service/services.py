"""Everything about accounts that the gate, the API and the commands share."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.credentials.secrets import Random
from accounts.oidc.login import OidcLogin
from accounts.oidc.provisioning import UserProvisioning
from accounts.sessions.authentication import Authenticator
from accounts.sessions.service import LoginSessions
from accounts.tokens.service import TokenService
from accounts.users.service import UserService


@dataclass(frozen=True, slots=True)
class ProviderLogin:
    """Logging in at an identity provider, whose button bears `title`."""

    login: OidcLogin
    provisioning: UserProvisioning
    title: str


@dataclass(frozen=True, slots=True)
class AccountServices:
    """Everything about accounts. `required`: nobody gets in without logging in; else whoever reaches the listener may all.

    `provider` is the login at an identity provider, where there is one.
    `now_ms` is the wall clock, also where the data follow a simulated one. `public_url` is how browsers reach the page,
    where that is not how requests arrive here.
    """

    users: UserService
    logins: LoginSessions
    tokens: TokenService
    authenticator: Authenticator
    required: bool
    now_ms: Callable[[], int]
    random: Random
    provider: ProviderLogin | None = None
    public_url: str | None = None
