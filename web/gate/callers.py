"""Who asks, for routes: as the gate found."""

from typing import Annotated

from fastapi import Depends, Request

from accounts import Caller
from domain.actors import Actor


def current_caller(request: Request) -> Caller:
    """Who asks. For routes: every request that reaches one was let through by the gate."""
    caller: Caller = request.state.caller
    return caller


CurrentCaller = Annotated[Caller, Depends(current_caller)]


def current_actor(request: Request) -> Actor:
    """Who asks, as the gate found. Raises: AttributeError where no gate stands before the route."""
    return current_caller(request).actor


CurrentActor = Annotated[Actor, Depends(current_actor)]
