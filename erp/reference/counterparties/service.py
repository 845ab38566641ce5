from collections.abc import Sequence
from dataclasses import dataclass

from erp.base.audit import record
from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.reference.counterparties import queries
from erp.reference.counterparties.model import Counterparty
from erp.reference.counterparties.rules import kind_of


class NameMissing(RuleViolated):
    code = "counterparty-name-missing"
    template = N_(
        "The counterparty {counterparty} has no name. Give its name in Russian;"
        " the Kazakh and the English one may follow."
    )


@dataclass(frozen=True, slots=True)
class RegisterCounterparty:
    """A counterparty by BIN or IIN; names left empty repeat the Russian one."""

    code: str
    name_ru: str
    name_kk: str = ""
    name_en: str = ""


def register(uow: UnitOfWork, commands: Sequence[RegisterCounterparty]) -> list[str]:
    """Register counterparties, or rename those known; repeating it changes nothing.

    Returns the numbers that were new or renamed.

    Raises: CodeInvalid, NameMissing.
    """
    changed = queries.upsert(uow.connection, uow.scope, [_counterparty(c) for c in commands])
    if changed:
        record(
            uow.connection,
            uow.scope,
            "counterparties-registered",
            "reference_counterparty",
            codes=changed[:100],
            count=len(changed),
        )
    return changed


def _counterparty(command: RegisterCounterparty) -> Counterparty:
    kind = kind_of(command.code)
    ru, kk, en = (" ".join(name.split()) for name in (command.name_ru, command.name_kk, command.name_en))
    if not ru:
        raise NameMissing(counterparty=command.code)
    return Counterparty(command.code, kind, kk or ru, ru, en or ru)
