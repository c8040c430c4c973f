"""A lock file as `make lock` writes it: each distribution with its version, its hashes and where it is installed."""

import re
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
EVERYTHING: Final = ROOT / "requirements.lock"
"""For development and CI; the runtime's versions are among these."""
RUNTIME: Final = ROOT / "requirements-runtime.lock"
"""What the image installs."""

_ENTRY: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)(?: *; *(?P<marker>[^\\]+?))? *\\?$"
)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Locked(NamedTuple):
    """One distribution at one version. `hashes` are SHA-256 of its files; `marker` where not every system installs it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str | None = None


def normalised(name: str) -> str:
    """The name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> list[Locked]:
    """The entries in their order; one name may stand there at two versions with markers that exclude each other.

    Raises: ValueError for a line that is no entry, hash or comment.
    """
    entries: list[Locked] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if match := _ENTRY.match(text):
            entries.append(Locked(normalised(match["name"]), match["version"], (), match["marker"]))
        elif (found := _HASH.search(text)) and entries:
            entries[-1] = entries[-1]._replace(hashes=(*entries[-1].hashes, found[1]))
        else:
            raise ValueError(f"{path.name}:{number}: neither a distribution nor a hash: {text[:60]!r}")
    return entries
