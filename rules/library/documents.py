"""The documents of the library: its files, and all of them as one text."""

from pathlib import Path


def library_files() -> tuple[Path, ...]:
    """The YAML files of the library, by name."""
    return tuple(sorted(Path(__file__).parent.glob("*.yaml")))


def library_rules() -> str:
    """Every rule and calendar of the library as one YAML stream."""
    return "\n---\n".join(file.read_text(encoding="utf-8") for file in library_files())
