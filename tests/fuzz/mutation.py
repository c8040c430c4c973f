"""Another input from known ones: a change of what their reader sees, not only of their bytes."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import cbor2
import yaml

from tests.fuzz.messages import pack, unpack
from tests.fuzz.sparkplug_fields import change_fields
from tests.fuzz.target import Shape, Target

ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, -0.0, 0.5, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400,
    1e308, -1e308, float("nan"), float("inf"), float("-inf"), "", " ", "x", "x" * 300, "\x00", "\ud800", "é", "路灯",
    "٣", "²", "1_000", "0x10", "1e5", "NaN", "-", "/", ":", "..", "{}", "'", "2026-13-45", "2026-02-30T25:61:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 400, "9" * 5000, "9" * 400 + "d", "1e400", "${HOME}",
    [], {}, [[]], [None], {"": None}, [[[[[[[[[[[[]]]]]]]]]]]],
)  # fmt: skip
"""Values at the edge of what types, clocks and databases hold."""

TOKENS: Final = (
    b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\n", b"\r\n", b"\t", b" ", b",", b'"', b"'", b":", b": ", b"- ",
    b"{", b"}", b"[", b"]", b"(", b")", b"<", b">", b"&", b"*", b"!", b"!!", b"%", b"#", b"|", b"-1", b"0", b"1e999",
    b"9" * 30, b"9" * 400, b"9" * 5000, b"null", b"true", b"NaN", b"\xe8\xb7\xaf", b"\xc2\xb2", b"\xd9\xa3",
    b"\xed\xa0\x80", b"!!timestamp ", b"!!binary ", b"!!python/object:x ", b"&a ", b"*a", b"<<: ", b"? ", b"\\u0000",
    b"\\ud800",
    b"2026-13-45", b"2026-02-30", b"= ", b"== ", b" and ", b" or ", b" not ", b" in ", b"?", b"..", b"/", b"\\",
)  # fmt: skip


def mutated(target: Target, data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    """Another input of the target, made of `data` and pieces of `pool`. Deterministic by the state of `random`."""
    if target.messages:
        return _change_messages(target, data, random, pool)[: target.most_bytes]
    return _change(target.shape, data, random, pool)[: target.most_bytes]


def _change(shape: Shape, data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    for _ in range(random.choice((1, 1, 2, 4))):
        way = _WAYS.get(shape) if random.random() < 0.7 else None
        if way is not None:
            try:
                data = way(data, random, pool)
                continue
            except Exception:
                pass  # no longer of its shape: changed byte by byte
        data = _change_bytes(data, random, pool)
    return data


def _change_messages(target: Target, data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    messages = unpack(data) or [(0, b"")]
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(messages))
        match random.randrange(8):
            case 0 if len(messages) > 1:
                del messages[at]
            case 1:
                messages.insert(random.randrange(len(messages) + 1), messages[at])
            case 2:
                messages[at] = (random.randrange(256), messages[at][1])
            case 3:
                random.shuffle(messages)
            case 4:
                messages[at:at] = unpack(random.choice(pool))[:4] if pool else []
            case _:
                payloads = [payload for _, payload in messages]
                messages[at] = (messages[at][0], _change(target.shape, messages[at][1], random, payloads))
    return pack(messages)


def _change_bytes(data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    at, size = random.randrange(len(data) + 1), random.choice((1, 1, 2, 4, 16))
    match random.randrange(8):
        case 0:
            return data[:at] + data[at + size :]
        case 1:
            return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + data[at : at + size] * random.choice((2, 3, 40)) + data[at + size :]
        case 3 if pool:
            other = random.choice(pool)
            begin = random.randrange(len(other) + 1)
            return data[:at] + other[begin : begin + random.choice((4, 16, 200))] + data[at:]
        case 4:
            return data[:at]
        case 5:
            lines = data.splitlines(keepends=True) or [b""]
            lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
            return b"".join(lines)
        case 6:
            lines = data.splitlines(keepends=True) or [b""]
            del lines[random.randrange(len(lines))]
            return b"".join(lines)
    return data[:at] + random.choice(TOKENS) + data[at + random.choice((0, 0, 1, size)) :]


# Trees


def changed_tree(tree: Any, random: Random) -> Any:
    """The tree with one node of it replaced, dropped, doubled or put under another name; the tree itself stays."""
    if not isinstance(tree, dict | list) or not tree or random.random() < 0.15:
        return _replaced(tree, random)
    if isinstance(tree, list):
        at = random.randrange(len(tree))
        match random.randrange(5):
            case 0:
                return tree[:at] + tree[at + 1 :]
            case 1:
                return tree[:at] + [tree[at]] * random.choice((2, 2, 30)) + tree[at + 1 :]
        return [*tree[:at], changed_tree(tree[at], random), *tree[at + 1 :]]
    key = random.choice(list(tree))
    match random.randrange(8):
        case 0:
            return {name: value for name, value in tree.items() if name != key}
        case 1:
            other = random.choice([*tree, "", "x", random.choice(ODD)])
            other = other if not isinstance(other, dict | list) else "x"
            return {(other if name == key else name): value for name, value in tree.items()}
        case 2:
            return {**tree, key: tree[random.choice(list(tree))]}
    return {**tree, key: changed_tree(tree[key], random)}


def _replaced(value: Any, random: Random) -> Any:
    if isinstance(value, str) and value and random.random() < 0.5:
        return _change_bytes(value.encode(errors="replace"), random, ()).decode(errors="replace")
    if isinstance(value, int | float) and not isinstance(value, bool) and random.random() < 0.3:
        return random.choice((-value, value * 1000, value + 1, str(value), [value]))
    return random.choice(ODD)


def _change_json(data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    tree = changed_tree(json.loads(data), random)
    return json.dumps(tree, ensure_ascii=random.random() < 0.7).encode(errors="surrogatepass")


def _change_cbor(data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    tree = changed_tree(cbor2.loads(data), random)
    if random.random() < 0.1:
        tree = [cbor2.CBORTag(random.choice((0, 1, 2, 4, 5, 25, 28, 29, 30, 35, 36, 100, 258, 260, 55799)), tree)]
    return cbor2.dumps(tree)


def _change_yaml(data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    if random.random() < 0.4:
        lines = data.decode().splitlines()
        at = random.randrange(len(lines))
        indent = " " * random.choice((0, 1, 2, 4, 8))
        lines[at] = random.choice(
            (indent + lines[at].strip(), lines[at] + " " + _word(random), f"{indent}- {lines[at]}")
        )
        return "\n".join(lines).encode(errors="surrogatepass")
    trees = list(yaml.load_all(data, Loader=yaml.BaseLoader))
    at = random.randrange(len(trees))
    trees[at] = changed_tree(trees[at], random)
    text: str = yaml.safe_dump_all(trees, allow_unicode=True, sort_keys=False, width=1000)
    return text.replace("'", "").encode(errors="surrogatepass") if random.random() < 0.7 else text.encode()


def _word(random: Random) -> str:
    word = random.choice(ODD)
    return word if isinstance(word, str) else json.dumps(word)


def _change_zip(data: bytes, random: Random, pool: Sequence[bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = random.randrange(len(members))
    name, content = members[at]
    match random.randrange(8):
        case 0:
            del members[at]
        case 1:
            members[at] = (random.choice(members)[0], content)
        case 2:
            members.append((name, content))
        case _:
            members[at] = (name, _change_xml(content, random))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return sink.getvalue()


def _change_xml(content: bytes, random: Random) -> bytes:
    """Another value of an attribute or a text, or another tag; now and then any change at all."""
    pieces = content.decode(errors="replace").replace("<", "\x01<").replace(">", ">\x01").split("\x01")
    at = random.randrange(len(pieces))
    piece = pieces[at]
    if piece.startswith("<") and '="' in piece and random.random() < 0.7:
        names = piece.split('"')
        names[random.randrange(1, len(names), 2)] = random.choice(
            ("", "0", "-1", "n", "s", "d", "b", "e", _word(random))
        )
        pieces[at] = '"'.join(names)
    elif piece.startswith("<"):
        pieces[at] = random.choice(("", piece * 2, random.choice(pieces)))
    else:
        pieces[at] = random.choice((_word(random), random.choice(pieces)))
    return "".join(pieces).encode(errors="replace")


_WAYS: Final[dict[Shape, Callable[[bytes, Random, Sequence[bytes]], bytes]]] = {
    Shape.JSON: _change_json,
    Shape.CBOR: _change_cbor,
    Shape.YAML: _change_yaml,
    Shape.ZIP: _change_zip,
    Shape.SPARKPLUG: change_fields,
}
