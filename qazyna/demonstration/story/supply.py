"""What an institution buys and uses up: utilities, services, stocks, petrol, food."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from dateutil.relativedelta import relativedelta

from qazyna.demonstration import oblast
from qazyna.demonstration.days import MONTH, days_later, is_term, weeks, working_day
from qazyna.demonstration.desk import Desk, plan_side, priced
from qazyna.demonstration.model import Line, Side


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
    "1319": ("scrap", "149", 60),
}
"""Stocks by account: what they are called, their specific, per cent written off at the end of a month."""

_REST = 700_000
"""So little, tiyn, is not left in store."""


def stocks_used(desk: Desk, month: date) -> None:
    """Stocks written off by acts on the last working day."""
    for account, (what, specific, percent) in _USED.items():
        if stored := desk.stocks[account].tiyn:
            used = stored * desk.luck(month, "used", account).between(percent - 12, percent) // 100
            used = stored if stored - used < _REST else used
            memo = desk.say("used", what=desk.say(what))
            desk.use_stock(working_day(month, 31), "MO-13", memo, account, specific, used)


_PETROL_TIYN = {2022: 18_200, 2023: 19_900, 2024: 20_500, 2025: 22_400, 2026: 23_900}
"""A litre of AI-92; recalled."""

_LITRES = 270
"""A month, per car."""


def petrol(desk: Desk, month: date) -> None:
    """Petrol for the cars: bought in litres, written off by way-bills twice a month."""
    if not desk.who.vehicles:
        return
    luck = desk.luck(month, "petrol")
    litres = luck.vary(desk.who.vehicles * _LITRES, 18)
    price = luck.vary(_PETROL_TIYN[month.year], 2)
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
    """Food comes at the beginning of a week and is eaten by its end, before a school's holidays to the last; each
    supplier is paid once, the month after."""
    if not desk.who.eaters:
        return
    luck, owed, all_year = desk.luck(month, "meals"), dict.fromkeys(_foods(), 0), "all-year" in desk.who.traits
    for week, (first, last) in enumerate(weeks(month)):
        if not (all_year or is_term(first)):
            continue
        days = (last - first).days + 1
        for what, share in _foods().items():
            if what in _FORTNIGHTLY and week % 2:
                continue
            portion = desk.who.eaters * priced(desk.who.meal * 100, month.year) * days * share // 100
            tiyn = luck.vary(portion * (2 if what in _FORTNIGHTLY else 1), 7)
            desk.receive(first, "MO-11", what, "1314", tiyn)
            owed[what] += tiyn
        goes_on = all_year or is_term(first + relativedelta(weeks=1))
        eaten = desk.stocks["1314"].tiyn * (luck.between(74, 92) if goes_on else 100) // 100
        desk.use_stock(last, "MO-12", desk.say("eaten", first=first, last=last), "1314", "141", eaten)
    for what, tiyn in owed.items():
        supplier = desk.supplier(what)
        memo = desk.say("food_paid", month=month, what=desk.say(what), supplier=desk.named(supplier))
        payment = Line(Side("3210", counterparty=supplier.code), desk.plan("141"), tiyn)
        desk.pay(working_day(month + MONTH, luck.between(7, 14)), memo, payment)
