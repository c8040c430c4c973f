"""Where the files of a platform lie: its data folder, and which platform that is."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from domain.errors import ConfigurationError
from urbansense.configuration.private_files import close_folder_to_others, private_umask
from urbansense.configuration.settings import Settings

_log = structlog.get_logger()


@contextmanager
def data_dir(settings: Settings) -> Iterator[None]:
    """The data folder, made where there is none; inside, whatever this process makes anywhere is private.

    Folder and files that other users could use are closed to them; what cannot be is a warning in the log.
    Raises: ConfigurationError where the data folder is none and cannot become one.
    """
    for line in make_data_dir(settings):
        _log.warning("a file of the platform is not private", reason=line)
    with private_umask():
        yield


def make_data_dir(settings: Settings) -> list[str]:
    """What others may use of the data folder and cannot be closed to them, a line each.

    Raises: ConfigurationError where the data folder is none and cannot become one.
    """
    folder = settings.data_dir
    try:
        with private_umask():
            folder.mkdir(parents=True, exist_ok=True)
        return close_folder_to_others(folder)
    except FileExistsError as error:
        raise ConfigurationError(f"URBANSENSE_DATA_DIR={folder}: this is no folder") from error
    except OSError as error:
        raise ConfigurationError(
            f"URBANSENSE_DATA_DIR={folder}: {error.strerror}; look at its owner and modes"
        ) from error


def place_of(settings: Settings) -> str:
    """Which platform these settings mean, where parts of it are files: the folder and the prefix."""
    return f"{settings.data_dir.resolve()}, prefix {settings.topic_prefix!r}"
