"""A progress bar for what takes its time."""

from time import monotonic
from typing import Final

from rich.progress import BarColumn, Progress, TaskID, TimeElapsedColumn

from urbansense.commands.terminal.output import err

_SHOW_AFTER_S: Final = 2.0


class ProgressBar:
    """A bar on standard error that appears only where there is something to wait for: after two seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began_s = monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *ended: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, share: float, reports: int) -> None:
        """Show that `share` of it is done, between 0 and 1, and the reports so far."""
        if self._bar is None:
            if monotonic() - self._began_s < _SHOW_AFTER_S:
                return
            columns = (self._what, BarColumn(), "{task.percentage:>3.0f} %", "{task.fields[reports]:,} reports")
            self._bar = Progress(*columns, TimeElapsedColumn(), console=err, transient=True)
            self._task = self._bar.add_task("", total=1.0, reports=0)
            self._bar.start()
        self._bar.update(self._task, completed=share, reports=reports)
