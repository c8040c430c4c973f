"""A rule's document with another `mode`, everything else in it as it was written, comments included."""

from dataclasses import replace

from documents.located_yaml.reading import LocatedValue, load_yaml
from rules.language.document.reading import parse_rules
from rules.language.rule import Mode, Rule


def with_mode(rule: Rule, mode: Mode) -> Rule:
    """The rule as its document writes it, with that mode instead."""
    (document,) = load_yaml(rule.text, rule.name)
    if isinstance(document.value, list):
        (document,) = document.value
    (changed,) = parse_rules(_text_with_mode(rule.text, document, mode), rule.name)
    return replace(changed, version=rule.version)


def _text_with_mode(text: str, document: LocatedValue, mode: Mode) -> str:
    entries: dict[str, LocatedValue] = document.value
    if (written := entries.get("mode")) is not None:
        return text[: written.start] + mode.value + text[written.end :]
    name = entries["rule"]
    if text[document.start] == "{":
        return f"{text[: name.end]}, mode: {mode.value}{text[name.end :]}"
    end = text.find("\n", name.end)
    end = len(text) if end < 0 else end
    assert name.key is not None
    indent = " " * (name.key.column - 1)
    return f"{text[:end]}\n{indent}mode: {mode.value}{text[end:]}"
