"""Reasons that stand before any reading: the device, the rule, its `where`."""

from collections.abc import Iterator

from domain.devices import Device, DeviceState
from rules.explaining.absence.answers import Code, Reason, Situation, reason
from rules.explaining.formulas import Evidence, FormulaPart, parts_of
from rules.explaining.phrases import WallClock
from rules.language.conditions.condition import Condition, device_facts
from rules.language.conditions.errors import ConditionError
from rules.language.rule import Mode


def before_readings(asked: Situation, clock: WallClock) -> Iterator[Reason]:
    """Reasons that no reading can change; none of them where the rule judges the device."""
    rule, device, name = asked.rule, asked.device, asked.device_id
    if rule.group is not None:
        yield reason(
            Code.GROUP,
            f"{rule.name} is about groups of {', '.join(rule.group.of)}, not about single devices; ask about one of these.",
            f"{rule.name} 针对 {'、'.join(rule.group.of)} 的成组事件，而非单个设备；请查询其中一条规则。",
        )
    elif device is None:
        yield reason(Code.UNKNOWN_DEVICE, f"No device {name} is registered.", f"没有登记设备 {name}。")
    elif device.kind != rule.kind:
        yield reason(
            Code.OTHER_KIND,
            f"{name} is a {device.kind}, and the rule is about {rule.kind}.",
            f"{name} 是 {device.kind}，而规则针对 {rule.kind}。",
        )
    elif device.state is not DeviceState.ACTIVE:
        yield reason(
            Code.NOT_ACTIVE_DEVICE,
            f"{name} is {device.state}; only active devices are judged.",
            f"{name} 处于 {device.state} 状态；只判断在用（active）设备。",
        )
    elif rule.mode is Mode.OFF:
        yield reason(Code.RULE_OFF, "The rule is off: it judges nothing.", "规则已停用，不作判断。")
    elif rule.where is not None and (found := _where(rule.where, device, asked)) is not None:
        yield found
    else:
        yield from _remarks(asked, clock)


def _remarks(asked: Situation, clock: WallClock) -> Iterator[Reason]:
    rule = asked.rule
    if asked.in_force_since_ms > asked.at_ms:
        since = clock.wall(asked.in_force_since_ms)
        yield reason(
            Code.NOT_IN_FORCE_YET,
            f"Version {rule.version} came into force at {since} only, and judges no reading from before. By it, though:",
            f"版本 {rule.version} 于 {since} 才生效，不判断此前的读数。若按此版本：",
        )
    if rule.mode is Mode.SHADOW:
        yield reason(
            Code.SHADOW,
            "The rule is in shadow: what it finds is recorded and told to nobody. Apart from that:",
            "规则处于试运行（shadow），结果只记录不通知。除此之外：",
        )


def _where(where: Condition, device: Device, asked: Situation) -> Reason | None:
    """Why the rule does not apply to the device; None where it does."""
    try:
        if where.evaluate({}, device_facts(device)) is True:
            return None
    except ConditionError as error:
        return reason(Code.WHERE, f"`where` fails on this device: {error}", f"`where` 对该设备求值出错：{error}")
    wrong = " && ".join(part.filled for part in where_parts(asked) if part.holds is not True)
    return reason(
        Code.WHERE,
        f"The rule is not about this device: where {where.source}; here: {wrong}",
        f"规则不适用于该设备：where {where.source}；实际：{wrong}",
    )


def where_parts(asked: Situation) -> list[FormulaPart]:
    """The rule's `where` with the facts of the device put in."""
    if asked.rule.where is None or asked.device is None:
        return []
    return parts_of(asked.rule.where, Evidence({}, device_facts(asked.device), {}))
