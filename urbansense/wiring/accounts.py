"""The accounts wired: their services on the registry's database, the machine's secrets, the provider of the settings."""

import secrets
from contextlib import suppress

import structlog

from accounts import Authenticator, LoginSessions, SessionTerms, TokenService, UserService
from accounts.credentials.passwords import Passwords
from accounts.oidc.login import OidcLogin, OidcProvider
from accounts.oidc.provisioning import UserProvisioning
from accounts.ports import Database
from accounts.service.services import AccountServices, ProviderLogin
from domain.errors import TransientFault
from urbansense.configuration.settings import Settings
from urbansense.wiring.clock import wall_ms

_log = structlog.get_logger()


def open_accounts(settings: Settings, database: Database) -> AccountServices:
    """The accounts on the database, which need not answer yet; they live by the wall clock."""
    random, terms = secrets.token_bytes, SessionTerms()
    users = UserService(database, settings.oidc_issuer or None)
    if settings.login == "required":
        with suppress(TransientFault):  # a database that is away says so itself
            if not users.has_administrator():
                _log.warning(
                    "no administrator can log in", remedy="urbansense people users add NAME --role administrator"
                )
    logins = LoginSessions(database, random, Passwords(random), terms)
    return AccountServices(
        users=users,
        logins=logins,
        tokens=TokenService(database, random),
        authenticator=Authenticator(database, terms),
        required=settings.login == "required",
        now_ms=wall_ms,
        random=random,
        provider=_provider_login(settings, database, logins),
        public_url=settings.public_url or None,
    )


def _provider_login(settings: Settings, database: Database, logins: LoginSessions) -> ProviderLogin | None:
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret
    provider = OidcProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        roles=settings.oidc_roles,
        roles_claim=settings.oidc_roles_claim,
        username_claim=settings.oidc_username_claim,
    )
    login = OidcLogin(provider, secrets.token_bytes)
    provisioning = UserProvisioning(database, logins, settings.oidc_issuer)
    return ProviderLogin(login, provisioning, settings.oidc_title or settings.oidc_issuer)
