"""The words of the console in English and Chinese."""

from typing import Final

from domain.events import Text
from web.http.language import Language

WORDS: Final[dict[str, Text]] = {
    name: Text(en=en, zh=zh)
    for name, en, zh in (
        ("tagline", "City components, live", "城市部件实时监测"),
        ("other_language", "中文", "English"),
        ("devices", "Devices", "设备"),
        ("accepted", "Accepted", "已接收"),
        ("stored", "Stored", "已入库"),
        ("rejected", "Rejected", "已拒绝"),
        ("open_events", "Open events", "未结事件"),
        ("ledger", "Ledger", "账目"),
        ("reports", "reports", "条上报"),
        ("pending", "pending", "待入库"),
        ("duplicate", "duplicate", "重复"),
        ("balances", "balances", "平衡"),
        ("does_not_balance", "does not balance", "不平衡"),
        ("map", "Map of the devices", "设备地图"),
        ("no_events", "No open events.", "无未结事件。"),
        ("more_events", "more, not shown", "条未显示"),
        ("not_drawn", "not drawn", "未绘制"),
        ("choose", "Choose an event or a device to see its readings.", "选择事件或设备以查看读数。"),
        ("close", "Close", "关闭"),
        ("since", "since", "始于"),
        ("opened", "opened", "立案"),
        ("cleared", "cleared", "解除"),
        ("open", "open", "未结"),
        ("withdrawn", "withdrawn", "已撤回"),
        ("stale", "stale", "数据中断"),
        ("rule", "Rule", "规则"),
        ("area", "Area", "区域"),
        ("department", "Department", "主管部门"),
        ("kind", "Kind", "类别"),
        ("last_heard", "Last heard", "最近上报"),
        ("never", "never", "从未"),
        ("no_readings", "No stored readings in this time.", "该时段无读数。"),
        ("suspect", "suspect", "存疑"),
        ("bad", "bad", "无效"),
        ("yes", "yes", "是"),
        ("no", "no", "否"),
        ("ok", "in order", "正常"),
        ("silent", "silent", "失联"),
        ("unheard", "never heard", "从未上报"),
        ("critical", "critical", "紧急"),
        ("major", "major", "重要"),
        ("minor", "minor", "一般"),
        ("warning", "warning", "预警"),
        ("info", "info", "提示"),
        ("unavailable", "Not up to date", "数据未更新"),
        ("times_in", "Times in", "时区"),
        ("waiting", "waiting for the first report", "等待首条上报"),
    )
}


def word(name: str, language: Language) -> str:
    """The word in that language; a name without an entry (a kind, a rule) stands for itself."""
    text = WORDS.get(name)
    return pick(text, language) if text is not None else name


def pick(text: Text, language: Language) -> str:
    """The text in that language, or in the other where it is empty."""
    return (text.zh or text.en) if language == "zh" else (text.en or text.zh)
