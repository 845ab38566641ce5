"""How far a takeover is, step by step."""

from dataclasses import dataclass

from erp.base.uow import UnitOfWork
from erp.finance.takeover.comparing.model import Comparison
from erp.finance.takeover.comparing.service import compared
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.mapping.desk import Mapped
from erp.finance.takeover.model import File, Kind
from erp.finance.takeover.posting import opening, queries
from erp.finance.takeover.posting.model import Batch, MonthLine


@dataclass(frozen=True)
class Path:
    """How far a takeover is, in the order of its steps."""

    files: tuple[File, ...]
    accounts: int
    mapped: int
    values: int
    valued: int
    words: int
    """Words of old fonts that nobody has decided on."""
    counterparties: int
    linked: int
    opening: Batch | None
    months: tuple[MonthLine, ...]
    comparisons: tuple[Comparison, ...]

    def has(self, kind: Kind) -> bool:
        return any(f.kind is kind for f in self.files)

    @property
    def next_step(self) -> str:
        """What to do now: the first step that is not done."""
        if not self.has(Kind.BALANCE):
            return "files"
        if self.words:
            return "words"
        if self.linked < self.counterparties:
            return "counterparties"
        if self.mapped < self.accounts:
            return "accounts"
        if self.valued < self.values:
            return "values"
        if self.opening is None:
            return "opening"
        if any(month.posted < month.documents for month in self.months):
            return "months"
        return "compare"


def path(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> Path:
    """Raises: TakeoverUnknown."""
    desk = Mapped.of(uow, organisation_id, takeover_id)
    values, linking = mapping.value_lines(desk), mapping.linking(desk)
    return Path(
        files=tuple(desk.files),
        accounts=len(desk.used),
        mapped=sum(each.account.code in desk.decisions for each in desk.used),
        values=len(values),
        valued=sum(bool(value.code) for value in values),
        words=sum(word.before not in desk.words for word in mapping.proposals(desk) if word.is_sure),
        counterparties=len(linking.linked) + len(linking.new),
        linked=len(linking.linked),
        opening=opening.posted(desk),
        months=tuple(desk.ask(queries.months)),
        comparisons=tuple(compared(desk)),
    )
