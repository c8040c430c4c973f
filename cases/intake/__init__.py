"""From events to cases: what published events make of the cases."""

from cases.intake.automatic_steps import take_automatic_steps
from cases.intake.cloud_event import PublishedEvent, read_cloud_event
from cases.intake.intake import Intake
from cases.intake.ports import IntakePolicy, OnCleared

__all__ = ["Intake", "IntakePolicy", "OnCleared", "PublishedEvent", "read_cloud_event", "take_automatic_steps"]
