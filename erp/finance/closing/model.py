"""The nouns of the close: a step, its proof, what somebody ticked.  Amounts are integer tiyn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from dateutil.relativedelta import relativedelta

from erp.base.dates import MonthSpan, month_string


class Kind(StrEnum):
    """What is closed."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a year, by its first day."""

    kind: Kind
    start: date

    @classmethod
    def month(cls, day: date) -> "Period":
        return cls(Kind.MONTH, day.replace(day=1))

    @classmethod
    def year(cls, year: int) -> "Period":
        return cls(Kind.YEAR, date(year, 1, 1))

    @property
    def span(self) -> MonthSpan:
        last = self.start if self.kind is Kind.MONTH else self.start.replace(month=12)
        return MonthSpan(self.start, last)

    @property
    def end(self) -> date:
        """The first day after it."""
        return self.span.end

    @property
    def last_day(self) -> date:
        return self.span.last_day

    @property
    def before(self) -> "Period":
        return Period(self.kind, self.start - relativedelta(**{f"{self.kind.value}s": 1}))  # type: ignore[arg-type]

    @property
    def of_year(self) -> "Period":
        """The year that it is, or lies in."""
        return Period.year(self.start.year)

    @property
    def key(self) -> str:
        """As addresses and the trail write it: ``2026-03``, ``2026``."""
        return month_string(self.start) if self.kind is Kind.MONTH else str(self.start.year)

    def subject(self, organisation_id: int) -> str:
        return f"closing:{organisation_id}/{self.key}"


class Verdict(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a proof rests on; ``name`` is a message, ``unit`` is tiyn or count."""

    name: str
    value: int
    unit: str = "tiyn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a proof found: what it is, and the page below the organisation's where it is seen."""

    what: str
    """An account, a journal, a document, a person: as books write it."""
    place: str = ""
    tiyn: int | None = None
    names: tuple[str, str, str] | tuple[()] = ()
    """In Kazakh, Russian and English, where ``what`` is a code."""
    was_tiyn: int | None = None
    """Of a comparison: what it was before."""

    def name(self, language: str) -> str:
        return self.names[("kk", "ru", "en").index(language)] if self.names else ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the program computed: whether it holds, the figures, the first of what was found and how much that is."""

    verdict: Verdict
    figures: tuple[Figure, ...] = ()
    findings: tuple[Finding, ...] = ()
    found: int = 0

    @property
    def holds(self) -> bool:
        return self.verdict is Verdict.HOLDS

    @property
    def document(self) -> dict[str, Any]:
        """As it is kept with a tick."""
        return {
            "figures": [{"name": f.name, "value": f.value, "unit": f.unit} for f in self.figures],
            "findings": [
                {"what": f.what, "place": f.place, "tiyn": f.tiyn, "names": list(f.names), "was_tiyn": f.was_tiyn}
                for f in self.findings
            ],
            "found": self.found,
        }

    @classmethod
    def of(cls, verdict: str, kept: Mapping[str, Any]) -> "Proof":
        return cls(
            Verdict(verdict),
            tuple(Figure(**each) for each in kept["figures"]),
            tuple(Finding(**{**each, "names": tuple(each["names"])}) for each in kept["findings"]),
            kept["found"],
        )


@dataclass(frozen=True, slots=True)
class Tick:
    """A step that somebody ticked, with the proof of that moment."""

    id: int
    step: str
    proof: Proof
    known_at: datetime
    reason: str
    actor_id: int
    actor: str
    on_behalf_of: str
    at: datetime
    entries_since: bool
    """Whether an entry of the period was recorded that the proof did not see."""


class Standing(StrEnum):
    OPEN = "open"
    DONE = "done"
    STALE = "stale"
    """Ticked once, but the facts have changed since."""


@dataclass(frozen=True, slots=True)
class StepRule:
    """A step as an institution has it: whose it is, by which day, and whether the period waits for its proof."""

    step: str
    owner: str
    """Role: accountant or chief_accountant."""
    person_id: int | None
    due_on: date
    blocking: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with its proof as it is now, and its last tick."""

    rule: StepRule
    person: str
    """Name of the owner, where it is a person."""
    proof: Proof
    tick: Tick | None
    files: int = 0

    @property
    def standing(self) -> Standing:
        if self.tick is None:
            return Standing.OPEN
        changed = self.tick.entries_since or self.tick.proof != self.proof
        return Standing.STALE if changed else Standing.DONE

    @property
    def is_done(self) -> bool:
        return self.standing is Standing.DONE

    def is_late(self, day: date) -> bool:
        return not self.is_done and day > self.rule.due_on


@dataclass(frozen=True, slots=True)
class Checklist:
    """The close of one period of one organisation.

    ``is_binding`` where a policy lays it down: then nothing closes the month before every step is done.
    """

    organisation_id: int
    period: Period
    state: str
    """Of the month or year: open, restricted, closed."""
    steps: tuple[StepView, ...]
    is_binding: bool

    @property
    def subject(self) -> str:
        return self.period.subject(self.organisation_id)

    @property
    def undone(self) -> tuple[StepView, ...]:
        return tuple(step for step in self.steps if not step.is_done)


@dataclass(frozen=True, slots=True)
class Cell:
    """How a step, or all steps of a month, stand at one institution."""

    done: int = 0
    stale: int = 0
    late: int = 0
    steps: int = 0
    state: str | None = None
    """Of the month; ``None`` where no books are kept for it."""

    @property
    def is_whole(self) -> bool:
        return self.steps > 0 and self.done == self.steps


@dataclass(frozen=True, slots=True)
class MonthOf:
    """What the overview reads of one month of one organisation."""

    organisation_id: int
    month: date
    state: str
    closing: list[dict[str, Any]] | None
    """Steps of its policy; ``None`` where it has none."""
    ticks: Mapping[str, bool] = field(default_factory=dict)
    """By step: whether entries came since."""
