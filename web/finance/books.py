"""What the address of a report asks for: the months, a day, an instant, whether closing entries count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.problems import status_of
from api.security import Visit
from erp.base.clock import today
from erp.base.dates import DaySpan, MonthSpan, day_string, month_string
from erp.base.errors import RuleViolated
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.finance.journal import service
from erp.finance.journal.model import Month
from erp.finance.journal.turnovers import Cut
from erp.finance.policy import service as policies
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.finance.months import asked_day, asked_span, choices, parse_instant, year_to
from web.i18n import UNITS, moment, money_in, speech
from web.pages import organisation_at
from web.tables.download import about
from web.tables.model import About

Known = tuple[datetime | None, Refusal | None]


def known_at(visit: Visit, text: str) -> Known:
    """The instant typed, once what was known then is settled; with the fault where there is no such."""
    if not text:
        return None, None
    try:
        instant = parse_instant(text)
        visit.run(lambda uow: service.make_known(uow, instant))
        return instant, None
    except (RuleViolated, LedgerError) as fault:
        return None, fault


@dataclass(frozen=True)
class Books:
    """What every report begins with; ``fault`` is why it shows the usual instead of what was asked."""

    organisation: Organisation
    months: list[Month]
    span: MonthSpan
    days: DaySpan | None
    closing: bool
    known_at: datetime | None
    asked: Mapping[str, str]
    fault: Refusal | None
    usual_unit: str = "tiyn"
    """In which the organisation's policy has reports open."""

    @classmethod
    def read(
        cls, uow: UnitOfWork, organisation_id: int, query: Mapping[str, str], known: Known = (None, None)
    ) -> "Books":
        last = service.last_month_posted(uow, organisation_id) or today()
        span, fault = asked_span(query, year_to(last))
        days, misread = asked_day(query, span)
        instant, unknown = known
        closing = query.get("closing") != "without"
        months = service.months(uow, organisation_id)
        policy = policies.in_force(uow, organisation_id, span.last_day)
        return cls(
            organisation_at(uow),
            months,
            span,
            days,
            closing,
            instant,
            query,
            fault or misread or unknown,
            policy.content.reports if policy else "tiyn",
        )

    def required(self) -> "Books":
        """These books, for a file, which has no place to say what it shows the usual for.  Raises: that fault."""
        if self.fault:
            raise self.fault
        return self

    @property
    def whole(self) -> MonthSpan | DaySpan:
        """The days that count."""
        return self.days or self.span

    @property
    def address(self) -> dict[str, str]:
        """The months as an address says them."""
        return {"from": month_string(self.span.first), "to": month_string(self.span.last)}

    @property
    def period(self) -> dict[str, str]:
        """All that says what counts, as an address says it."""
        return self.address | {n: self.asked[n] for n in ("day", "closing", "known", "unit") if self.asked.get(n)}

    def cut(self, uow: UnitOfWork) -> Cut:
        """Raises: NotSealedYet of ``ledger.errors``."""
        return service.cut_of(uow, self.whole, self.closing, self.known_at)

    def span_name(self, language: Language) -> str:
        say = speech(language)
        months = say.months(self.span.first, self.span.last)
        return f"{months}, {say('as of {day}', day=day_string(self.days.last))}" if self.days else months

    def shown(self, language: Language) -> dict[str, Any]:
        """What the templates of all reports begin with."""
        return {
            "organisation": self.organisation,
            "section": "reports",
            "status": status_of(self.fault) if self.fault else 200,
            "faults": fault_sheet(self.fault, language).summary,
            "span": self.span,
            "span_name": speech(language).months(self.span.first, self.span.last),
            "days": self.days,
            "closing": self.closing,
            "known_at": self.known_at,
            "asked": self.asked,
            "month_choices": choices(self.months, self.span),
        }

    def units(self, language: Language) -> dict[str, Any]:
        """How a report writes its figures: as asked, or as the policy has it.  Files and entries stay exact."""
        say, asked = speech(language), self.asked.get("unit", "")
        unit = asked if asked in UNITS else self.usual_unit
        written = money_in(unit)
        return {
            "unit": unit,
            "unit_name": say(UNITS[unit]),
            "unit_choices": [(each, say(name)) for each, name in UNITS.items()],
            "money": written,
            "money_or_blank": lambda tiyn: written(tiyn) if tiyn else "",
        }

    def about(self, visit: Visit, name: str, *facts: tuple[str, str]) -> About:
        """What a file of a report says of itself; ``name`` is the report's, as an address writes it."""
        say = speech(visit.language)
        told = [(say("Period"), self.span_name(visit.language)), *facts]
        if not self.closing:
            told.append(("", say("Without the closing entries of the year")))
        if self.known_at:
            told.append((say("As known at"), moment(self.known_at)))
        last = day_string(self.days.last) if self.days else month_string(self.span.last)
        file_name = f"{name}-{self.organisation.code}-{month_string(self.span.first)}-{last}"
        return about(visit, self.organisation, file_name, *told)
