"""The quantity catalogue: what can be measured, in which unit it stands on the log, and what is plausible.

Names follow LwM2M 3416/3418, FIWARE Smart Data Models and GB 3838 (standards section 7). Ranges are wide on purpose: they
separate a broken sensor (`bad`) from a broken lamp, and never stand in for a rule's threshold.
"""

from dataclasses import dataclass
from typing import Final

from domain.quantities.units import Conversion, compile_conversion


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measurable quantity. `unit` is the canonical UCUM code; `low` and `high` bound what is plausible, inclusive."""

    name: str
    title_en: str
    title_zh: str
    unit: str
    low: float
    high: float
    boolean: bool = False

    def is_plausible(self, value: float) -> bool:
        return self.low <= value <= self.high

    def conversion_from(self, unit: str) -> Conversion:
        """The conversion from `unit` (UCUM) to this quantity's own. Raises: domain.errors.UnknownUnit."""
        return compile_conversion(unit, self.unit)


_TABLE: Final = (
    # lamp and electrical (LwM2M 3416, 3418)
    ("dimming_level", "Dimming level", "调光值", "%", 0, 100),
    ("command_level", "Commanded level", "指令亮度", "%", 0, 100),
    ("voltage", "Supply voltage", "电压", "V", 0, 500),
    ("current", "Current", "电流", "A", 0, 1000),
    ("active_power", "Active power", "有功功率", "W", -10, 100_000),
    ("reactive_power", "Reactive power", "无功功率", "V.A{reactive}", -100_000, 100_000),
    ("power_factor", "Power factor", "功率因数", "1", -1, 1),
    ("frequency", "Mains frequency", "频率", "Hz", 40, 70),
    ("active_energy", "Active energy", "有功电能", "kW.h", 0, 100_000_000),
    ("illuminance", "Illuminance", "照度", "lx", 0, 200_000),
    ("lamp_hours", "Lamp operating hours", "亮灯时长", "h", 0, 1_000_000),
    ("gear_temperature", "Control gear temperature", "驱动温度", "Cel", -60, 150),
    # cover and well
    ("tilt_angle", "Tilt angle", "倾角", "deg", 0, 180),
    ("angle_x", "Angle about x", "X轴角度", "deg", -180, 180),
    ("angle_y", "Angle about y", "Y轴角度", "deg", -180, 180),
    ("angle_z", "Angle about z", "Z轴角度", "deg", -180, 180),
    ("vibration", "Vibration", "振动", "m/s2", 0, 2000),
    ("well_water_level", "Water level in the well", "井内水位", "m", -1, 30),
    ("distance", "Measured distance", "测距", "mm", 0, 30_000),
    ("ch4_lel", "Methane", "甲烷", "%{LEL}", 0, 100),
    ("h2s", "Hydrogen sulphide", "硫化氢", "[ppm]", 0, 1000),
    ("oxygen", "Oxygen", "氧气", "%", 0, 30),
    ("temperature", "Temperature", "温度", "Cel", -60, 100),
    ("humidity", "Relative humidity", "相对湿度", "%", 0, 100),
    # water
    ("water_level", "Water level", "水位", "m", -100, 9000),
    ("ponding_depth", "Ponding depth", "积水深度", "cm", 0, 500),
    ("flow_rate", "Flow rate", "流量", "m3/h", -1_000_000, 10_000_000),
    ("flow_velocity", "Flow velocity", "流速", "m/s", -20, 20),
    ("pressure", "Pressure", "压力", "kPa", -100, 10_000),
    ("rainfall", "Rainfall", "降雨量", "mm", 0, 2000),
    ("rain_rate", "Rain rate", "雨强", "mm/h", 0, 500),
    ("water_temperature", "Water temperature", "水温", "Cel", -5, 60),
    ("ph", "pH", "pH值", "[pH]", 0, 14),
    ("dissolved_oxygen", "Dissolved oxygen", "溶解氧", "mg/L", 0, 50),
    ("conductivity", "Conductivity", "电导率", "uS/cm", 0, 500_000),
    ("turbidity", "Turbidity", "浊度", "[NTU]", 0, 10_000),
    ("cod_cr", "Chemical oxygen demand", "化学需氧量", "mg/L", 0, 100_000),
    ("cod_mn", "Permanganate index", "高锰酸盐指数", "mg/L", 0, 10_000),
    ("nh3_n", "Ammonia nitrogen", "氨氮", "mg/L", 0, 10_000),
    ("tp", "Total phosphorus", "总磷", "mg/L", 0, 10_000),
    ("tn", "Total nitrogen", "总氮", "mg/L", 0, 10_000),
    # supply and link
    ("battery_level", "Battery level", "电池电量", "%", 0, 100),
    ("battery_voltage", "Battery voltage", "电池电压", "V", 0, 60),
    ("rssi", "Received signal strength", "信号强度", "dBm", -200, 20),
    ("snr", "Signal-to-noise ratio", "信噪比", "dB", -50, 50),
)

_BOOLEAN: Final = (
    ("cover_open", "Cover open", "井盖开启"),
    ("lamp_failure", "Lamp failure reported by the device", "设备自报灯具故障"),
    ("relay_closed", "Relay closed", "继电器闭合"),
    ("mains_present", "Mains present", "市电正常"),
    ("door_open", "Door open", "箱门开启"),
)

CATALOGUE: Final[dict[str, Quantity]] = {
    **{row[0]: Quantity(*row) for row in _TABLE},
    **{name: Quantity(name, en, zh, "1", 0, 1, boolean=True) for name, en, zh in _BOOLEAN},
}
"""Every quantity by its name."""
