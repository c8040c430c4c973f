"""`/api/v1/people`: users, departments and API tokens."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from accounts import Caller, Department, NewUser, Scope, Token, User, UserChange
from accounts.service.services import AccountServices
from accounts.tokens.service import NewToken
from accounts.users.user import DepartmentName
from domain.actors import Role
from domain.events import Text
from web.gate.access import LOCAL
from web.gate.callers import CurrentCaller
from web.http.headers import IfMatch, etag, expected_version
from web.http.parameters import Cursor, Limit, Page
from web.http.problems import Fault, Refused, not_found
from web.login.authentication import PasswordAuthentication
from web.login.password import TAG
from web.login.refusals import refusals

Username = Annotated[str, Path(max_length=64)]


def _storable_title(title: Text) -> Text:
    if "\0" in title.en + title.zh or max(len(title.en), len(title.zh)) > 200:
        raise ValueError("write at most 200 characters, none of them NUL")
    return title


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DepartmentBody(_Body):
    """A department's names, and whether it is in use."""

    title: Annotated[Text, AfterValidator(_storable_title)]
    active: bool = True


class PasswordBody(_Body):
    """A password given to somebody. It ends their tokens too, unless `keep_tokens`."""

    password: Annotated[str, Field(max_length=1000)]
    keep_tokens: bool = False


class TokenBody(_Body):
    """A token to be: what for, what it may do, and until when (epoch ms; null: until it is revoked).

    `username` is whose it is, one's own if left out; for others only administrators make tokens.
    """

    label: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    username: str | None = None
    ends_at_ms: Annotated[int | None, Field(ge=0, lt=2**53)] = None


def people_routes(people: AccountServices, authentication: PasswordAuthentication) -> APIRouter:
    router = APIRouter(prefix="/people", tags=[TAG])
    _add_users(router, people, authentication)
    _add_departments(router, people)
    _add_tokens(router, people)
    return router


def _add_users(router: APIRouter, people: AccountServices, authentication: PasswordAuthentication) -> None:
    book = people.users

    @router.get("/users")
    async def list_users(limit: Limit = 100, cursor: Cursor = None) -> Page[User]:
        """The users by name, those who are disabled too."""
        found = await asyncio.to_thread(book.users, cursor, limit + 1)
        shown = list(found[:limit])
        return Page(items=shown, next=shown[-1].username if len(found) > limit else None)

    @router.post("/users", status_code=HTTPStatus.CREATED)
    async def add_user(new: NewUser, caller: CurrentCaller, response: Response) -> User:
        """Add a user, without a password."""
        with refusals():
            user = await asyncio.to_thread(book.add_user, new, by=caller.name, at_ms=people.now_ms())
        response.headers["ETag"] = etag(user.version)
        return user

    @router.get("/users/{username}")
    async def get_user(username: Username, response: Response) -> User:
        user = await asyncio.to_thread(book.user, username)
        if user is None:
            raise not_found(f"user {username}")
        response.headers["ETag"] = etag(user.version)
        return user

    @router.patch("/users/{username}")
    async def change_user(
        username: Username, change: UserChange, caller: CurrentCaller, response: Response, if_match: IfMatch = None
    ) -> User:
        """Change what is named; `active: false` disables a user, logs them out everywhere, and ends their tokens."""
        expected = expected_version(if_match)
        with refusals():
            user = await asyncio.to_thread(
                book.change_user, username, change, by=caller.name, at_ms=people.now_ms(), expected_version=expected
            )
        response.headers["ETag"] = etag(user.version)
        return user

    @router.post("/users/{username}/password", status_code=HTTPStatus.NO_CONTENT)
    async def give_password(username: Username, body: PasswordBody, caller: CurrentCaller) -> None:
        """Give a user a password. It ends every session of theirs, and every token."""
        with refusals():
            await authentication.give(username, body.password, caller.name, keep_tokens=body.keep_tokens)

    @router.post("/users/{username}/logout", status_code=HTTPStatus.NO_CONTENT)
    async def log_out_everywhere(username: Username, caller: CurrentCaller) -> None:
        """End every session of a user."""
        with refusals():
            await asyncio.to_thread(people.logins.log_out_everywhere, username, by=caller.name, at_ms=people.now_ms())


def _add_departments(router: APIRouter, people: AccountServices) -> None:
    @router.get("/departments")
    async def list_departments() -> Page[Department]:
        """The departments by name, those out of use too."""
        return Page(items=list(await asyncio.to_thread(people.users.departments)))

    @router.put("/departments/{name}")
    async def put_department(
        name: Annotated[DepartmentName, Path()], body: DepartmentBody, caller: CurrentCaller
    ) -> Department:
        """Add a department, or change it. One out of use is `active: false`; none is ever deleted."""
        department = Department(name=name, title=body.title, active=body.active)
        await asyncio.to_thread(people.users.put_department, department, by=caller.name, at_ms=people.now_ms())
        return department


def _add_tokens(router: APIRouter, people: AccountServices) -> None:
    @router.get("/tokens")
    async def list_tokens(
        caller: CurrentCaller,
        username: Annotated[str | None, Query(description="Whose; administrators see all if left out.")] = None,
    ) -> Page[Token]:
        """Tokens, newest first, those that are over too; never a secret. One's own, or an administrator's choice."""
        whose = username if _is_administrator(caller) else caller.name
        if username not in (None, whose):
            raise Refused(HTTPStatus.FORBIDDEN, "not-allowed", "the tokens of others are for administrators")
        return Page(items=list(await asyncio.to_thread(people.tokens.list, whose)))

    @router.post("/tokens", status_code=HTTPStatus.CREATED)
    async def create_token(body: TokenBody, caller: CurrentCaller, response: Response) -> NewToken:
        """Make a token. Its secret is returned here and never again."""
        if body.username not in (None, caller.name) and not _is_administrator(caller):
            raise Refused(HTTPStatus.FORBIDDEN, "not-allowed", "tokens for others are for administrators to make")
        if body.username is None and caller is LOCAL:
            fault = Fault(where="username", detail="say whose it is: nobody is logged in")
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", fault.detail, [fault])
        with refusals():
            made = await asyncio.to_thread(
                people.tokens.create, body.username or caller.name, body.label, body.scopes, by=caller.name,
                at_ms=people.now_ms(), ends_at_ms=body.ends_at_ms,
                at_most=None if caller.scopes is None else frozenset(caller.scopes),
            )  # fmt: skip
        response.headers["Cache-Control"] = "no-store"
        return made

    @router.post("/tokens/{token_id}/revoke")
    async def revoke_token(token_id: Annotated[str, Path(max_length=16)], caller: CurrentCaller) -> Token:
        """Let a token hold no more, from now on."""
        of = None if _is_administrator(caller) else caller.name
        with refusals():
            return await asyncio.to_thread(people.tokens.revoke, token_id, by=caller.name, at_ms=people.now_ms(), of=of)


def _is_administrator(caller: Caller) -> bool:
    return Role.ADMINISTRATOR in caller.actor.roles
