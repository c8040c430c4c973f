"""The head of the page: the name, the city's clock, and the figures that say whether all is well."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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

    def __init__(self, zone: ZoneInfo, language: Language) -> None:
        self._zone = zone
        self._language = language
        other = "en" if language == "zh" else "zh"
        with ui.element("header").classes("head"):
            ui.label("urbansense").classes("head__name")
            ui.label(word("tagline", language)).classes("head__tagline")
            self._clock = ui.label("").classes("head__clock").props(f'title="{word("times_in", language)} {zone.key}"')
            ui.link("API", "/api/docs").classes("head__link")
            ui.link(word("other_language", language), f"/?lang={other}").classes("head__link")
        with ui.element("section").classes("figures"):
            self._figures = {
                name: Figure(name, language)
                for name in ("devices", "open_events", "accepted", "stored", "rejected", "ledger")
            }

    def show(self, snapshot: CitySnapshot) -> None:
        counts, figures = snapshot.counts, self._figures

        def say(name: str) -> str:
            return word(name, self._language)

        quiet = [f"{_number(counts.silent)} {say('silent')}"]
        if counts.unheard:
            quiet.append(f"{_number(counts.unheard)} {say('unheard')}")
        figures["devices"].show(_number(counts.devices), " · ".join(quiet))
        figures["open_events"].show(_number(counts.open_events), self._severities(snapshot))
        figures["accepted"].show(_number(counts.accepted), say("reports"))
        figures["stored"].show(_number(counts.stored), f"{_number(counts.pending)} {say('pending')}")
        figures["rejected"].show(_number(counts.rejected), _most_rejected(snapshot))
        balance = "balances" if counts.ledger_balances else "does_not_balance"
        doubled = f"{_number(snapshot.ledger.store.duplicate)} {say('duplicate')}"
        figures["ledger"].show(say(balance), doubled, alarming=not counts.ledger_balances)
        self._clock.set_text(self._wall_clock(counts.now_ms))

    def _severities(self, snapshot: CitySnapshot) -> str:
        """`2 critical · 5 major`, worst first, the two worst."""
        told: dict[str, int] = {}
        for event in snapshot.events:
            told[event.severity.value] = told.get(event.severity.value, 0) + 1
        return " · ".join(f"{n} {word(name, self._language)}" for name, n in list(told.items())[:2])

    def _wall_clock(self, now_ms: int | None) -> str:
        if now_ms is None:
            return word("waiting", self._language)
        local = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(self._zone)
        return f"{local:%Y-%m-%d %H:%M:%S} {self._zone.key}"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")


def _most_rejected(snapshot: CitySnapshot) -> str:
    """The commonest reason."""
    rejected = snapshot.ledger.rejected
    return max(rejected, key=lambda reason: rejected[reason]).replace("_", " ") if rejected else ""
