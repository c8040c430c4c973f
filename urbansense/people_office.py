"""The people side wired: its books in the registry's database, the machine's secrets, the provider of the settings."""

import secrets
from time import time

from cases.people import Doorkeeper, Logins, PeopleBook, SessionTerms, TokenBook
from cases.people.newcomers import Newcomers
from cases.people.oidc import OidcLogin, OidcProvider
from cases.people.passwords import Passwords
from cases.storage.ports import Database
from urbansense.settings import Settings
from web.people_ports import Elsewhere, PeopleServices


def open_people(settings: Settings, database: Database) -> PeopleServices:
    """People on the database, whose schema of the cases is then the newest; they live by the wall clock.

    Raises: TransientFault when the database does not answer.
    """
    random, terms = secrets.token_bytes, SessionTerms()
    book = PeopleBook(database)
    logins = Logins(database, random, Passwords(random), terms)
    return PeopleServices(
        book=book,
        logins=logins,
        tokens=TokenBook(database, random),
        door=Doorkeeper(database, terms),
        required=settings.login == "required",
        now_ms=lambda: int(time() * 1000),
        random=random,
        elsewhere=_elsewhere(settings, database, logins),
        public_url=settings.public_url or None,
    )


def _elsewhere(settings: Settings, database: Database, logins: Logins) -> Elsewhere | None:
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
    return Elsewhere(login, Newcomers(database, logins), settings.oidc_title or settings.oidc_issuer)
