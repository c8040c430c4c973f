"""Where the files of a platform lie: its data folder, and which platform that is."""

from domain.errors import ConfigurationError
from urbansense.configuration.settings import Settings


def make_data_dir(settings: Settings) -> None:
    """Raises: ConfigurationError where the data folder is none and cannot become one."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"URBANSENSE_DATA_DIR={settings.data_dir}: {error.strerror}") from error


def place_of(settings: Settings) -> str:
    """Which platform these settings mean, where parts of it are files: the folder and the prefix."""
    return f"{settings.data_dir.resolve()}, prefix {settings.topic_prefix!r}"
