"""What happens in an institution in a month: small rules, each for one side of its life.

A rule writes its entries and the payments that follow, also those of the next month.  Chance is seeded by
institution, month and rule, so a new rule leaves the others' figures alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from functools import cache

from dateutil.relativedelta import relativedelta

from erp.base.money import allocate
from qazyna.demonstration import oblast
from qazyna.demonstration.days import days_later, last_day, weeks, working_day
from qazyna.demonstration.desk import Desk, plan_side, priced
from qazyna.demonstration.model import Asset, Line, Side
from qazyna.demonstration.payroll import Payslip, parameters, payslip

_MONTH = relativedelta(months=1)


def tell(desk: Desk, month: date) -> None:
    """Let a month happen."""
    for rule in (
        payroll, bills, goods, petrol, meals, own_services, own_spending, sponsorship, stocks_used, trips, equipment,
        inventory, emissions, subventions, road_repair, depreciation,
    ):  # fmt: skip
        rule(desk, month)


# ------------------------------------------------------------------------------------------------ payroll

_RAISE = {
    2024: {"technical": 97, "": 93},
    2025: {"": 100},
    2026: {"civil": 116, "technical": 104, "": 107},
}
"""Pay in per cent of that of 2025; 116 for civil servants was announced, the rest is invented."""

_TEACHING = {"teachers", "educators", "coaches"}
_SUMMER_LEAVE = {6: 55, 7: 100, 8: 40}
"""Per cent of a teacher's summer months that are leave."""

_WITHHELD = {"iit": "3121", "opv": "3142", "vosms": "3143", "writs": "3145", "union": "3146"}
_CHARGED = {
    "social_tax": ("7040", "3122", "121"),
    "so": ("7040", "3141", "122"),
    "oosms": ("7040", "3143", "124"),
    "opvr": ("7030", "3144", "116"),
}


@dataclass(slots=True)
class Sheet:
    """Sums of a pay sheet, one category of staff; tiyn."""

    wages: int = 0
    leave: int = 0
    allowance: int = 0
    iit: int = 0
    opv: int = 0
    vosms: int = 0
    writs: int = 0
    union: int = 0
    social_tax: int = 0
    so: int = 0
    oosms: int = 0
    opvr: int = 0

    def add(self, slip: Payslip) -> None:
        for name in ("iit", "opv", "vosms", "social_tax", "so", "oosms", "opvr"):
            setattr(self, name, getattr(self, name) + getattr(slip, name))

    @property
    def gross(self) -> int:
        return self.wages + self.leave + self.allowance

    @property
    def net(self) -> int:
        return self.gross - self.iit - self.opv - self.vosms - self.writs - self.union


def payroll(desk: Desk, month: date) -> None:
    """Wages, what is withheld and what the employer adds; paid within the month or after it, taxes the month after.

    December is paid in December: the plan of the year lapses with it.
    """
    december = month.month == 12
    accrued_on = working_day(month, 19 if december else 25)
    sheets = pay_sheets(desk, month)
    wages_due = Side("3241")
    for category, sheet in sheets.items():
        texts = {"month": month, "category": desk.say(category)}
        for what, specific in (("wages", "111"), ("leave", "111"), ("allowance", "113")):
            accrual = Line(desk.expense("7010", specific), wages_due, getattr(sheet, what))
            desk.write(accrued_on, "MO-05", desk.say(what, **texts), accrual, series="sheet")

    total = Sheet(*(sum(getattr(s, f.name) for s in sheets.values()) for f in fields(Sheet)))
    withheld = (
        Line(wages_due, Side(account), getattr(total, what), desk.say(what)) for what, account in _WITHHELD.items()
    )
    desk.write(accrued_on, "MO-05", desk.say("withheld", month=month), *withheld, series="sheet")
    for what, (expense, payable, specific) in _CHARGED.items():
        line = Line(desk.expense(expense, specific), Side(payable), getattr(total, what))
        desk.write(accrued_on, "MO-05", desk.say("charged", month=month, what=desk.say(what)), line, series="sheet")

    next_month = month + _MONTH
    later = desk.pays_next_month and not december
    paid_on = working_day(next_month, 4) if later else days_later(accrued_on, 2)
    banks = ("bank_a", "bank_b")
    by_bank = zip(allocate(total.net - total.allowance, (7, 3)), allocate(total.allowance, (7, 3)), strict=True)
    for bank, (wages, allowance) in zip(banks, by_bank, strict=True):
        desk.pay(
            paid_on,
            desk.say("wages_paid", month=month, bank=desk.say(bank)),
            Line(wages_due, desk.plan("111"), wages),
            Line(wages_due, desk.plan("113"), allowance),
        )
    tax_day = desk.luck(month, "taxes").between(10, 19)
    taxes_on = working_day(month, 26) if december else working_day(next_month, tax_day)
    for what, account in _WITHHELD.items():
        memo = desk.say("transferred", month=month, what=desk.say(what))
        on = paid_on if what in ("writs", "union") else taxes_on
        desk.pay(on, memo, Line(Side(account), desk.plan("111"), getattr(total, what)))
    for what, (_, payable, specific) in _CHARGED.items():
        memo = desk.say("transferred", month=month, what=desk.say(what))
        desk.pay(taxes_on, memo, Line(Side(payable), desk.plan(specific), getattr(total, what)))


def pay_sheets(desk: Desk, month: date) -> dict[str, Sheet]:
    """Pay sheets of the month by category of staff."""
    luck = desk.luck(month, "payroll")
    sheets = {category: Sheet() for category in desk.who.staff}
    for worker in desk.workers:
        raises = _RAISE[month.year]
        pay = worker.pay_tiyn * raises.get(worker.category, raises[""]) // 100
        earned = luck.vary(pay, 5)
        leave_month = 6 if worker.category in _TEACHING else worker.leave_month
        if worker.category in _TEACHING:
            leave = earned * _SUMMER_LEAVE.get(month.month, 0) // 100
        else:
            leave = earned * 85 // 100 if month.month == leave_month else 0
        allowance = pay * (2 if worker.category == "civil" else 1) if month.month == leave_month else 0
        slip = payslip(earned + allowance, month.year, born_since_1975=worker.born_since_1975)
        sheet = sheets[worker.category]
        sheet.wages += earned - leave
        sheet.leave += leave
        sheet.allowance += allowance
        sheet.add(slip)
        sheet.writs += slip.net // 4 if worker.pays_alimony else 0
        sheet.union += slip.gross // 100 if worker.in_union else 0
    return sheets


# ------------------------------------------------------------------------------------------------ purchases


@dataclass(frozen=True, slots=True)
class Purchase:
    """A row of ``bills.csv`` or ``goods.csv``: what is bought, how much of it, when it comes and when it is paid.

    ``tiyn`` is the price of 2025 per square metre, pupil …; ``season`` per cent of it by month, 0 for none.
    """

    what: str
    account: str
    owed: str
    specific: str
    only: str
    per: str
    tiyn: int
    spread: int
    day: int
    pay_after: int
    season: tuple[int, ...]

    def concerns(self, desk: Desk) -> bool:
        return not self.only or self.only in desk.who.traits or self.only in desk.who.works

    def price(self, desk: Desk, month: date) -> int:
        whole = desk.who.measure(self.per) * priced(self.tiyn, month.year) * self.season[month.month - 1] // 100
        return desk.luck(month, self.what).vary(whole, self.spread)


@cache
def _purchases(name: str) -> tuple[Purchase, ...]:
    return tuple(
        Purchase(
            r["what"], r["account"], r.get("owed", "3210"), r["specific"], r["only"], r["per"], int(r["tiyn"]),
            int(r["spread"]), int(r["day"]), int(r["pay_after"]), tuple(map(int, r["season"].split())),
        )
        for r in oblast.rows(name)
    )  # fmt: skip


def _wanted(desk: Desk, month: date, name: str) -> Iterator[tuple[Purchase, int]]:
    for purchase in _purchases(name):
        if purchase.concerns(desk) and (tiyn := purchase.price(desk, month)):
            yield purchase, tiyn


def bills(desk: Desk, month: date) -> None:
    """Utilities, communication, services, repair: an invoice, and its payment a week or two later."""
    for bill, tiyn in _wanted(desk, month, "bills"):
        on, supplier = working_day(month, bill.day), desk.supplier(bill.what)
        programme = desk.who.works.get(bill.what, desk.who.programme)
        owed = Side(bill.owed, counterparty=supplier.code)
        number = desk.paper_number(on, bill.what)
        texts = {"what": desk.say(bill.what), "supplier": desk.named(supplier), "number": number}
        expense = Side(bill.account, programme, bill.specific)
        desk.write(on, "MO-06", desk.say("billed", month=month, **texts), Line(expense, owed, tiyn), number=number)
        payment = Line(owed, plan_side(programme, bill.specific), tiyn)
        desk.pay(days_later(on, bill.pay_after), desk.say("bill_paid", **texts), payment)


def goods(desk: Desk, month: date) -> None:
    """Stationery, cleaning, teaching materials, medicines …"""
    for buy, tiyn in _wanted(desk, month, "goods"):
        desk.buy_stock(working_day(month, buy.day), buy.what, buy.account, buy.specific, tiyn, buy.pay_after)


_USED = {
    "1311": ("building", "149", 94),
    "1312": ("teaching", "149", 60),
    "1313": ("medicines", "142", 55),
    "1316": ("household", "149", 88),
    "1317": ("sportswear", "143", 70),
    "1318": ("parts", "149", 85),
}
"""Stocks by account: what they are called, their specific, per cent written off at the end of a month."""


def stocks_used(desk: Desk, month: date) -> None:
    """Stocks written off by acts on the last working day."""
    for account, (what, specific, percent) in _USED.items():
        if desk.stocks[account].tiyn:
            used = desk.stocks[account].tiyn * desk.luck(month, "used", account).between(percent - 12, percent) // 100
            memo = desk.say("used", what=desk.say(what))
            desk.use_stock(working_day(month, 31), "MO-13", memo, account, specific, used)


_PETROL_TIYN, _LITRES = 21_900, 270


def petrol(desk: Desk, month: date) -> None:
    """Petrol for the cars: bought in litres, written off by way-bills twice a month."""
    if not desk.who.vehicles:
        return
    luck = desk.luck(month, "petrol")
    litres = luck.vary(desk.who.vehicles * _LITRES, 18)
    price = luck.vary(priced(_PETROL_TIYN, month.year), 2)
    desk.buy_stock(working_day(month, 3), "petrol", "1315", "144", litres * price, 8, litres=litres)
    stock = desk.stocks["1315"]
    for day, low, high in ((16, 42, 50), (31, 80, 96)):
        driven = stock.litres * luck.between(low, high) // 100
        memo = desk.say("driven", litres=driven)
        cost = stock.tiyn * driven // stock.litres
        desk.use_stock(working_day(month, day), "MO-13", memo, "1315", "144", cost, litres=driven)


@cache
def _foods() -> dict[str, int]:
    return {r["what"]: int(r["share"]) for r in oblast.rows("foods")}


_FORTNIGHTLY = {"groceries", "vegetables"}


def meals(desk: Desk, month: date) -> None:
    """Food comes at the beginning of a week and is eaten by its end; each supplier is paid once, the month after."""
    holidays = not {"all-year"} & desk.who.traits and month.month in (6, 7, 8)
    if not desk.who.eaters or holidays:
        return
    luck, owed = desk.luck(month, "meals"), dict.fromkeys(_foods(), 0)
    for week, (first, last) in enumerate(weeks(month)):
        days = (last - first).days + 1
        for what, share in _foods().items():
            if what in _FORTNIGHTLY and week % 2:
                continue
            portion = desk.who.eaters * priced(desk.who.meal * 100, month.year) * days * share // 100
            tiyn = luck.vary(portion * (2 if what in _FORTNIGHTLY else 1), 7)
            desk.receive(first, "MO-11", what, "1314", tiyn)
            owed[what] += tiyn
        eaten = desk.stocks["1314"].tiyn * luck.between(74, 92) // 100
        desk.use_stock(last, "MO-12", desk.say("eaten", first=first, last=last), "1314", "141", eaten)
    for what, tiyn in owed.items():
        supplier = desk.supplier(what)
        memo = desk.say("food_paid", month=month, what=desk.say(what), supplier=desk.named(supplier))
        payment = Line(Side("3210", counterparty=supplier.code), desk.plan("141"), tiyn)
        desk.pay(working_day(month + _MONTH, luck.between(7, 14)), memo, payment)


def equipment(desk: Desk, month: date) -> None:
    """A few long-term assets a year, in the months of ``equipment.csv``."""
    for r in oblast.rows("equipment"):
        if str(month.month) not in r["months"].split() or (r["only"] and r["only"] not in desk.who.traits):
            continue
        luck, what, on = desk.luck(month, r["what"]), r["what"], working_day(month, 13)
        units = max(1, desk.who.staff_size // int(r["every"]))
        tiyn = units * luck.vary(priced(int(r["price_tiyn"]), month.year), 9)
        supplier, number = desk.supplier(what), desk.paper_number(on, what)
        texts = {"what": desk.say(what), "supplier": desk.named(supplier), "number": number}
        owed = Side("3210", counterparty=supplier.code)
        desk.write(on, "MO-06", desk.say("bought", **texts), Line(Side(r["account"]), owed, tiyn), number=number)
        payment = Line(owed, desk.plan(r["specific"]), tiyn)
        desk.pay(days_later(on, luck.between(6, 15)), desk.say("delivery_paid", **texts), payment)
        desk.assets.append(Asset(r["account"], tiyn, int(r["life_years"]) * 12, month))


# ------------------------------------------------------------------------------------------------ assets


def depreciation(desk: Desk, month: date) -> None:
    """Straight-line, by groups of assets, from the month after they came."""
    charges: dict[str, int] = {}
    for asset in desk.assets:
        charge = asset.worn_tiyn(month) - asset.worn_tiyn(month - _MONTH) if asset.since < month else 0
        charges[asset.account] = charges.get(asset.account, 0) + charge
    lines = [
        Line(Side("7110", desk.who.programme), worn_side(account), charge, desk.say(account))
        for account, charge in sorted(charges.items())
        if charge
    ]
    desk.write(last_day(month), "MO-16", desk.say("depreciation", month=month), *lines, series="memo")


def worn_side(account: str) -> Side:
    """Where depreciation of an account gathers: 2391 for fixed, 2721 for intangible assets."""
    return Side("2721" if account.startswith("27") else "2391")


def inventory(desk: Desk, month: date) -> None:
    """The count of October: small surpluses; in November worn-out inventory goes by an act."""
    luck = desk.luck(month, "inventory")
    if month.month == 10 and luck.happens(40):
        surplus = luck.between(1_200_000, 6_800_000)
        desk.stocks["1316"].tiyn += surplus
        memo = desk.say("surplus", what=desk.say("household"))
        desk.write(last_day(month), "MO-16", memo, Line(Side("1316"), Side("6360"), surplus), series="memo")
    old = next((a for a in desk.assets if a.account == "2370"), None)
    if month.month == 11 and old:
        cost = luck.vary(old.cost_tiyn * 2 // 100, 45)
        memo = desk.say("worn_out", what=desk.say("2370"))
        on = working_day(month, 18)
        desk.write(on, "MO-09", memo, Line(worn_side("2370"), Side("2370"), cost), series="act")


# ------------------------------------------------------------------------------------------------ trips, taxes


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


def emissions(desk: Desk, month: date) -> None:
    """Charge for emissions of cars and boilers, once a quarter."""
    if month.month % 3 or not desk.who.vehicles:
        return
    tiyn = desk.luck(month, "emissions").vary(desk.who.vehicles * priced(460_000, month.year), 20)
    what, owed = desk.say("emissions"), Side("3124")
    memo = desk.say("charged", month=month, what=what)
    accrual = Line(desk.expense("7050", "169"), owed, tiyn)
    desk.write(last_day(month), "MO-16", memo, accrual, series="memo")
    paid_on = working_day(month + _MONTH, 22)
    desk.pay(paid_on, desk.say("transferred", month=month, what=what), Line(owed, desk.plan("169"), tiyn))


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
    _take_in(desk, working_day(month + _MONTH, 11), text, Line(_OWN_MONEY, owes, tiyn))


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
    came = desk.own[month - _MONTH]
    materials, upkeep = came * 46 // 100, came * 38 // 100
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
    accrual = Line(desk.expense("7105", "159"), owes, upkeep)
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


# ------------------------------------------------------------------------------------------------ budgets and roads

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
