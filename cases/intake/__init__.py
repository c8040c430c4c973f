"""From events to cases: what an event that is told makes of the cases."""

from cases.intake.automatic_steps import proceed
from cases.intake.cloud_event import PublishedEvent, read_telling
from cases.intake.intake import Intake
from cases.intake.ports import IntakePolicy, OnCleared

__all__ = ["Intake", "IntakePolicy", "OnCleared", "PublishedEvent", "proceed", "read_telling"]
