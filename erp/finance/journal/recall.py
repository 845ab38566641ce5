"""What the registers said when they were last asked, so that an entry over known sides needs no question at all.

What is remembered holds for one edition of the registers (``ledger_edition`` grows when any of their rows changes or
goes), and an entry is posted under the edition it was checked against: where that has passed, the posting is refused
and the unit of work runs again with what the registers say now.  Only what was found is remembered, never an absence;
of who approves what, and of policies, where each new row is a new edition too, all there is.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from erp.base.clock import today
from erp.base.dates import DateInterval
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries, values
from erp.finance.journal.model import Account, Journal
from ledger import service as ledger
from ledger.errors import EditionPassed
from ledger.model import Dimension, SubaccountKey

_ROOM = 200_000  # facts of one kind; a program that has met more begins anew


@dataclass
class _Memory:
    """Facts of one edition."""

    edition: int
    journals: dict[str, Journal] = field(default_factory=dict)
    accounts: dict[tuple[str, date], Account] = field(default_factory=dict)
    known: dict[tuple[values.Wanted, date], None] = field(default_factory=dict)
    minor_units: dict[str, int] = field(default_factory=dict)
    subaccounts: dict[tuple[int, SubaccountKey], int] = field(default_factory=dict)
    duties: dict[int, dict[int, list[DateInterval]]] = field(default_factory=dict)
    policies: dict[int, list[tuple[DateInterval, frozenset[str]]]] = field(default_factory=dict)

    def take(self, found: "_Memory") -> None:
        for mine, theirs in zip(self._kinds(), found._kinds(), strict=True):
            mine.update(theirs)

    @property
    def is_full(self) -> bool:
        return any(len(kind) > _ROOM for kind in self._kinds())

    def _kinds(self) -> tuple[dict[object, object], ...]:
        return (  # type: ignore[return-value]
            self.journals,
            self.accounts,
            self.known,
            self.minor_units,
            self.subaccounts,
            self.duties,
            self.policies,
        )


_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


class Registers:
    """The registers as one command sees them: recalled where they can be, asked where not."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        memory = _memories.get(uow.engine)
        if memory is not None and memory.is_full:  # others may still be reading it: it is left, not emptied
            memory = None
        if memory is None or uow.is_rerun:
            edition = ledger.edition(uow.connection)
            if memory is None or memory.edition != edition:
                memory = _memories[uow.engine] = _Memory(edition)
        self._memory = memory
        self._found = _Memory(memory.edition)
        uow.after_commit(lambda: memory.take(self._found))

    @property
    def edition(self) -> int:
        return self._memory.edition

    def confirm(self) -> None:
        """Make sure of the edition before something is refused by it.  Raises: EditionPassed."""
        if ledger.edition(self._uow.connection) != self.edition:
            raise EditionPassed()

    def journal(self, code: str) -> Journal | None:
        if code not in self._memory.journals:
            self._found.journals |= {j.code: j for j in queries.journals(self._uow.connection, self._uow.scope)}
        return self._memory.journals.get(code) or self._found.journals.get(code)

    def needs_approval(self, organisation_id: int, journal_id: int) -> bool:
        """Whether a second person approves the journal's entries today."""
        duties = self._memory.duties.get(organisation_id)
        if duties is None:
            duties = queries.duties(self._uow.connection, self._uow.scope, organisation_id)
            self._found.duties[organisation_id] = duties
        return journal_id in duties and any(today() in each for each in duties[journal_id])

    def is_kept(self, organisation_id: int, journal: str, day: date) -> bool:
        """Whether the policy of the day, where there is one, keeps a journal of documents."""
        policies = self._memory.policies.get(organisation_id)
        if policies is None:
            policies = queries.kept_journals(self._uow.connection, self._uow.scope, organisation_id)
            self._found.policies[organisation_id] = policies
        return all(journal in codes for in_force, codes in policies if day in in_force)

    def accounts(self, codes: Collection[str], day: date) -> dict[str, Account]:
        """Accounts in force on a day, by code."""
        if missing := [code for code in codes if (code, day) not in self._memory.accounts]:
            asked = queries.accounts_by_code(self._uow.connection, self._uow.scope, missing, day)
            self._found.accounts |= {(code, day): account for code, account in asked.items()}
        found = (
            (code, self._memory.accounts.get((code, day)) or self._found.accounts.get((code, day))) for code in codes
        )
        return {code: account for code, account in found if account is not None}

    def unknown(self, wanted: set[values.Wanted], day: date) -> set[values.Wanted]:
        """Those values that a register should know on the day and does not."""
        asked = {value for value in wanted if (value, day) not in self._memory.known}
        if not asked:
            return set()
        absent = values.unknown(self._uow, asked, day=day)
        self._found.known |= {(value, day): None for value in asked - absent if not values.is_own(value)}
        return absent

    def minor_units(self, named: Iterable[values.Wanted]) -> dict[str, int]:
        """Decimal places of the currencies among the values."""
        asked = {value for value in named if value[0] is Dimension.CURRENCY}
        if any(code not in self._memory.minor_units for _, code in asked):
            self._found.minor_units |= values.minor_units(self._uow, asked)
        return self._memory.minor_units | self._found.minor_units if asked else {}

    def subaccounts(self, organisation_id: int, keys: list[SubaccountKey]) -> list[int]:
        """Ids of the subaccounts in the order asked; new ones are made."""
        recalled = [self._memory.subaccounts.get((organisation_id, key)) for key in keys]
        if None not in recalled:
            return [id_ for id_ in recalled if id_ is not None]
        ids = ledger.intern_subaccounts(self._uow.connection, organisation_id, keys)
        self._found.subaccounts |= {(organisation_id, key): id_ for key, id_ in zip(keys, ids, strict=True)}
        return ids
