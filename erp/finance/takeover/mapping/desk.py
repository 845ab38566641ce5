"""What a takeover's decisions say, read once a command."""

from collections.abc import Iterable
from datetime import date
from functools import cached_property

from erp.base.errors import RuleViolated
from erp.base.sheets.heads import fold
from erp.finance.journal import queries as journal
from erp.finance.journal import values as registers
from erp.finance.journal.model import Account as OurAccount
from erp.finance.takeover.files.model import CounterpartyRow
from erp.finance.takeover.files.queries import sides_of
from erp.finance.takeover.mapping import fonts, queries, rules
from erp.finance.takeover.mapping.model import Decision
from erp.finance.takeover.model import OurSide, Side
from erp.finance.takeover.service import Desk
from ledger.model import Dimension

NOWHERE = OurSide("", ("",) * len(Dimension))
"""What stands against a single-sided account: here, the hidden contra account."""


class Mapped(Desk):
    """A takeover at hand, with all that was decided on it."""

    @cached_property
    def words(self) -> dict[str, str]:
        return self.ask(queries.words)

    @cached_property
    def used(self) -> list[queries.Used]:
        """Their accounts that rows name."""
        return self.ask(queries.accounts)

    @cached_property
    def decisions(self) -> dict[str, Decision]:
        return self.ask(queries.decisions)

    @cached_property
    def values(self) -> dict[tuple[str, str], str]:
        return self.ask(queries.values)

    @cached_property
    def sides(self) -> dict[int, Side]:
        return self.ask(sides_of)

    @cached_property
    def chart(self) -> dict[str, OurAccount]:
        """Accounts in force on the day of the takeover; under the empty code the contra account."""
        found = journal.accounts_in_force(self.uow.connection, self.uow.scope, self.day)
        return {"" if a.is_contra else a.code: a for a in found}

    @cached_property
    def counterparties(self) -> list[CounterpartyRow]:
        return self.ask(queries.counterparties)

    @cached_property
    def numbers(self) -> dict[str, str]:
        """BIN and IIN that are right, by the folded names of their counterparties."""
        named: dict[str, str] = {}
        for row in self.counterparties:
            if number := rules.number_or_none(row.code):
                named |= {fold(name): number for name in (row.name, row.full_name) if name}
        return named

    def repaired(self, text: str) -> str:
        return fonts.repair(text, self.words)

    def our_side(self, side: Side) -> OurSide:
        """Raises: NotMapped, ValueNotDecided."""
        return rules.our_side(side, self.decisions.get(side.account), self.values) if side.account else NOWHERE

    def placed(self, sides: Iterable[Side], day: date) -> tuple[dict[Side, OurSide], dict[Side, RuleViolated]]:
        """Where sides of theirs stand here, and why nothing can be posted to some on a day."""
        found: dict[Side, OurSide] = {}
        wrong: dict[Side, RuleViolated] = {}
        for side in sides:
            try:
                found[side] = self.our_side(side)
            except (rules.NotMapped, rules.ValueNotDecided) as error:
                wrong[side] = error
        named = {(d, code) for ours in found.values() for d, code in zip(Dimension, ours.codes, strict=True) if code}
        unknown = registers.unknown(self.uow, named, day=day)
        for side, ours in list(found.items()):
            if fault := rules.side_fault(ours, self.chart.get(ours.account), unknown):
                wrong[side] = fault
                del found[side]
        return found, wrong
