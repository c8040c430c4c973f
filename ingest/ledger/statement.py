"""Both ledgers at one moment: what the recorder and the rules have counted, beside what the log holds."""

from dataclasses import dataclass, field

from domain.ledger import Ledger, RulesLedger
from domain.topics import Topics
from ingest.ledger.counting import LogCount, count_reports, store_ledger
from ingest.ports import ReadJudgedSums
from streams.ports import Log
from timeseries.ports import TelemetryWriter


@dataclass
class LedgerAccount:
    """Computes the ledger; the counting of the log goes on from where the last statement ended."""

    log: Log
    topics: Topics
    store: TelemetryWriter
    read_rule_sums: ReadJudgedSums
    _count: LogCount = field(init=False)

    def __post_init__(self) -> None:
        self._count = LogCount(self.log, self.topics)

    async def statement(self) -> Ledger:
        sums = await self.read_rule_sums(self.log, self.topics)
        store = await store_ledger(self._count, self.store)
        ends = await self._count.advance()
        spans = {tp: (sums.offsets.get(tp, 0), end) for tp, end in ends.items() if tp.topic != self.topics.rejected}
        rules = RulesLedger(
            accepted=self._count.accepted,
            judged=sums.judged,
            duplicate=sums.duplicate,
            too_late=sums.too_late,
            no_rule=sums.no_rule,
            pending=await count_reports(self.log, spans),
        )
        return Ledger(store, rules, self._count.rejected(partial=False), self._count.rejected(partial=True))
