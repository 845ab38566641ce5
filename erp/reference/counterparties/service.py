from collections.abc import Sequence
from dataclasses import asdict, dataclass

from erp.base.audit import record, record_at
from erp.base.commands import one_line
from erp.base.cursors import CursorMalformed
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.reference.counterparties import queries
from erp.reference.counterparties.model import BankAccount, Counterparty, CounterpartyCard, CounterpartyPage
from erp.reference.counterparties.rules import iban, kind_of
from erp.reference.counterparties.schemas import AddCounterparty, KeepBankAccount, RenameCounterparty


class NameMissing(RuleViolated):
    code = "counterparty-name-missing"
    template = N_(
        "The counterparty {counterparty} has no name. Give its name in Russian;"
        " the Kazakh and the English one may follow."
    )


class AlreadyRegistered(Conflict):
    code = "counterparty-registered"
    template = N_("{counterparty} is registered already: {name}. Look it up and change it there.")


class CounterpartyUnknown(NotFound):
    code = "counterparty-unknown"
    template = N_("There is no such counterparty in your register.")


class CounterpartyChanged(Conflict):
    code = "counterparty-changed"
    template = N_("Somebody changed {counterparty} since you read it. Look at it again, then change it.")


class CounterpartyShared(NotPermitted):
    code = "counterparty-shared"
    template = N_(
        "Other institutions use {counterparty} too, so its name is not one institution’s to change."
        " Ask the administrator of the whole system: they change it under Administration, Counterparties."
    )


class PersonOfNobody(RuleViolated):
    code = "person-of-nobody"
    template = N_("{counterparty} is a person (IIN): say which institution's register they belong to.")


@dataclass(frozen=True, slots=True)
class RegisterCounterparty:
    """A counterparty by BIN or IIN; names left empty repeat the Russian one."""

    code: str
    name_ru: str
    name_kk: str = ""
    name_en: str = ""


def register(
    uow: UnitOfWork, commands: Sequence[RegisterCounterparty], organisation_id: int | None = None
) -> list[str]:
    """Register counterparties that are new; those known keep their names.

    Bodies are everybody's; persons are those of ``organisation_id``.  Returns the numbers that were new.

    Raises: CodeInvalid, NameMissing, PersonOfNobody.
    """
    wanted = [_counterparty(c) for c in commands]
    persons = [c for c in wanted if c.is_individual]
    if persons and organisation_id is None:
        raise PersonOfNobody(counterparty=persons[0].code)
    added = queries.insert(uow.connection, uow.scope, [c for c in wanted if not c.is_individual])
    if organisation_id is not None and persons:
        added += queries.insert_persons(uow.connection, uow.scope, organisation_id, persons)
    if added:
        subject = f"counterparty:{added[0]}" if len(added) == 1 else "reference_counterparty"
        record(
            uow.connection, uow.scope, "counterparties-registered", subject,
            organisation_id=organisation_id, codes=added[:100], count=len(added),
        )  # fmt: skip
    return added


def add(uow: UnitOfWork, organisation_id: int, command: AddCounterparty) -> Counterparty:
    """Register one counterparty that is new.  Raises: CodeInvalid, NameMissing, AlreadyRegistered."""
    said = RegisterCounterparty(command.code, command.name_ru, command.name_kk, command.name_en)
    wanted = _counterparty(said)
    if not register(uow, [said], organisation_id):
        raise AlreadyRegistered(counterparty=wanted.code, name=_known(uow, wanted.code).name_ru)
    return wanted


def rename(uow: UnitOfWork, organisation_id: int | None, code: str, command: RenameCounterparty) -> Counterparty:
    """Give a counterparty other names, from the version that was read.

    A body that other institutions use is renamed by an administrator of a body on top; ``organisation_id`` is then
    ``None``.  Every institution that uses it finds that in its trail.

    Raises: CounterpartyUnknown, NameMissing, CounterpartyShared, CounterpartyChanged.
    """
    known = _known(uow, code)
    names = _names(code, command)
    own = {organisation_id}
    using = own if known.is_individual else own | set(queries.used_by(uow.connection, uow.scope, code))
    if (using != own or organisation_id is None) and not queries.heads_all(uow.connection, uow.scope):
        raise CounterpartyShared(counterparty=code)
    if (known.name_kk, known.name_ru, known.name_en) == names and known.version == command.version:
        return known
    renamed = Counterparty(code, *names, known.in_force, command.version)
    if not queries.rename(uow.connection, uow.scope, organisation_id, renamed):
        raise CounterpartyChanged(counterparty=code)
    record_at(
        uow.connection, uow.scope, "counterparty-renamed", f"counterparty:{code}", using,
        before=_said(known), after=_said(renamed),
    )  # fmt: skip
    return Counterparty(code, *names, known.in_force, command.version + 1)


def body(uow: UnitOfWork, code: str) -> Counterparty:
    """A body of the shared register.  Raises: CodeInvalid, CounterpartyUnknown."""
    code = code.replace(" ", "")
    kind_of(code)
    return _known(uow, code)


def known(uow: UnitOfWork, codes: Sequence[str]) -> dict[str, Counterparty]:
    """Those that are registered, by BIN or IIN."""
    return queries.labels(uow.connection, uow.scope, codes)


def card(uow: UnitOfWork, organisation_id: int, code: str) -> CounterpartyCard:
    """A counterparty with its bank accounts.  Raises: CounterpartyUnknown."""
    accounts = queries.bank_accounts(uow.connection, uow.scope, organisation_id, code)
    return CounterpartyCard(_known(uow, code), tuple(accounts))


def keep_bank_account(uow: UnitOfWork, organisation_id: int, code: str, command: KeepBankAccount) -> BankAccount:
    """Add an account of a counterparty, or change it; repeating it changes nothing.

    Raises: CounterpartyUnknown, IbanInvalid.
    """
    _known(uow, code)
    account = BankAccount(iban(command.iban), one_line(command.bank), command.in_use)
    before = {a.iban: asdict(a) for a in queries.bank_accounts(uow.connection, uow.scope, organisation_id, code)}
    if queries.keep_bank_account(uow.connection, uow.scope, organisation_id, code, account):
        record(
            uow.connection, uow.scope, "bank-account-kept", f"counterparty:{code}", organisation_id=organisation_id,
            before=before.get(account.iban), after=asdict(account),
        )  # fmt: skip
    return account


def listing(
    uow: UnitOfWork, organisation_id: int, words: str, *, language: str, cursor: str | None = None, limit: int = 50
) -> CounterpartyPage:
    """What an organisation sees of the register, by name; with ``words``, the closest that hold them, one page only.

    ``cursor`` is the number of the last one of the page before.  Raises: CursorMalformed.
    """
    if words:
        found = queries.search(uow.connection, uow.scope, words, language=language, limit=limit)
        return CounterpartyPage(tuple(found), None)
    after = queries.labels(uow.connection, uow.scope, [cursor]).get(cursor) if cursor else None
    if cursor and after is None:
        raise CursorMalformed()
    rows = queries.listing(uow.connection, uow.scope, organisation_id, language=language, after=after, limit=limit + 1)
    shown = tuple(rows[:limit])
    return CounterpartyPage(shown, shown[-1].code if len(rows) > limit else None)


def _known(uow: UnitOfWork, code: str) -> Counterparty:
    known = queries.labels(uow.connection, uow.scope, [code]).get(code)
    if known is None:
        raise CounterpartyUnknown()
    return known


def _counterparty(command: RegisterCounterparty) -> Counterparty:
    code = command.code.replace(" ", "")
    kind_of(code)
    return Counterparty(code, *_names(code, command))


def _names(code: str, command: RegisterCounterparty | RenameCounterparty) -> tuple[str, str, str]:
    kk, ru, en = (one_line(name) for name in (command.name_kk, command.name_ru, command.name_en))
    if not ru:
        raise NameMissing(counterparty=code)
    return kk or ru, ru, en or ru


def _said(counterparty: Counterparty) -> dict[str, str]:
    return {name: getattr(counterparty, name) for name in ("name_kk", "name_ru", "name_en")}
