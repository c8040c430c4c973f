"""What every channel may have in a notification document."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, FilePath, PlainValidator

from cases.notification.channels.fields import Duration, Networks, Quiet, read_rate, read_timeout
from cases.notification.messages.message import Language
from cases.notification.timing.rates import Rate
from domain.time.units import MINUTE_MS


class DocumentPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ChannelPart(DocumentPart):
    """What every channel may have. `rate` counts tries for each recipient; None of the others means as for everybody.

    `addresses_people`: a message goes to each person's own address; otherwise the channel is one room or system.
    """

    addresses_people: ClassVar[bool] = False

    type: str
    rate: Annotated[Rate, PlainValidator(read_rate)] = Rate(30, MINUTE_MS)
    group_for: Duration | None = None
    quiet_hours: Quiet | None = None
    digest_size: Annotated[int, Field(ge=1, le=200)] = 50
    language: Language | None = None
    timeout: Annotated[int, PlainValidator(read_timeout)] = 10_000

    @property
    def mentions_people(self) -> bool:
        """Whether a message mentions, by their mobile numbers, those whom it concerns."""
        return False


class RobotPart(ChannelPart):
    """A robot in a group: 20 messages a minute is what both houses allow; more, and they lock it for a while."""

    rate: Annotated[Rate, PlainValidator(read_rate)] = Rate(20, MINUTE_MS)
    digest_size: Annotated[int, Field(ge=1, le=20)] = 10
    allow: Networks = ()
    ca_file: FilePath | None = None
    mention: bool = False

    @property
    def mentions_people(self) -> bool:
        return self.mention
