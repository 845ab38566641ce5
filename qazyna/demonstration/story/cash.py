"""Business trips, and money of the institution's own: paid services, gifts."""

from datetime import date

from dateutil.relativedelta import relativedelta

from erp.base.money import allocate
from qazyna.demonstration.days import MONTH, days_later, working_day
from qazyna.demonstration.desk import Desk, priced
from qazyna.demonstration.model import Line, Side
from qazyna.demonstration.payroll import parameters


def trips(desk: Desk, month: date) -> None:
    """Business trips: an advance, the report some days after, what is left comes back or is paid on top."""
    per_diem = int(parameters(month.year)["PER_DIEM_DOMESTIC_MCI"] * parameters(month.year)["MCI"]) * 100
    for no in range(desk.who.trips):
        luck = desk.luck(month, "trip", no)
        if not luck.happens(70):
            continue
        number = luck.between(11, 10 + desk.who.staff_size)
        person, city = desk.traveller(number), luck.pick(desk.say("cities").split())
        paid_on = working_day(month, luck.between(4, 9 if month.month == 12 else 17))
        first = days_later(paid_on, 2)
        days = luck.between(2, 5)
        last = first + relativedelta(days=days - 1)
        reported_on = days_later(last, 3)
        expected = per_diem * days + luck.between(30, 90) * 100_000
        spent = luck.vary(expected, 9) // 100 * 100
        traveller, left = Side("1261", person=f"{number:04d}"), expected - spent
        cost = desk.expense("7070", "161")
        advance = desk.say("trip_advance", person=person, city=city, first=first, last=last)
        desk.pay(paid_on, advance, Line(traveller, desk.plan("161"), expected))
        report = desk.say("trip_report", person=person, city=city)
        desk.write(reported_on, "MO-08", report, Line(cost, traveller, min(spent, expected)), series="report")
        if left > 0:
            back = Line(desk.plan("161"), traveller, left)
            desk.write(days_later(reported_on, 1), "MO-02", desk.say("trip_returned", person=person), back)
        if left < 0:
            owed = Side("3242", person=f"{number:04d}")
            desk.write(reported_on, "MO-08", desk.say("trip_overspent", person=person), Line(cost, owed, -left))
            settled = Line(owed, desk.plan("161"), -left)
            desk.pay(days_later(reported_on, 4), desk.say("trip_settled", person=person), settled)


# ------------------------------------------------------------------------------------------------ own money

_OWN_MONEY = Side("1042")
_VISITORS = Side("1232")
_INCOME = Side("6110")
_CLOSED_IN_SUMMER = {"courses", "hall"}


def own_services(desk: Desk, month: date) -> None:
    """Paid services: a hall for a club, lessons and child care for parents, tickets for visitors."""
    for what, tenge in desk.who.own.items():
        if what in _CLOSED_IN_SUMMER and month.month in (6, 7, 8):
            continue
        luck = desk.luck(month, what)
        tiyn = luck.vary(priced(tenge * 100, month.year), 8)
        {"hall": _hall, "tickets": _tickets}.get(what, _parents)(desk, month, what, tiyn)


def _hall(desk: Desk, month: date, what: str, tiyn: int) -> None:
    """The tenant is billed at the end of the month and pays in the next one."""
    tenant = desk.supplier("tenant")
    owes = Side("1231", counterparty=tenant.code)
    text = f"{desk.say(what)}, {desk.named(tenant)}"
    memo = desk.say("rendered", month=month, what=text)
    desk.write(working_day(month, 31), "MO-04", memo, Line(owes, _INCOME, tiyn), series="bill")
    _take_in(desk, working_day(month + MONTH, 11), text, Line(_OWN_MONEY, owes, tiyn))


def _parents(desk: Desk, month: date, what: str, tiyn: int) -> None:
    """Parents are charged at the beginning of the month and pay through it; some fall behind."""
    luck = desk.luck(month, what, "paid")
    memo = desk.say("rendered", month=month, what=desk.say(what))
    journal = "MO-15" if what == "parents" else "MO-14"
    desk.write(working_day(month, 2), journal, memo, Line(_VISITORS, _INCOME, tiyn), series="bill")
    desk.arrears[what] += tiyn
    paying = desk.arrears[what] * luck.between(92, 99) // 100
    desk.arrears[what] -= paying
    for day, paid in zip((5, 11, 18, 26), allocate(paying, (24, 41, 22, 13)), strict=True):
        _take_in(desk, working_day(month, day), desk.say(what), Line(_OWN_MONEY, _VISITORS, paid))


def _tickets(desk: Desk, month: date, what: str, tiyn: int) -> None:
    """Visitors pay at the cash office, and the cash goes to the control account the next working day."""
    for day, sold in zip((6, 13, 20), allocate(tiyn, (30, 45, 25)), strict=True):
        on, sold = working_day(month, day), sold // 50_000 * 50_000  # a ticket costs 500 tenge
        desk.write(on, "MO-14", desk.say("rendered", month=month, what=desk.say(what)), Line(_VISITORS, _INCOME, sold))
        memo = desk.say("cash_received", what=desk.say(what))
        desk.write(on, "MO-01", memo, Line(Side("1010"), _VISITORS, sold), series="cash in")
        deposited_on = days_later(on, 1)
        deposit = Line(_OWN_MONEY, Side("1010"), sold)
        desk.write(deposited_on, "MO-01", desk.say("cash_deposited"), deposit, series="cash out")
        desk.own[deposited_on.replace(day=1)] += sold


def _take_in(desk: Desk, on: date, what: str, line: Line) -> None:
    desk.own[on.replace(day=1)] += line.tiyn
    desk.write(on, "MO-03", desk.say("received", what=what), line)


def own_spending(desk: Desk, month: date) -> None:
    """Most of what came in last month is spent on materials and on upkeep."""
    came = desk.own[month - MONTH]
    materials, upkeep = came * 53 // 100, came * 45 // 100
    if not came:
        return
    on, paid_on = working_day(month, 14), days_later(working_day(month, 14), 5)
    owed = desk.receive(on, "MO-06", "stationery", "1316", materials)
    supplier, number = desk.supplier("stationery"), desk.paper_number(on, "stationery")
    memo = desk.say("delivery_paid", what=desk.say("stationery"), supplier=desk.named(supplier), number=number)
    desk.write(paid_on, "MO-03", memo, Line(owed, _OWN_MONEY, materials), series="payment")

    supplier, number = desk.supplier("repair"), desk.paper_number(on, "upkeep")
    owes = Side("3210", counterparty=supplier.code)
    texts = {"what": desk.say("repair"), "supplier": desk.named(supplier), "number": number}
    accrual = Line(desk.expense("7140", "159"), owes, upkeep)
    desk.write(on, "MO-06", desk.say("billed", month=month, **texts), accrual, number=number)
    payment = Line(owes, _OWN_MONEY, upkeep)
    desk.write(paid_on, "MO-03", desk.say("bill_paid", **texts), payment, series="payment")


def sponsorship(desk: Desk, month: date) -> None:
    """A sponsor's gift before Nauryz and before the autumn, spent on the event within the month."""
    if "sponsored" not in desk.who.traits or month.month not in (3, 9):
        return
    tiyn = desk.luck(month, "sponsor").between(6, 24) * 10_000_000
    sponsor, organiser = desk.supplier("sponsor"), desk.supplier("events")
    gift, owed = Side("1041"), Side("3210", counterparty=organiser.code)
    memo = desk.say("sponsored", supplier=desk.named(sponsor))
    income = Side("6050", counterparty=sponsor.code)
    desk.write(working_day(month, 5), "MO-03", memo, Line(gift, income, tiyn))
    on, number = working_day(month, 17), desk.paper_number(month, "gift")
    texts = {"what": desk.say("events"), "supplier": desk.named(organiser), "number": number}
    accrual = Line(desk.expense("7140", "159"), owed, tiyn)
    desk.write(on, "MO-06", desk.say("billed", month=month, **texts), accrual, number=number)
    payment = Line(owed, gift, tiyn)
    desk.write(days_later(on, 4), "MO-03", desk.say("bill_paid", **texts), payment, series="payment")
