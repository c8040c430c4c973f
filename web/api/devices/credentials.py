"""`/api/v1/credentials`: what devices and services log in with at the MQTT broker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from device_registry.credentials.broker_control import CommandRefused
from device_registry.credentials.certificates import NotACertificate
from device_registry.credentials.credential import Credential, CredentialState, Issued, Sort
from device_registry.credentials.service import CredentialService
from device_registry.service.services import RegistryServices
from device_registry.storage.audit import Subject
from domain.errors import ConfigurationError
from web.api.devices.history import Change, history_page
from web.api.devices.refusals import refusals
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Cursor, Limit, Page
from web.http.problems import Fault, Refused

MOST_HOLDERS: Final = 10_000
_REFUSED: Final = "refused-credential"
_Holders = Annotated[
    list[str],
    Field(min_length=1, max_length=MOST_HOLDERS, description="Device ids, and services such as `@gateway`."),
]


class CredentialTold(BaseModel):
    """A credential without its secret."""

    username: str
    holder: str
    sort: Sort
    state: CredentialState
    created_at_ms: int
    ends_at_ms: int | None
    ends_on_use_of: str | None
    last_used_at_ms: int | None
    revoked_at_ms: int | None
    fingerprint: str | None
    certificate_ends_at_ms: int | None
    client_id: str | None


class NewCredential(BaseModel):
    """A login and its secret, returned this once."""

    holder: str
    username: str
    secret: str


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IssueBody(_Body):
    """Whom to give a secret. Without `provision` the broker gets it by its file only (`/credentials/broker-file`).

    `client_ids`, by holder, bind an account: the broker lets it in under that client id only.
    """

    holders: _Holders
    provision: bool = True
    client_ids: Annotated[dict[str, str], Field(max_length=MOST_HOLDERS)] = {}


class RotateBody(_Body):
    """Whom to give a new secret. The old ones hold for `overlap_s` seconds, or until the new ones are used, or both."""

    holders: _Holders
    overlap_s: Annotated[int | None, Field(ge=0, le=366 * 86_400)] = None
    until_used: bool = False
    provision: bool = True


class RevokeBody(_Body):
    """What to revoke: single logins, or all of these holders."""

    usernames: Annotated[list[str], Field(max_length=MOST_HOLDERS)] = []
    holders: Annotated[list[str], Field(max_length=MOST_HOLDERS)] = []


class BindBody(_Body):
    """An existing certificate, in PEM, and the device or service that it stands for."""

    holder: str
    certificate: Annotated[str, Field(max_length=64 * 1024)]


class Provisioned(BaseModel):
    """What reconciling the broker did. The broker's file, or a new secret, mends the `lost` accounts."""

    commands: int
    lost: list[str]


def credential_routes(registry: RegistryServices) -> APIRouter:
    credentials = registry.credentials
    router = APIRouter(prefix="/credentials", tags=["credentials"])
    _add_changing_routes(router, credentials)

    @router.get("")
    async def list_credentials(
        holder: str | None = None, state: CredentialState | None = None, limit: Limit = 100, cursor: Cursor = None
    ) -> Page[CredentialTold]:
        """Credentials by login name, revoked ones too."""
        items, following = await credentials.page(holder=holder, state=state, after=cursor, limit=limit)
        return Page(items=[_public(one) for one in items], next=following)

    @router.get("/missing")
    async def list_missing(
        kind: str | None = None, area: Annotated[str | None, Query(description="It and below.")] = None
    ) -> list[str]:
        """The devices that have no secret that holds, by id."""
        return await credentials.holders_without(kind, area)

    @router.get("/broker-file")
    async def export() -> Response:
        """Mosquitto's `dynamic-security.json`: every account that holds, with the hash of its secret."""
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="dynamic-security.json"'}
        return Response(await credentials.export(), media_type="application/json", headers=headers)

    @router.get("/history")
    async def history(holder: str | None = None, limit: Limit = 100, cursor: Cursor = None) -> Page[Change]:
        """Who changed whose credentials, newest first; never a secret."""
        return await history_page(registry.records, Subject.CREDENTIAL, holder, cursor, limit)

    return router


def _add_changing_routes(router: APIRouter, credentials: CredentialService) -> None:
    @router.post("", status_code=HTTPStatus.CREATED)
    async def issue(body: IssueBody, response: Response, author: Author = UNNAMED_AUTHOR) -> list[NewCredential]:
        """Give each holder a secret: all or none. It is returned here and never again."""
        with _refusals():
            issued = await credentials.issue(
                body.holders, author=author, provision=body.provision, client_ids=body.client_ids
            )
        return _new(issued, response)

    @router.post("/rotate", status_code=HTTPStatus.CREATED)
    async def rotate(body: RotateBody, response: Response, author: Author = UNNAMED_AUTHOR) -> list[NewCredential]:
        """Give each holder a new login and secret beside the old, which end as the body demands."""
        if body.overlap_s is None and not body.until_used:
            fault = Fault(where="overlap_s", detail="say how long the old secrets hold: overlap_s, until_used or both")
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", fault.detail, [fault])
        with _refusals():
            issued = await credentials.rotate(
                body.holders,
                overlap_ms=None if body.overlap_s is None else body.overlap_s * 1000,
                until_used=body.until_used,
                author=author,
                provision=body.provision,
            )
        return _new(issued, response)

    @router.post("/revoke")
    async def revoke(body: RevokeBody, author: Author = UNNAMED_AUTHOR) -> list[CredentialTold]:
        """Cut these off, their live connections too. Returns what held until now."""
        with _refusals():
            return [
                _public(one) for one in await credentials.revoke(body.usernames, holders=body.holders, author=author)
            ]

    @router.post("/certificates", status_code=HTTPStatus.CREATED)
    async def bind(body: BindBody, author: Author = UNNAMED_AUTHOR) -> CredentialTold:
        """Let the holder in by the name in this certificate. A renewed one of the same name is bound the same way."""
        with _refusals():
            return _public(await credentials.bind(body.holder, body.certificate, author=author))

    @router.post("/sync")
    async def sync() -> Provisioned:
        """Make the broker's accounts agree with the credentials stored here."""
        with _refusals():
            done = await credentials.sync()
        return Provisioned(commands=done.commands, lost=list(done.lost))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with refusals(_REFUSED):
            yield
    except NotACertificate as error:
        fault = Fault(where="certificate", detail=str(error))
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, _REFUSED, fault.detail, [fault]) from error
    except ConfigurationError as error:
        raise Refused(HTTPStatus.CONFLICT, "no-broker-to-provision", str(error)) from error
    except CommandRefused as error:
        raise Refused(HTTPStatus.BAD_GATEWAY, "broker-refused", str(error)) from error


def _new(issued: Sequence[Issued], response: Response) -> list[NewCredential]:
    response.headers["Cache-Control"] = "no-store"
    return [NewCredential(holder=one.holder, username=one.username, secret=one.secret) for one in issued]


def _public(one: Credential) -> CredentialTold:
    return CredentialTold.model_validate(one, from_attributes=True)
