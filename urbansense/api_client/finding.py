"""Which platform a command means, and whether it runs: by who holds its data folder, never by an answer in time.

URBANSENSE_API_URL names one  ──▶ that one, or an error: nothing is opened in its place
the data folder is held       ──▶ its holder, for as long as that lives
nothing is named at all       ──▶ a demo of this user that runs
else what listens at the port ──▶ an urbansense, if it is one; whoever takes a connection is waited for
"""

import asyncio
import sys
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import httpx

from domain.errors import ConfigurationError, UrbansenseError
from urbansense.api_client.waiting import LifeWatch, Notice
from urbansense.configuration.place import place_of
from urbansense.configuration.presence import Holder, WorksAs, holder_of, running_demos
from urbansense.configuration.settings import Settings
from urbansense.configuration.wording import sentence

_UNANSWERED_S: Final = 120.0
"""How long something that takes connections, whose life cannot be seen, may answer nothing."""
_AGAIN_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class FoundPlatform:
    """A platform that answers; `watch` where its life can be seen from here."""

    url: str
    watch: LifeWatch | None = None


async def find_platform(settings: Settings, headers: dict[str, str]) -> FoundPlatform | None:
    """The platform that these settings mean, once it answers; None where none runs, which is certain where it owns files.

    Raises: ConfigurationError where the one that is named does not answer, or another one is at its place; PlatformEnded.
    """
    async with httpx.AsyncClient(timeout=None, trust_env=False, headers=headers) as client:
        if settings.api_url:
            return await _named(client, settings)
        holder = await _lasting_holder(settings)
        if holder is None:
            holder = _only_demo(settings)
        if holder is not None:
            return await _held(client, settings, holder)
        return await _at_usual_port(client, settings)


async def _named(client: httpx.AsyncClient, settings: Settings) -> FoundPlatform:
    url, named = settings.client_api_url, f"URBANSENSE_API_URL={settings.api_url!r}"
    serves = await _serves_in_time(client, url, named, until_api=True)
    if serves == "api":
        return FoundPlatform(url)
    raise ConfigurationError(
        f"{named}: " + ("nothing answers there" if serves is None else "what answers there is no API of urbansense")
    )


async def _lasting_holder(settings: Settings) -> Holder | None:
    """The platform that holds the data folder; a command that does is waited for."""
    notice = Notice()
    while (holder := holder_of(settings.data_dir)) is not None and holder.works_as is WorksAs.COMMAND:
        notice.show(f"a command (pid {holder.pid}) works on {settings.data_dir}; waiting for its end")
        await asyncio.sleep(_AGAIN_S)
    return holder


def _only_demo(settings: Settings) -> Holder | None:
    """The demo that runs, where these settings name nothing that could be meant instead. Raises: ConfigurationError."""
    if not settings.names_nothing() or (settings.data_dir.is_dir() and any(settings.data_dir.iterdir())):
        return None
    demos = running_demos()
    if len(demos) > 1:
        urls = ", ".join(f"{one.url or 'starting'} (pid {one.pid})" for one in demos)
        raise ConfigurationError(f"{len(demos)} demos run: set URBANSENSE_API_URL to one of {urls}")
    return demos[0] if demos else None


async def _held(client: httpx.AsyncClient, settings: Settings, holder: Holder) -> FoundPlatform:
    """The API of the holder, once it answers. Raises: PlatformEnded."""
    watch, notice = LifeWatch(holder), Notice()
    while True:
        watch.check()
        now = holder_of(holder.folder) or holder
        asking = asyncio.ensure_future(_serves(client, now.url or settings.client_api_url))
        try:
            while not (await asyncio.wait({asking}, timeout=_AGAIN_S))[0]:
                watch.check()
                notice.show(f"{watch.words} answers slowly; waiting")
        finally:
            asking.cancel()
        serves = asking.result()
        if serves == "api" and now.url is not None:
            if holder.works_as is WorksAs.DEMO:
                print(sentence(f"this is the demo at {now.url} (pid {now.pid})"), file=sys.stderr, flush=True)
            return FoundPlatform(now.url, watch)
        if serves == "api" and await _is_ours(client, settings):
            return FoundPlatform(settings.client_api_url, watch)
        notice.show(f"{watch.words} starts and does not answer yet; waiting")
        await asyncio.sleep(_AGAIN_S)


async def _at_usual_port(client: httpx.AsyncClient, settings: Settings) -> FoundPlatform | None:
    """What listens where our own would. Nobody holds our folder: for its files that is no platform of ours."""
    url = settings.client_api_url
    serves = await _serves_in_time(client, url, f"something at {url}", until_api=not settings.serves_one_process())
    if serves != "api":
        return None
    if settings.embedded_parts() and not await _is_ours(client, settings):
        served = await _served_place(client, settings)
        raise ConfigurationError(
            f"the urbansense at {url} serves {served}, not {place_of(settings)}: "
            f"set URBANSENSE_API_URL={url} to mean that one, or URBANSENSE_HTTP_PORT to your own's"
        )
    return FoundPlatform(url)


async def _is_ours(client: httpx.AsyncClient, settings: Settings) -> bool:
    return await _served_place(client, settings) in (None, place_of(settings))


async def _served_place(client: httpx.AsyncClient, settings: Settings) -> str | None:
    """The place that the urbansense at the usual port serves; None where it shows that to no stranger."""
    checks = (await client.get(f"{settings.client_api_url}/readyz")).json().get("checks") or ()
    return next((str(check["detail"]) for check in checks if check["name"] == "place"), None)


async def _serves_in_time(client: httpx.AsyncClient, url: str, named: str, *, until_api: bool) -> str | None:
    """As `_serves`, of what cannot be watched: it has two minutes, and with `until_api` one that starts has them, too."""
    notice, began = Notice(), monotonic()
    try:
        async with asyncio.timeout(_UNANSWERED_S):
            while True:
                asking = asyncio.ensure_future(_serves(client, url))
                try:
                    while not (await asyncio.wait({asking}, timeout=_AGAIN_S))[0]:
                        notice.show(f"{url} answers slowly; waiting")
                finally:
                    asking.cancel()
                serves = asking.result()
                if serves != "start" or not until_api:
                    return serves
                notice.show(f"the urbansense at {url} starts; waiting")
                await asyncio.sleep(_AGAIN_S)
    except TimeoutError as error:
        raise ConfigurationError(
            f"{named} takes connections and did not answer within {monotonic() - began:.0f} s: look whether it is well, "
            "or set URBANSENSE_API_URL to the platform that is meant"
        ) from error


async def _serves(client: httpx.AsyncClient, url: str) -> str | None:
    """What an urbansense there serves, as its `/healthz` puts it; None without a listener; `other` of anything else.

    Raises: UrbansenseError where the URL is none.
    """
    try:
        answer = await client.get(f"{url}/healthz")
    except httpx.ConnectError:
        return None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise UrbansenseError(f"URBANSENSE_API_URL={url!r}: {error}") from error
    except httpx.TransportError:
        return "other"
    content: Any = None
    try:
        content = answer.json()
    except ValueError:
        return "other"
    serves = content.get("serves") if answer.is_success and isinstance(content, dict) else None
    return serves if isinstance(serves, str) else "other"
