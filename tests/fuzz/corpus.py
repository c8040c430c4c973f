"""The inputs that are kept: seeds out of the golden payloads, and the corpus of each target beside this module."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.fuzz.target import Target

FOLDER: Final = Path(__file__).with_name("corpus")
FOUND: Final = "found-"
"""Begins the name of an input that once broke its reader."""


def folder_of(target: Target) -> Path:
    return FOLDER / target.name


def kept(target: Target) -> dict[str, bytes]:
    """What the target's folder holds, by the file's name, in its order."""
    folder = folder_of(target)
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))} if folder.is_dir() else {}


def inputs(target: Target) -> list[bytes]:
    """Seeds and corpus, each once."""
    return list(dict.fromkeys([*target.seeds(), *kept(target).values()]))


def keep_found(target: Target, data: bytes) -> Path:
    """The file of an input that broke its reader."""
    folder = folder_of(target)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{FOUND}{sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


def replay_command(path: Path) -> str:
    """What a person types to see the fault again."""
    return f"python -m tests.fuzz --replay {path.relative_to(FOLDER.parents[2])}"
