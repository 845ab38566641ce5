"""An accountant's desk: the entries written so far, and what later months must know of earlier ones."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from qazyna.demonstration import oblast
from qazyna.demonstration.days import MONTH, days_later
from qazyna.demonstration.luck import Luck
from qazyna.demonstration.model import Asset, Draft, Institution, Line, Side, Stage, Stock, Supplier

PRICES = {2022: 72, 2023: 83, 2024: 90, 2025: 100, 2026: 111}
"""Prices in per cent of those of 2025, by the consumer price index: 14.7 % in 2023, 8.7 % in 2024; later recalled."""

PLANS = {"1091": "6010", "1092": "6020", "1094": "6030", "1095": "6040"}
"""Plan assignments of a local budget and the revenue that they are recognised as (typical entries 1 to 4)."""

_PLAN_OF_SPECIFIC = {"311": "1095", "331": "1094"}


def plan_side(programme: str, specific: str) -> Side:
    """The plan assignment that a payment is made from: capital spending (class 400) apart, transfers apart."""
    return Side(_PLAN_OF_SPECIFIC.get(specific, "1092" if specific[0] == "4" else "1091"), programme, specific)


@dataclass(frozen=True, slots=True)
class Worker:
    """A person on the payroll; pay is that of 2025, tiyn."""

    category: str
    pay_tiyn: int
    born_since_1975: bool
    in_union: bool
    pays_alimony: bool
    leave_month: int


class Desk:
    def __init__(self, institution: Institution) -> None:
        self.who = institution
        self.drafts: list[Draft] = []
        self.assets: list[Asset] = []
        self.stocks: defaultdict[str, Stock] = defaultdict(Stock)
        self.arrears: defaultdict[str, int] = defaultdict(int)  # what visitors and parents still owe, by service
        self.own: defaultdict[date, int] = defaultdict(int)  # own money that came in, by month

    def say(self, key: str, **fields: object) -> str:
        return oblast.say(self.who.language, key, **fields)

    def luck(self, *seed: object) -> Luck:
        return Luck(self.who.code, *seed)

    def supplier(self, what: str) -> Supplier:
        return oblast.supplier_of(what, self.who.place)

    def named(self, supplier: Supplier) -> str:
        return supplier.names[self.who.language]

    def expense(self, account: str, specific: str) -> Side:
        return Side(account, self.who.programme, specific)

    def plan(self, specific: str) -> Side:
        return plan_side(self.who.programme, specific)

    def write(
        self,
        on: date,
        journal: str,
        memo: str,
        *lines: Line,
        series: str = "",
        number: str = "",
        stage: Stage = Stage.STORY,
    ) -> None:
        """Put down an entry; lines of nothing are left out."""
        real = tuple(line for line in lines if line.tiyn)
        if real:
            self.drafts.append(Draft(on, journal, memo, real, series=series, number=number, stage=stage))

    def pay(self, on: date, memo: str, *lines: Line) -> None:
        """Pay from the plan by an invoice for payment."""
        self.write(on, "MO-02", memo, *lines, series="payment")

    def receive(self, on: date, journal: str, what: str, account: str, tiyn: int, *, litres: int = 0) -> Side:
        """Take stocks in against the supplier's delivery note; returns the debt, still to be paid."""
        supplier, number = self.supplier(what), self.paper_number(on, what)
        owed = Side("3210", counterparty=supplier.code)
        self.stocks[account].tiyn += tiyn
        self.stocks[account].litres += litres
        memo = self.say("delivered", what=self.say(what), supplier=self.named(supplier), number=number)
        self.write(on, journal, memo, Line(Side(account), owed, tiyn, None, litres or None), number=number)
        return owed

    def buy_stock(
        self, on: date, what: str, account: str, specific: str, tiyn: int, pay_after: int, *, litres: int = 0
    ) -> None:
        """Take stocks in and pay for them some days later."""
        supplier, number = self.supplier(what), self.paper_number(on, what)
        owed = self.receive(on, "MO-06", what, account, tiyn, litres=litres)
        memo = self.say("delivery_paid", what=self.say(what), supplier=self.named(supplier), number=number)
        self.pay(days_later(on, pay_after), memo, Line(owed, self.plan(specific), tiyn))

    def use_stock(
        self, on: date, journal: str, memo: str, account: str, specific: str, tiyn: int, *, litres: int = 0
    ) -> None:
        """Write stocks off to expenses; at most what is there."""
        stock = self.stocks[account]
        stock.tiyn -= tiyn
        stock.litres -= litres
        assert stock.tiyn >= 0
        assert stock.litres >= 0
        line = Line(self.expense("7060", specific), Side(account), tiyn, None, None, litres or None)
        self.write(on, journal, memo, line, series="act")

    def give_up(self, asset: Asset, cost_tiyn: int, month: date) -> int:
        """Take a part of an asset, by cost, out of the books; returns its depreciation up to the month before."""
        left, before = replace(asset, cost_tiyn=asset.cost_tiyn - cost_tiyn), month - MONTH
        self.assets[self.assets.index(asset)] = left
        if not left.cost_tiyn:
            self.assets.remove(left)
        return asset.worn_tiyn(before) - left.worn_tiyn(before)

    def paper_number(self, on: date, what: str) -> str:
        """Number of a supplier's paper."""
        return str(self.luck("paper", on, what).between(100, 4800))

    @cached_property
    def pays_next_month(self) -> bool:
        """Every third institution pays wages in the first days of the next month."""
        return self.luck("pay day").happens(33)

    @cached_property
    def workers(self) -> tuple[Worker, ...]:
        luck = self.luck("staff")
        return tuple(
            Worker(
                category,
                luck.vary(thousand_tenge * 100_000, 24),
                luck.happens(66),
                luck.happens(78),
                luck.happens(2),
                luck.between(3, 10),
            )
            for category, (persons, thousand_tenge) in self.who.staff.items()
            for _ in range(persons)
        )

    def traveller(self, number: int) -> str:
        """A worker's name by personnel number, as tables write it."""
        luck = self.luck("name", number)
        surname = luck.pick(self.say("surnames").split()) + luck.pick(("", "а"))
        return f"{surname} {luck.pick(_INITIALS)}. {luck.pick(_INITIALS)}."


_INITIALS = "АБГДЕЖКМНРСТ"


def priced(tiyn: int, year: int) -> int:
    """A price of 2025 in another year."""
    return tiyn * PRICES[year] // 100
