"""The peers in a venv of their own, `.cache/peers`, so that none of what they need comes near ours."""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_VENV: Final = _HERE.parents[1] / ".cache" / "peers"
_PINS: Final = _HERE / "requirements.txt"
PYTHON: Final = _VENV / "bin" / "python"


def install_peers() -> dict[str, str | None]:
    """The version of every package of requirements.txt, None where it has no wheel for this Python.

    Does nothing twice: what is there at its version stays.
    """
    if not PYTHON.exists():
        venv.create(_VENV, with_pip=True)
    pins = dict(line.split("==") for line in _PINS.read_text().split())
    return {package: version if _install(package, version) else None for package, version in pins.items()}


def _install(package: str, version: str) -> bool:
    present = f"import importlib.metadata as m; raise SystemExit(m.version({package!r}) != {version!r})"
    if subprocess.run([PYTHON, "-c", present], capture_output=True).returncode == 0:
        return True
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    done = subprocess.run([*pip, f"{package}=={version}"], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{package} {version} is left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return done.returncode == 0
