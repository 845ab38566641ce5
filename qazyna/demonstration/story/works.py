"""What some bodies do besides: transfers to districts, roads."""

from datetime import date

from erp.base.money import allocate
from qazyna.demonstration.days import days_later, working_day
from qazyna.demonstration.desk import Desk, plan_side, priced
from qazyna.demonstration.model import Asset, Line, Side

_SUBVENTIONS = {"subvention_z": 41_263_400_000, "subvention_k": 43_897_100_000}
"""Tiyn a month in 2025."""


def subventions(desk: Desk, month: date) -> None:
    """The oblast's transfers to its districts: spent when sent."""
    programme = desk.who.works.get("subventions")
    if programme is None:
        return
    for what, tiyn in _SUBVENTIONS.items():
        receiver = desk.supplier(what)
        expense = Side("7210", programme, "331", receiver.code)
        memo = desk.say("subvention", month=month, supplier=desk.named(receiver))
        transfer = Line(expense, plan_side(programme, "331"), priced(tiyn, month.year))
        desk.pay(working_day(month, 9), memo, transfer)


_ROAD_TIYN = 1_258_000
"""Repair of a district's road in 2025, per inhabitant."""


def road_repair(desk: Desk, month: date) -> None:
    """One road a year: 30 per cent in advance in May, works by stages, the road open in October."""
    programme = desk.who.works.get("road_repair")
    if programme is None or month.month not in range(5, 11):
        return
    contract = desk.luck(month.year, "road").vary(desk.who.inhabitants * priced(_ROAD_TIYN, month.year), 6)
    stages = allocate(contract, (22, 28, 27, 23))
    advances = allocate(contract * 30 // 100, stages)
    firm = desk.supplier("road_repair")
    advance = Side("1410", programme, "422", firm.code)
    works = Side("2411", programme, "422", firm.code)
    owed, plan = Side("3210", counterparty=firm.code), plan_side(programme, "422")
    texts = {"what": desk.say("road_repair"), "supplier": desk.named(firm), "number": str(month.month - 5)}
    if month.month == 5:
        desk.pay(working_day(month, 15), desk.say("road_advance", **texts), Line(advance, plan, sum(advances)))
    elif month.month == 10:
        on = working_day(month, 21)
        desk.write(on, "MO-09", desk.say("road_open", **texts), Line(Side("2330"), works, contract), series="act")
        desk.assets.append(Asset("2330", contract, 120, month))
    else:
        stage, offset = stages[month.month - 6], advances[month.month - 6]
        on = working_day(month, 24)
        number = texts["number"]
        desk.write(on, "MO-06", desk.say("road_stage", **texts), Line(works, owed, stage), number=number)
        desk.write(on, "MO-06", desk.say("road_offset", **texts), Line(owed, advance, offset), number=number)
        desk.pay(days_later(on, 10), desk.say("road_paid", **texts), Line(owed, plan, stage - offset))
