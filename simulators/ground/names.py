"""What streets and places are called, in English and in Chinese."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

_NUMERALS: Final = "一二三四五六七八九十"


class Name(BaseModel):
    """What something is called in English and in Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str


class Namer:
    """Names in the order of asking, each once; then again with a number."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._names, self._given = names, 0

    def next(self) -> Name:
        times, number = divmod(self._given, len(self._names))
        self._given += 1
        return numbered(self._names[number], times + 1)


def numbered(name: Name, times: int) -> Name:
    """The name as the `times`-th bearer has it: Renmin Road, Renmin Road 2; 人民路, 人民二路."""
    if times == 1:
        return name
    numeral = _NUMERALS[times - 1] if times <= len(_NUMERALS) else str(times)
    for ending in ("大道", "路", "街", "巷"):
        if name.zh.endswith(ending):
            return Name(en=f"{name.en} {times}", zh=f"{name.zh.removesuffix(ending)}{numeral}{ending}")
    return Name(en=f"{name.en} {times}", zh=f"{name.zh}{numeral}")
