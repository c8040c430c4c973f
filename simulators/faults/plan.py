"""How often faults are drawn, and how many of each kind."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from domain.time.units import HOUR_MS

Share = Annotated[float, Field(ge=0, le=1)]


class FaultPlan(BaseModel):
    """Faults are drawn for one stretch of `stretch_h` hours after the other.

    In each, every kind befalls `share` of the devices that can have it (`shares` overrides it for a kind; 0 is never),
    and at least one where its share is above 0. Faults start within the part `starts` of the stretch, and last as long as
    their kind does, into later stretches too. After a fault a device is left alone for `rest_h` hours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stretch_h: Annotated[float, Field(gt=0)] = 24.0
    share: Share = 0.02
    shares: Mapping[str, Share] = {}
    starts: tuple[Share, Share] = (0.02, 0.98)
    rest_h: Annotated[float, Field(ge=0)] = 3.0

    @property
    def stretch_ms(self) -> int:
        return round(self.stretch_h * HOUR_MS)

    def share_of(self, kind: str) -> float:
        return self.shares.get(kind, self.share)


NORMAL: Final = FaultPlan()
