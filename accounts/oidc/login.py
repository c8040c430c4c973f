"""Login at a provider, by OpenID Connect: the authorization code with PKCE, state, nonce and a verified ID token.

browser ──▶ begin: state, nonce, verifier kept in a cookie ──▶ provider ──code, state──▶ finish ──code, verifier──▶ provider
                                                                                         └── ID token: signature,
                                                                          issuer, audience, expiry, nonce ──▶ Identity
Source: OpenID Connect Core 1.0, 3.1; Discovery 1.0; RFC 7636; RFC 9207 (the issuer in the answer, where it is given).
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

import httpx
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from accounts.credentials.secrets import Random
from accounts.users.refusals import PeopleRefusal
from accounts.users.user import PEOPLE_ROLES
from domain.actors import Role
from domain.errors import TransientFault

_log = structlog.get_logger()

SCOPE: Final = "openid profile email"
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signed with a key that only the provider has; never `none`, never a secret that we share with it."""
_LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 10.0
_MOST_ANSWER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """Who vouches for people, and what its claims mean here.

    `roles` maps a value of `roles_claim` (dots go down into it) to a role; `*` is everybody.
    """

    issuer: str
    client_id: str
    client_secret: str | None
    roles: Mapping[str, Role]
    roles_claim: str = "groups"
    username_claim: str = "preferred_username"


@dataclass(frozen=True, slots=True)
class Begun:
    """A login on its way: where to send the browser, and what it must bring back. The browser keeps the last three."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who it is by the provider's claims. `subject` is `<issuer> <sub>`, which no other person ever has."""

    subject: str
    username: str
    display_name: str
    email: str | None
    roles: frozenset[Role]


class OidcRefused(PeopleRefusal):
    """A login by the provider that is not let in; the message is for the person at the browser."""


class OidcLogin:
    """Talks to one provider; its discovery document and keys are asked for anew with each login.

    Raises, from both methods: TransientFault where the provider does not answer; OidcRefused.
    """

    def __init__(self, provider: OidcProvider, random: Random) -> None:
        self.provider = provider
        self._random = random

    async def begin(self, redirect_uri: str) -> Begun:
        """Where the browser goes, with fresh secrets."""
        async with _client() as client:
            found = await self._discover(client)
        state, nonce, verifier = self._draw(), self._draw(), self._draw()
        url = prepare_grant_uri(
            found["authorization_endpoint"],
            self.provider.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, state, nonce, verifier)

    async def finish(
        self, answer: Mapping[str, str], begun: Begun, redirect_uri: str, now_s: float
    ) -> ProviderIdentity:
        """Who it is, from what the provider sent back with the browser."""
        self._check_answer(answer, begun)
        async with _client() as client:
            found = await self._discover(client)
            answered = await self._exchange(client, found, answer["code"], begun.verifier, redirect_uri)
            keys = await _get_json(client, found["jwks_uri"])
            claims = self._verified(answered, keys, begun.nonce, now_s)
            if self.provider.username_claim not in claims or _top(self.provider.roles_claim) not in claims:
                claims = {**await self._userinfo(client, found, answered, claims["sub"]), **claims}
        return identity_of(claims, self.provider)

    def _check_answer(self, answer: Mapping[str, str], begun: Begun) -> None:
        if not compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise OidcRefused("this answer belongs to no login that was begun here; begin again")
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise OidcRefused("the answer comes from another login service than was asked")
        if "error" in answer or not answer.get("code"):
            _log.info("people.oidc_denied", error=answer.get("error"), detail=answer.get("error_description"))
            raise OidcRefused("the login service did not let you in")

    async def _discover(self, client: httpx.AsyncClient) -> dict[str, Any]:
        found = await _get_json(client, f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.provider.issuer:
            _log.error("people.oidc_issuer", expected=self.provider.issuer, found=found.get("issuer"))
            raise OidcRefused("the login service goes by another name than the settings say; tell the administrator")
        missing = [one for one in ("authorization_endpoint", "token_endpoint", "jwks_uri") if not found.get(one)]
        if missing:
            raise TransientFault(f"the login service {self.provider.issuer} does not tell its {', '.join(missing)}")
        return found

    async def _exchange(
        self, client: httpx.AsyncClient, found: Mapping[str, Any], code: str, verifier: str, redirect_uri: str
    ) -> dict[str, Any]:
        body = prepare_token_request("authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=verifier)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        auth = ClientAuth(self.provider.client_id, self.provider.client_secret, self._auth_method(found))
        url, headers, body = auth.prepare("POST", found["token_endpoint"], headers, body)
        return await _json_of(client, client.build_request("POST", url, headers=headers, content=body))

    def _auth_method(self, found: Mapping[str, Any]) -> str:
        if self.provider.client_secret is None:
            return "none"
        taken = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"

    def _verified(self, answered: Mapping[str, Any], keys: Any, nonce: str, now_s: float) -> dict[str, Any]:
        try:
            key_set = KeySet.import_key_set(keys)
            token = jwt.decode(str(answered.get("id_token", "")), key_set, algorithms=list(_ALGORITHMS))
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                },
                params={
                    "nonce": nonce,
                    "client_id": self.provider.client_id,
                    "access_token": answered.get("access_token"),
                },
            )
            claims.validate(now=int(now_s), leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError) as error:
            _log.warning("people.oidc_token_refused", issuer=self.provider.issuer, error=str(error))
            raise OidcRefused("what the login service said of you could not be verified; begin again") from error
        return dict(claims)

    async def _userinfo(
        self, client: httpx.AsyncClient, found: Mapping[str, Any], answered: Mapping[str, Any], sub: str
    ) -> dict[str, Any]:
        url, access = found.get("userinfo_endpoint"), answered.get("access_token")
        if not url or not access:
            return {}
        asked = client.build_request("GET", url, headers={"Authorization": f"Bearer {access}"})
        more = await _json_of(client, asked)
        return more if more.get("sub") == sub else {}

    def _draw(self) -> str:
        return urlsafe_b64encode(self._random(32)).rstrip(b"=").decode()


def identity_of(claims: Mapping[str, Any], provider: OidcProvider) -> ProviderIdentity:
    """Who the claims are about. Pure. Raises: OidcRefused where they name nobody, or give no role here."""
    username = str(claims.get(provider.username_claim) or "").strip().lower()
    if not username:
        raise OidcRefused(f"the login service did not tell your {provider.username_claim}; tell the administrator")
    roles = mapped_roles(claims, provider)
    if not roles:
        raise OidcRefused("your account has no part in urbansense; ask the administrator for one")
    email = claims.get("email") if claims.get("email_verified", True) else None
    return ProviderIdentity(
        f"{provider.issuer} {claims['sub']}", username, str(claims.get("name") or ""), email or None, roles
    )  # fmt: skip


def mapped_roles(claims: Mapping[str, Any], provider: OidcProvider) -> frozenset[Role]:
    """The roles that the provider's mapping gives for these claims."""
    value: Any = claims
    for step in provider.roles_claim.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    given = {str(one) for one in value} if isinstance(value, list) else {str(value)} if value is not None else set()
    return frozenset(role for name, role in provider.roles.items() if name == "*" or name in given) & PEOPLE_ROLES


def _top(claim: str) -> str:
    return claim.partition(".")[0]


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)


async def _get_json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    return await _json_of(client, client.build_request("GET", url))


async def _json_of(client: httpx.AsyncClient, request: httpx.Request) -> dict[str, Any]:
    """The JSON object of an answer, of which no more is read than one may have.

    Raises: TransientFault (no answer, 5xx, no JSON); OidcRefused (4xx).
    """
    url, body = request.url, bytearray()
    try:
        answer = await client.send(request, stream=True)
        try:
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _MOST_ANSWER_BYTES:
                    raise TransientFault(
                        f"the login service answers with more than {_MOST_ANSWER_BYTES} bytes at {url}"
                    )
        finally:
            await answer.aclose()
    except httpx.HTTPError as error:
        raise TransientFault(f"the login service does not answer at {url}: {type(error).__name__}") from error
    if answer.is_server_error:
        raise TransientFault(f"the login service answers {answer.status_code} at {url}")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not answer.is_success:
        _log.warning("people.oidc_refused", url=str(url), status=answer.status_code, answer=repr(bytes(body[:300])))
        raise OidcRefused("the login service refused to finish the login; begin again")
    if not isinstance(content, dict):
        raise TransientFault(f"the login service does not answer with JSON at {url}")
    return content
