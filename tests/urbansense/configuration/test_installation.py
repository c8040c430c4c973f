"""The installation's key: given, or made once in the data folder, never shown."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from pydantic import SecretStr

from domain.errors import ConfigurationError
from urbansense.configuration.installation import installation_key, known_installation_key
from urbansense.configuration.settings import Settings, load_settings

CHOSEN = "chosen by the operator of this city, 2026"


def test_the_key_of_the_settings_needs_no_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, installation_key=SecretStr(CHOSEN))
    assert installation_key(settings).text == CHOSEN
    assert list(tmp_path.iterdir()) == []


def test_the_first_start_makes_a_key_that_only_its_owner_reads_and_the_second_finds_it(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        made = installation_key(Settings(data_dir=tmp_path))
    finally:
        os.umask(umask)
    (file,) = tmp_path.iterdir()
    assert file.name == "installation.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert installation_key(Settings(data_dir=tmp_path)) == made
    assert re.fullmatch(r"[\w-]{43}\n", file.read_text())


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    together = Barrier(16)

    def start() -> str:
        together.wait(10)
        return installation_key(Settings(data_dir=tmp_path)).text

    with ThreadPoolExecutor(16) as pool:
        keys = {future.result(10) for future in [pool.submit(start) for _ in range(16)]}
    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["installation.key"]


def test_whoever_only_looks_makes_no_key(tmp_path: Path) -> None:
    assert known_installation_key(Settings(data_dir=tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_damaged_file_is_an_error_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "installation.key").write_bytes(content)
    with pytest.raises(ConfigurationError, match="holds no installation key"):
        installation_key(Settings(data_dir=tmp_path))
    assert (tmp_path / "installation.key").read_bytes() == content


def test_a_folder_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="set URBANSENSE_INSTALLATION_KEY"):
        installation_key(Settings(data_dir=tmp_path / "absent"))


def test_a_short_key_is_refused_and_no_key_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URBANSENSE_INSTALLATION_KEY", "too-short-a-key")
    with pytest.raises(ConfigurationError, match="at least 32 characters") as caught:
        load_settings()
    assert "too-short-a-key" not in str(caught.value)
    monkeypatch.setenv("URBANSENSE_INSTALLATION_KEY", CHOSEN)
    assert CHOSEN not in repr(load_settings())
