"""The parallel run: trial balances of theirs held against ours, agreed at zero, and differences explained."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from erp.base.uow import UnitOfWork
from erp.finance.takeover.comparing import queries, rules
from erp.finance.takeover.comparing.model import Comparison, Difference, Drill
from erp.finance.takeover.mapping.desk import NOWHERE, Mapped
from erp.finance.takeover.mapping.rules import NotMapped, ValueNotDecided, compared_by
from erp.finance.takeover.model import File, Kind, OurSide, State
from erp.finance.takeover.schemas import ExplainDifference
from erp.finance.takeover.service import end
from ledger.model import Dimension


def comparisons(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> list[Comparison]:
    """Every trial balance of theirs against ours, month by month.  Raises: TakeoverUnknown."""
    return compared(Mapped.of(uow, organisation_id, takeover_id))


def comparison(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> Comparison:
    """Raises: TakeoverUnknown, FileUnknown."""
    return _comparison(Mapped.of(uow, organisation_id, takeover_id), file_id)


def _comparison(desk: Mapped, file_id: int) -> Comparison:
    return _compared(desk, [desk.file(file_id, Kind.BALANCE)])[0]


def compared(desk: Mapped) -> list[Comparison]:
    return _compared(desk, desk.files_of(Kind.BALANCE))


def _compared(desk: Mapped, balances: Sequence[File]) -> list[Comparison]:
    if not balances:
        return []
    sides = _standing(desk)
    spans = {f.id: (f.span.start, f.span.end) for f in balances}
    found = queries.compared(
        desk.uow.connection, desk.uow.scope, desk.organisation_id, spans, sides, _grains(desk, sides, list(spans))
    )
    agreed = desk.ask(queries.agreements)
    return [
        Comparison(
            f, found[f.id].differences, found[f.id].sides, found[f.id].turnover_tiyn,
            agreed.get(f.id) if not found[f.id].differences else None,
        )
        for f in balances
    ]  # fmt: skip


def _standing(desk: Mapped) -> dict[int, OurSide]:
    """Where every side of theirs stands: those without a place under their own account with a question mark."""
    found = {}
    for id_, side in desk.sides.items():
        try:
            found[id_] = desk.our_side(side)
        except NotMapped:
            found[id_] = replace(NOWHERE, account=f"?{side.account}")
        except ValueNotDecided:
            found[id_] = replace(NOWHERE, account=desk.decisions[side.account].ours)
    return found


def _grains(desk: Mapped, sides: Mapping[int, OurSide], file_ids: Sequence[int]) -> dict[tuple[int, str], Dimension]:
    """By trial balance and account of ours, the dimensions that all its rows there tell apart."""
    grains: dict[tuple[int, str], Dimension] = {}
    counted = queries.counted_sides(desk.uow.connection, desk.uow.scope, desk.organisation_id, file_ids)
    for file_id, side_id in counted:
        side = desk.sides[side_id]
        decision = desk.decisions.get(side.account)
        told = compared_by(side, decision) if decision else Dimension(0)
        key = (file_id, sides[side_id].account)
        grains[key] = grains.get(key, told) & told
    return grains


def agree(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> None:
    """Record that a trial balance of theirs and ours are equal.

    Raises: TakeoverUnknown, TakeoverEnded, FileUnknown, NotEqual.
    """
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    found = _comparison(desk, file_id)
    if found.differences:
        raise rules.NotEqual(count=len(found.differences))
    if found.agreement is None:
        desk.ask(queries.insert_agreement, found)
        desk.record("takeover-month-agreed", name=found.file.name, count=found.sides)


def explain(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, command: ExplainDifference) -> None:
    """Say why a difference is there; it counts as explained while it stays the same.

    Raises: TakeoverUnknown, TakeoverEnded, FileUnknown, DifferenceUnknown, ReasonMissing.
    """
    reason = " ".join(command.reason.split())
    if len(reason) < 3:
        raise rules.ReasonMissing()
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    difference = _difference(_comparison(desk, file_id), command.account, command.codes)
    desk.ask(queries.insert_explanation, file_id, difference, reason)
    desk.record("takeover-difference-explained", account=command.account, reason=reason)


def _difference(found: Comparison, account: str, codes: Sequence[str]) -> Difference:
    for difference in found.differences:
        if (difference.account, difference.codes) == (account, tuple(codes)):
            return difference
    raise rules.DifferenceUnknown()


def behind(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int, account: str, codes: Sequence[str]
) -> tuple[Comparison, Difference, Drill]:
    """What is behind a difference: postings of both, those alike set aside.

    Raises: TakeoverUnknown, FileUnknown, DifferenceUnknown.
    """
    desk = Mapped.of(uow, organisation_id, takeover_id)
    whole = _comparison(desk, file_id)
    difference = _difference(whole, account, codes)
    sides = _standing(desk)
    mask = _grains(desk, sides, [file_id]).get((file_id, account), Dimension(0))
    hit = {
        id_: (side.account, side.account == account and _masked(side.codes, mask) == difference.codes)
        for id_, side in sides.items()
    }
    named = {dimension.slug: code for dimension, code in zip(Dimension, codes, strict=True)}
    span = whole.file.span
    paired, theirs, ours = desk.ask(queries.behind, span.start, span.end, hit, account, mask, named)
    repaired = [replace(t, document=desk.repaired(t.document), memo=desk.repaired(t.memo)) for t in theirs]
    return whole, difference, Drill(paired, tuple(repaired), tuple(ours), tuple(rules.near(repaired, ours)))


def _masked(codes: Sequence[str], mask: Dimension) -> tuple[str, ...]:
    return tuple(code if dimension in mask else "" for dimension, code in zip(Dimension, codes, strict=True))


def finish(uow: UnitOfWork, organisation_id: int, takeover_id: int) -> None:
    """End the parallel run: every trial balance is agreed, or each of its differences has a reason.

    Raises: TakeoverUnknown, TakeoverEnded, NothingCompared, NotAgreed.
    """
    desk = Mapped.under_way(uow, organisation_id, takeover_id)
    found = compared(desk)
    if not found:
        raise rules.NothingCompared()
    if open_ := [c.file.name for c in found if not c.is_settled]:
        raise rules.NotAgreed(files=", ".join(open_[:10]))
    end(desk, State.FINISHED)
