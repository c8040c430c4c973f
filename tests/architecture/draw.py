"""Functions drawn for a reader who has never seen the project: path and signature, nothing else.

The reader says of each what it is for and what it may touch (clock, files, network, its arguments); of twelve, ten ought to
be right. Run as: python -m tests.architecture.draw SEED [COUNT]   (the seed: the last eight digits of a commit)
"""

import ast
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import product, shown, tree_of


def signatures(path: Path) -> Iterator[str]:
    """Every public function and method of public classes in a file, as `path: Class.name(parameters) -> result`."""
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _signature(path, node, "")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _signature(path, inner, f"{node.name}.")


def _signature(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Iterator[str]:
    if not node.name.startswith("_"):
        result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
        yield f"{shown(path)}: {kind}{owner}{node.name}({ast.unparse(node.args)}){result}"


def main(seed: str, count: int = 12) -> None:
    paths = [path for path in product().values() if "versions" not in path.parts]
    drawn = random.Random(int(seed, 16)).sample([one for path in paths for one in signatures(path)], count)
    print("\n".join(f"{number:2}  {one}" for number, one in enumerate(drawn, 1)))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
