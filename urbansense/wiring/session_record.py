"""Under which client id a slot's session stands at the broker, remembered in the data folder for the day it changes."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from ingest.gateway.installation_key import InstallationKey
from ingest.gateway.settings import GatewaySettings

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The file `<slot's name>.client-id`, which only its owner may read."""

    folder: Path
    settings: GatewaySettings

    def former_client_ids(self, previous_key: InstallationKey | None) -> tuple[str, ...]:
        """The ids under which the broker may hold a queue of the slot; none where its session was made under today's id.

        Without a record that is the slot's name, its id up to 0.1, and the id under `previous_key` where there is one.
        """
        settings = self.settings
        recorded = self._read()
        if recorded == settings.client_id or not settings.endpoint.mqtt5:
            return ()
        former = [settings.name if recorded is None else recorded]
        if previous_key is not None:
            former.append(replace(settings, installation_key=previous_key).client_id)
        return tuple(one for one in dict.fromkeys(former) if one != settings.client_id)

    def write(self) -> None:
        """Record today's id: nothing is left under another. Where that fails, the next start looks again."""
        path = self._path
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with os.fdopen(
                os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as sink:
                sink.write(self.settings.client_id + "\n")
            beside.replace(path)
        except OSError as error:
            _log.warning("the slot's client id could not be recorded", file=str(path), error=error.strerror)

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.settings.name}.client-id"

    def _read(self) -> str | None:
        try:
            return self._path.read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("the record of the slot's client id cannot be read", file=str(self._path), error=str(error))
            return None
