"""What only its owner reads, whatever the umask: as the file system has it."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from urbansense.configuration.place import data_dir
from urbansense.configuration.private_files import (
    close_folder_to_others,
    close_to_others,
    private_umask,
    read_or_make_private,
    write_private,
)
from urbansense.configuration.settings import load_settings

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_inside_a_private_umask_files_and_folders_are_the_owners_and_outside_it_is_as_before(tmp_path: Path) -> None:
    with private_umask():
        (tmp_path / "inside").write_bytes(b"")
        (tmp_path / "folder").mkdir()
    (tmp_path / "outside").write_bytes(b"")
    assert [mode_of(tmp_path / name) for name in ("inside", "folder", "outside")] == [0o600, 0o700, 0o666]


def test_a_private_file_takes_the_place_of_an_open_one_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert mode_of(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_several_make_at_once_is_the_same_for_all(tmp_path: Path) -> None:
    path, barrier, found = tmp_path / "key", threading.Barrier(2), []

    def make(own: bytes) -> bytes:
        barrier.wait(10)  # both found no file
        return own

    def open_it(own: bytes) -> None:
        os.umask(0)
        found.append(read_or_make_private(path, lambda: make(own)))

    threads = [threading.Thread(target=open_it, args=(own,)) for own in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found in ([b"one", b"one"], [b"two", b"two"])
    assert mode_of(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert read_or_make_private(path, lambda: b"three") == found[0]


def test_an_open_data_folder_and_what_lies_in_it_are_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "log.sqlite").write_bytes(b"")
    (folder / "attachments").mkdir()
    with data_dir(load_settings({}, data_dir=folder)):
        assert [mode_of(path) for path in (folder, folder / "log.sqlite", folder / "attachments")] == [
            0o700,
            0o600,
            0o700,
        ]


def test_a_new_data_folder_is_private(tmp_path: Path) -> None:
    with data_dir(load_settings({}, data_dir=tmp_path / "a" / "data")):
        pass
    assert mode_of(tmp_path / "a" / "data") == 0o700


def test_a_folder_that_everybody_shares_is_left_as_it_is_and_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "mine").write_bytes(b"")
    (line,) = close_folder_to_others(tmp_path)
    assert "shared by all users" in line
    assert (mode_of(tmp_path), mode_of(tmp_path / "mine")) == (0o1777, 0o666)


def test_a_file_that_cannot_be_closed_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"")

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)  # as for a file of another user, which root cannot show
    assert close_to_others(path) == (
        f"others may use {path} (mode 0666), and it cannot be changed: Operation not permitted"
    )
