"""The stretches of time of a backtest in Chinese."""

from typing import Final

BUCKETS_ZH: Final = {"minute": "分钟", "5 minutes": "5分钟", "15 minutes": "15分钟", "hour": "小时", "day": "天"}
"""What `Buckets.name` is in Chinese."""
