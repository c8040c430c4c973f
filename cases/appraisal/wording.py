"""The words and figures of an appraisal as people read them, in English and Chinese."""

from typing import Final

from cases.appraisal.appraisal import Dimension
from cases.appraisal.indicators import Rate

DIMENSION_TITLES: Final = {
    Dimension.DEPARTMENT: ("Department", "责任部门"),
    Dimension.AREA: ("Area", "区域"),
    Dimension.PROBLEM: ("Problem", "问题类别"),
    Dimension.SOURCE: ("Source", "信息来源"),
}
NAMELESS: Final = {
    Dimension.DEPARTMENT: "(no department 未派遣)",
    Dimension.AREA: "(no area 无区域)",
    Dimension.PROBLEM: "(no problem)",
    Dimension.SOURCE: "(no source)",
}
BUCKET_TITLES: Final = {"day": ("By day", "按日"), "week": ("By week", "按周"), "month": ("By month", "按月")}
SOURCE_ZH: Final = {
    "sensor": "物联感知", "inspector": "监督员上报", "hotline": "公众举报", "video": "视频监控", "leadership": "领导批示",
    "media": "媒体曝光", "other_system": "其他系统",
}  # fmt: skip


def interval(rate: Rate) -> str:
    """The 95 % interval in whole percents, empty for none."""
    if rate.low is None or rate.high is None:
        return ""
    return f"{round(rate.low * 100)}–{round(rate.high * 100)} %"


def name_of(dimension: Dimension, name: str | None) -> str:
    """What a part is called."""
    if name is None:
        return NAMELESS[dimension]
    if dimension is Dimension.SOURCE and name in SOURCE_ZH:
        return f"{name} {SOURCE_ZH[name]}"
    return name
