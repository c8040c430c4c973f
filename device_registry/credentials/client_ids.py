"""Whether an account may be bound to a client id. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from device_registry.credentials.access import CHANGING_CLIENT_IDS
from device_registry.credentials.credential import SERVICE_MARK, Credential
from device_registry.records.problems import RecordProblem

_LONGEST: Final = 200


def is_client_id(text: str) -> bool:
    """Whether every broker and every database takes it."""
    return 1 <= len(text) <= _LONGEST and text.isprintable()


def client_id_problems(
    holders: Collection[str], client_ids: Mapping[str, str], bound: Iterable[Credential]
) -> Iterator[RecordProblem]:
    """What is wrong with these client ids, by holder. `bound` are the credentials bound to one of them already.

    Two holders never share one: whoever connects under a client id takes its session from the other.
    """
    of_others = {one.client_id: one.holder for one in bound}
    times = Counter(client_ids.values())
    for holder, client_id in client_ids.items():
        if holder not in holders:
            yield _problem(holder, f"{holder!r} is given a client id and no credential", "name it as a holder, too")
        if holder.removeprefix(SERVICE_MARK) in CHANGING_CLIENT_IDS and holder.startswith(SERVICE_MARK):
            what = f"{holder!r} makes its client ids itself"
            yield _problem(holder, what, "bind devices, @chirpstack and @things-stack only")
        if not is_client_id(client_id):
            yield _problem(holder, f"{client_id!r} cannot be a client id", f"1 to {_LONGEST} printable characters")
        if of_others.get(client_id, holder) != holder:
            what = f"the account of {of_others[client_id]!r} is bound to the client id {client_id!r}"
            yield _problem(holder, what, "give each device one of its own")
        if times[client_id] > 1:
            what = f"the client id {client_id!r} is given {times[client_id]} times"
            yield _problem(holder, what, "give each device one of its own")


def _problem(holder: str, what: str, remedy: str) -> RecordProblem:
    return RecordProblem(holder, "client_id", what, remedy)
