"""Rules tried over stored history, by the engine that judges live data."""

from rules.backtest.plan import BacktestPlan, Variant, variant_of
from rules.backtest.result import BacktestResult
from rules.backtest.running import BacktestProgress, NothingStored, run_backtest

__all__ = [
    "BacktestPlan",
    "BacktestProgress",
    "BacktestResult",
    "NothingStored",
    "Variant",
    "run_backtest",
    "variant_of",
]
