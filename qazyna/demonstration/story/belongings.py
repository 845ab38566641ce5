"""Long-term assets: bought, worn down, counted, given up."""

from datetime import date

from qazyna.demonstration import oblast
from qazyna.demonstration.days import MONTH, days_later, last_day, working_day
from qazyna.demonstration.desk import Desk, priced
from qazyna.demonstration.model import Asset, Line, Side


def equipment(desk: Desk, month: date) -> None:
    """A few long-term assets a year, in the months of ``equipment.csv``."""
    for r in oblast.rows("equipment"):
        if str(month.month) not in r["months"].split() or (r["only"] and r["only"] not in desk.who.traits):
            continue
        units = max(1, desk.who.staff_size // int(r["every"]))
        price = desk.luck(month, r["what"]).vary(priced(int(r["price_tiyn"]), month.year), 9)
        asset = Asset(r["account"], units * price, int(r["life_years"]) * 12, month)
        _acquire(desk, r["what"], r["specific"], asset)


_CAR_TIYN = 1_040_000_000


def cars(desk: Desk, month: date) -> None:
    """A car in the place of one that has been worn down for a year."""
    cars = [asset for asset in desk.assets if asset.account == "2350"]
    if month.month == 5 and len(cars) <= desk.who.vehicles and any(car.is_long_worn(month) for car in cars):
        price = desk.luck(month, "car").vary(priced(_CAR_TIYN, month.year), 25)
        _acquire(desk, "car", "413", Asset("2350", price, 8 * 12, month))


def _acquire(desk: Desk, what: str, specific: str, asset: Asset) -> None:
    """Take an asset in against the supplier's delivery note, and pay for it."""
    luck, on = desk.luck(asset.since, what, "paid"), working_day(asset.since, 13)
    supplier, number = desk.supplier(what), desk.paper_number(on, what)
    texts = {"what": desk.say(what), "supplier": desk.named(supplier), "number": number}
    owed = Side("3210", counterparty=supplier.code)
    received = Line(Side(asset.account), owed, asset.cost_tiyn)
    desk.write(on, "MO-06", desk.say("bought", **texts), received, number=number)
    payment = Line(owed, desk.plan(specific), asset.cost_tiyn)
    desk.pay(days_later(on, luck.between(6, 15)), desk.say("delivery_paid", **texts), payment)
    desk.assets.append(asset)


def depreciation(desk: Desk, month: date) -> None:
    """Straight-line, by groups of assets, from the month after they came."""
    charges: dict[str, int] = {}
    for asset in desk.assets:
        charge = asset.worn_tiyn(month) - asset.worn_tiyn(month - MONTH) if asset.since < month else 0
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
    """The count of October finds small surpluses."""
    luck = desk.luck(month, "inventory")
    if month.month == 10 and luck.happens(40):
        surplus = luck.between(1_200_000, 6_800_000)
        desk.stocks["1316"].tiyn += surplus
        memo = desk.say("surplus", what=desk.say("household"))
        desk.write(last_day(month), "MO-16", memo, Line(Side("1316"), Side("6360"), surplus), series="memo")


_WORN_OUT = {"2350": 100, "2360": 30, "2370": 25, "2381": 15, "2711": 100}
"""Per cent of a lot, worn down for a year and more, that the commission writes off in a November."""

_DAMAGED_IN = 6


def disposals(desk: Desk, month: date) -> None:
    """What is long worn down goes by acts in November, its parts into stock; now and then something is broken."""
    if month.month == _DAMAGED_IN and desk.luck(month, "damaged").happens(12):
        _damaged(desk, month)
    if month.month != 11:
        return
    on = working_day(month, 18)
    for account, percent in _WORN_OUT.items():
        held = [asset for asset in desk.assets if asset.account == account]
        old = next((asset for asset in held if asset.is_long_worn(month)), None)
        if old is None or (account == "2350" and len(held) <= desk.who.vehicles):
            continue
        luck = desk.luck(month, "disposals", account)
        cost = old.cost_tiyn * percent // 100
        desk.give_up(old, cost, month)
        memo = desk.say("worn_out", what=desk.say(account))
        desk.write(on, "MO-09", memo, Line(worn_side(account), Side(account), cost), series="act")
        if account in ("2350", "2360"):
            parts = cost * luck.between(4, 11) // 1000
            desk.stocks["1319"].tiyn += parts
            memo = desk.say("dismantled", what=desk.say(account))
            desk.write(on, "MO-09", memo, Line(Side("1319"), Side("6360"), parts), series="act")


def _damaged(desk: Desk, month: date) -> None:
    """A small part of the newest equipment, beyond repair: what is not worn down yet is an expense."""
    newest, kept = max((a for a in desk.assets if a.account == "2360"), key=lambda a: a.since), Side("2360")
    cost = newest.cost_tiyn * 3 // 100
    worn = desk.give_up(newest, cost, month)
    memo = desk.say("damaged", what=desk.say("2360"))
    carrying = Line(Side("7420"), kept, cost - worn)
    desk.write(working_day(month, 16), "MO-09", memo, Line(worn_side("2360"), kept, worn), carrying, series="act")
