"""What stands in the way of a joining, and the postings of both books."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID, uuid5

from erp.base.dates import day_string
from erp.base.errors import Conflict, DomainError, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.finance.recoding.model import AccountEdition, Standing
from erp.finance.reorganisation.model import Handed
from ledger.model import Dimension, Posting


class ReorganisationUnknown(NotFound):
    code = "reorganisation-unknown"
    template = N_("There is no such joining of institutions among those of your books.")


class AlreadyJoining(Conflict):
    code = "already-joining"
    template = N_("This institution joins another already.")


class NothingSince(AlreadyJoining):
    code = "nothing-since"
    template = N_("All balances have left these books already, and none has come since.")


class JoinsItself(RuleViolated):
    code = "joins-itself"
    template = N_("An institution cannot join itself. Give the BIN of the other one.")


class InstitutionUnknown(NotFound):
    code = "institution-unknown"
    template = N_("There is no institution with the BIN {code}.")


class TransitUnfit(RuleViolated):
    code = "transit-unfit"
    template = N_(
        "The account {account} cannot carry balances from one book to the other: it must be in force on {day}, take"
        " entries, stand on the balance sheet and need nothing but a counterparty."
    )


class TransitInUse(RuleViolated):
    code = "transit-in-use"
    template = N_(
        "A balance with the other institution stands on {account} already. Settle it, or take another account."
    )


class EnteredSince(RuleViolated):
    code = "entered-since"
    template = N_("On the account {account} there are entries dated {day} or later. Cancel them first.")


class QuantityWithoutAmount(RuleViolated):
    code = "quantity-without-amount"
    template = N_("On the account {account} a quantity stands without an amount. Write it off or value it first.")


class LeavingImpossible(Conflict):
    """``faults`` holds each of them."""

    code = "leaving-impossible"
    template = N_("Nothing was moved: {count} faults. The first: {first}")

    def __init__(self, faults: Sequence[DomainError]) -> None:
        self.faults = tuple(faults)
        super().__init__(count=len(faults), first=faults[0])


class NotLeftYet(Conflict):
    code = "not-left-yet"
    template = N_("The balances have not left the other institution's books yet. They leave there first.")


_KEYS = UUID("8f0f4f6a-30ab-4f8e-9d35-7f2a6a1f2b77")
MEMO_LEFT = "Қайта ұйымдастыру, қалдықтар берілді: {other} ({act}) / Реорганизация, остатки переданы: {other} ({act})"
MEMO_JOINED = (
    "Қайта ұйымдастыру, қалдықтар қабылданды: {other} ({act}) / Реорганизация, остатки приняты: {other} ({act})"
)


def key_of(reorganisation_id: int, step: str, round_: int) -> UUID:
    """The idempotency key of a step: always the same."""
    return uuid5(_KEYS, f"{reorganisation_id}/{step}/{round_}")


def faults_of_transit(account: AccountEdition | None, code: str, day: date) -> Iterator[DomainError]:
    needed = account.mandatory & ~Dimension.COUNTERPARTY if account else Dimension(0)
    if account is None or not account.postable or account.kind == "off_balance" or needed:
        yield TransitUnfit(account=code, day=day_string(day))


def faults_of_standings(
    standings: Iterable[Standing], transit: str, both_codes: Collection[str], day: date
) -> Iterator[DomainError]:
    counterparty = list(Dimension).index(Dimension.COUNTERPARTY)
    for standing in standings:
        account = standing.account.code
        if standing.moved_since:
            yield EnteredSince(account=account, day=day_string(day))
        if not standing.balance_tiyn:
            yield QuantityWithoutAmount(account=account)
        if account == transit and standing.codes[counterparty] in ("", *both_codes):
            yield TransitInUse(account=account)


def transit_codes(account: AccountEdition, other_code: str) -> tuple[str, ...]:
    """Dimensions of the account in transit: the other institution, where it is kept by counterparty."""
    kept = Dimension.COUNTERPARTY in account.permitted
    return tuple(other_code if kept and d is Dimension.COUNTERPARTY else "" for d in Dimension)


def leaving_posting(standing: Standing, transit_id: int) -> Posting:
    """What stands on a subaccount goes to the account in transit."""
    handed = Handed(0, (), -standing.balance_tiyn, -standing.quantity_milli, -standing.currency_minor)
    return joining_posting(handed, standing.subaccount_id, transit_id)


def joining_posting(handed: Handed, subaccount_id: int, transit_id: int) -> Posting:
    """A balance enters a subaccount from the account in transit."""
    sign = 1 if handed.balance_tiyn > 0 else -1
    quantity, currency = sign * handed.quantity_milli or None, sign * handed.currency_minor or None
    amount = abs(handed.balance_tiyn)
    if sign > 0:
        return Posting(subaccount_id, transit_id, amount, None, quantity, None, currency, None)
    return Posting(transit_id, subaccount_id, amount, None, None, quantity, None, currency)
