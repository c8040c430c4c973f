"""From events to cases: what an event that is told makes of the cases."""

from cases.intake.intake import Intake
from cases.intake.ports import IntakePolicy, OnCleared
from cases.intake.proceeding import proceed
from cases.intake.telling import Telling, read_telling

__all__ = ["Intake", "IntakePolicy", "OnCleared", "Telling", "proceed", "read_telling"]
