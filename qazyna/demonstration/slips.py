"""What goes wrong: invoices entered a second time, and how it is put right."""

from dataclasses import replace
from datetime import date

from qazyna.demonstration.days import CLOSED_YEARS, OPEN_FROM, days_later, working_day
from qazyna.demonstration.desk import Desk
from qazyna.demonstration.model import Draft, Institution, Side, Slip

_IN_OPEN_MONTHS = ("School-Gymnasium No. 4", "Zhanadala Secondary School")
_FOUND_NEXT_YEAR = {"School No. 17": 2024, "Akim's Office of Besterek rural okrug": 2023}
"""Institutions, by English name, whose slips are told apart from those that chance brings."""


def slips_of(institution: Institution, story: list[Draft]) -> list[Slip]:
    """Invoices that were entered twice: one in most years, some found only after the year was closed."""
    desk = Desk(institution)
    found = [_slip_of_year(desk, year, story) for year in CLOSED_YEARS if desk.luck("slip", year).happens(55)]
    if year := _FOUND_NEXT_YEAR.get(institution.en):
        wrong = _bill(desk, story, date(year, 10, 1), 20)
        reason = desk.say("mistake_reason_of_earlier_year")
        found.append(Slip(wrong, working_day(date(year + 1, 2, 1), 17), reason))
    if institution.en in _IN_OPEN_MONTHS:
        wrong = _bill(desk, story, OPEN_FROM, 5)
        found.append(Slip(wrong, days_later(wrong.on, 5), desk.say("mistake_reason")))
    return found


def _slip_of_year(desk: Desk, year: int, story: list[Draft]) -> Slip:
    luck = desk.luck("slip of", year)
    wrong = _bill(desk, story, date(year, luck.between(2, 9), 1), luck.between(19, 24))
    return Slip(wrong, days_later(wrong.on, luck.between(12, 40)), desk.say("mistake_reason"))


def _bill(desk: Desk, story: list[Draft], month: date, after: int) -> Draft:
    """The internet bill of a month, once more, so many days after its own."""
    owed = Side("3210", counterparty=desk.supplier("internet").code)
    bill = next(draft for draft in story if draft.on >= month and draft.lines[0].credit == owed)
    return replace(bill, on=days_later(bill.on, after))
