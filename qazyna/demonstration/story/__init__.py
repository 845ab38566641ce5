"""What happens in an institution in a month: small rules, each for one side of its life.

A rule writes its entries and the payments that follow, also those of the next month.  Chance is seeded by
institution, month and rule, so a new rule leaves the others' figures alone.
"""

from datetime import date

from qazyna.demonstration.desk import Desk
from qazyna.demonstration.story import belongings, cash, late, pay, supply, works

_RULES = (
    pay.payroll,
    supply.bills,
    late.bill_after_close,
    late.reconciled,
    late.late_bill,
    supply.goods,
    supply.petrol,
    supply.meals,
    cash.own_services,
    cash.own_spending,
    cash.sponsorship,
    supply.stocks_used,
    cash.trips,
    belongings.equipment,
    belongings.cars,
    belongings.inventory,
    belongings.disposals,
    works.subventions,
    works.road_repair,
    belongings.depreciation,
)
"""In the order in which they happen."""


def tell(desk: Desk, month: date) -> None:
    """Let a month happen."""
    for rule in _RULES:
        rule(desk, month)
