"""The figures above the map that show whether all is well."""

from nicegui import ui

from web.console.shell.words import word
from web.http.language import Language
from web.live.city_snapshot import CitySnapshot


class Figure:
    """One figure with its name above and a line of explanation below."""

    def __init__(self, name: str, language: Language) -> None:
        self._root = ui.element("div").classes("figure").props(f"data-figure={name}")
        with self._root:
            ui.label(word(name, language)).classes("figure__name")
            self._value = ui.label("–").classes("figure__value")
            self._note = ui.label("").classes("figure__note")

    def show(self, value: str, note: str = "", *, alarming: bool = False) -> None:
        self._value.set_text(value)
        self._note.set_text(note)
        self._root.classes(add="figure--alarming") if alarming else self._root.classes(remove="figure--alarming")


class CountsBar:
    """Built once; `show` changes only the texts that changed."""

    def __init__(self, language: Language) -> None:
        self._language = language
        with ui.element("section").classes("figures"):
            self._figures = {
                name: Figure(name, language)
                for name in ("devices", "open_events", "accepted", "stored", "rejected", "ledger")
            }

    def show(self, snapshot: CitySnapshot) -> None:
        counts, figures = snapshot.counts, self._figures

        def named(name: str) -> str:
            return word(name, self._language)

        quiet = [f"{_number(counts.silent)} {named('silent')}"]
        if counts.unheard:
            quiet.append(f"{_number(counts.unheard)} {named('unheard')}")
        figures["devices"].show(_number(counts.devices), " · ".join(quiet))
        figures["open_events"].show(_number(counts.open_events), self._severities(snapshot))
        figures["accepted"].show(_number(counts.accepted), named("reports"))
        figures["stored"].show(_number(counts.stored), f"{_number(counts.pending)} {named('pending')}")
        figures["rejected"].show(_number(counts.rejected), _most_rejected(snapshot))
        balance = "balances" if counts.ledger_balances else "does_not_balance"
        doubled = f"{_number(snapshot.ledger.store.duplicate)} {named('duplicate')}"
        figures["ledger"].show(named(balance), doubled, alarming=not counts.ledger_balances)

    def _severities(self, snapshot: CitySnapshot) -> str:
        """`2 critical · 5 major`, worst first, the two worst."""
        numbers: dict[str, int] = {}
        for event in snapshot.events:
            numbers[event.severity.value] = numbers.get(event.severity.value, 0) + 1
        return " · ".join(f"{n} {word(name, self._language)}" for name, n in list(numbers.items())[:2])


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")


def _most_rejected(snapshot: CitySnapshot) -> str:
    """The commonest reason."""
    rejected = snapshot.ledger.rejected
    return max(rejected, key=lambda reason: rejected[reason]).replace("_", " ") if rejected else ""
