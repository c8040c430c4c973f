"""The installation's key: from the settings, else from its file in the data folder, made at the first start."""

from pathlib import Path
from secrets import token_urlsafe
from typing import Final

import structlog

from domain.errors import ConfigurationError
from ingest.gateway.installation_key import InstallationKey
from urbansense.configuration.private_files import read_or_make_private
from urbansense.configuration.settings import Settings

_FILE: Final = "installation.key"
_RANDOM_BYTES: Final = 32

_log = structlog.get_logger()


def installation_key(settings: Settings) -> InstallationKey:
    """The key of the settings, else the one in the data folder, which is made if there is none.

    Processes that start at once over one folder get the same key. A file that holds no key is never written over: another
    key means other sessions at the broker. Raises: ConfigurationError where it can neither be read nor made.
    """
    key = known_installation_key(settings)
    if key is None:
        path = settings.data_dir / _FILE
        try:
            read_or_make_private(path, lambda: f"{token_urlsafe(_RANDOM_BYTES)}\n".encode())
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be made: {error.strerror}; or set URBANSENSE_INSTALLATION_KEY"
            ) from error
        key = _read(path)
        _log.info("the installation's key was made: other machines of this installation need it", file=str(path))
    return key


def known_installation_key(settings: Settings) -> InstallationKey | None:
    """As `installation_key`, but None where there is none yet. Raises: ConfigurationError."""
    if settings.installation_key is not None:
        return InstallationKey(settings.installation_key.get_secret_value())
    path = settings.data_dir / _FILE
    return _read(path) if path.exists() else None


def previous_installation_key(settings: Settings) -> InstallationKey | None:
    """The key before this one, where the settings name it: the broker may hold sessions made under it."""
    given = settings.installation_key_previous
    return None if given is None else InstallationKey(given.get_secret_value())


def _read(path: Path) -> InstallationKey:
    try:
        return InstallationKey(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        remedy = "restore it, or remove it for a new key (docs/operations.md: The installation's key)"
        raise ConfigurationError(f"{path} holds no installation key: {remedy}") from error
