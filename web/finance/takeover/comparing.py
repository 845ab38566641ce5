"""The parallel run: both trial balances side by side, each difference opened to what is behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.model import DimensionValue
from erp.finance.takeover.comparing import service as comparing
from erp.finance.takeover.comparing.model import Comparison, Difference
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.schemas import ExplainDifference
from ledger.model import Dimension
from web.faults import Refusal
from web.finance.takeover.at import AGREE, ONE, At, FileId, Here, Told, command_of, form, page
from web.forms import tidy
from web.session import Sent
from web.tables.download import FORMATS
from web.tables.model import Column, Row, Table
from web.tables.model import Kind as Cell


@page(ONE + "/compare")
def compare(at: Here) -> Response[Any]:

    def read(u: UnitOfWork) -> dict[str, Any]:
        made = comparing.comparisons(u, *at.ids)
        return {"comparisons": made, "largest": max((c.size for c in made), default=0)}

    return at.page("compare", read, months=at.say.months)


@dataclass(frozen=True)
class ShownDifference:
    difference: Difference
    name: str
    dimensions: tuple[DimensionValue, ...]
    url: str


@page(ONE + "/compare/{file_id:int}")
def differences(at: Here, file_id: FileId) -> Response[Any]:
    if (wanted := at.query.get("as")) in FORMATS:
        return at.table(wanted, lambda u: _differences_table(at, u, file_id))
    return _differences(at, file_id)


@form(ONE + "/compare/{file_id:int}", opt=AGREE)
def agree(at: Here, file_id: FileId, data: Sent) -> Response[Any]:
    """Record that both trial balances are equal."""
    return at.act(
        lambda u: comparing.agree(u, *at.ids, file_id),
        "/compare",
        lambda at, refusal: _differences(at, file_id, refusal),
    )


def _differences(at: At, file_id: int, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        made = comparing.comparison(u, *at.ids, file_id)
        return {"made": made, "shown": _named(at, u, made, made.differences)}

    return at.page("differences", read, refusal, months=at.say.months)


def _named(at: At, u: UnitOfWork, made: Comparison, found: Sequence[Difference]) -> list[ShownDifference]:
    """Differences with the names of accounts and values, each with the address of what is behind it."""
    chart = mapping.chart(u, *at.ids)
    codes = {each: [(d, code) for d, code in zip(Dimension, each.codes, strict=True) if code] for each in found}
    labels = journal.labels(u, {pair for pairs in codes.values() for pair in pairs}, on=made.file.span.last_day)
    shown = []
    for each, pairs in codes.items():
        query = urlencode({"account": each.account} | {d.slug: code for d, code in pairs})
        name = chart[each.account].name(at.visit.language.value) if each.account in chart else ""
        url = f"{at.home}/compare/{made.file.id}/behind?{query}"
        shown.append(ShownDifference(each, name, tuple(labels[pair] for pair in pairs), url))
    return shown


def _differences_table(at: At, u: UnitOfWork, file_id: int) -> Told:
    say, made = at.say, comparing.comparison(u, *at.ids, file_id)
    groups = (say("There"), say("Here"), say("Difference"))
    parts = (say("Opening balance"), say("Debit turnover"), say("Credit turnover"), say("Closing balance"))
    columns = [Column(say("Account"), Cell.CODE), Column(say("Name")), Column(say("Dimensions")),
               *(Column(part, Cell.BALANCE, group) for group in groups for part in parts),
               Column(say("Explained"))]  # fmt: skip
    rows = []
    for each in _named(at, u, made, made.differences):
        d = each.difference
        figures = (d.theirs_opening, d.theirs_debit, d.theirs_credit, d.theirs_closing,
                   d.ours_opening, d.ours_debit, d.ours_credit, d.ours_closing,
                   d.opening, d.debit, d.credit, d.closing)  # fmt: skip
        rows.append(Row([d.account, each.name, " ".join(v.code for v in each.dimensions), *figures, d.reason]))
    facts = ((say("File"), made.file.name), (say("Period"), say.months(made.file.span.first, made.file.span.last)))
    return Table(say("Differences"), columns, rows), f"takeover-differences-{file_id}", facts


@page(ONE + "/compare/{file_id:int}/behind")
def behind(at: Here, file_id: FileId) -> Response[Any]:
    return _behind(at, file_id, at.query)


@form(ONE + "/compare/{file_id:int}/behind")
def explain(at: Here, file_id: FileId, data: Sent) -> Response[Any]:
    """Say why a difference is there."""
    asked = {name: tidy(value) for name, value in data.items()}

    def say_why(u: UnitOfWork) -> None:
        said = {"account": asked.get("account", ""), "codes": _codes(asked), "reason": asked.get("reason", "")}
        comparing.explain(u, *at.ids, file_id, command_of(ExplainDifference, "reason", **said))

    return at.act(say_why, f"/compare/{file_id}", lambda at, refusal: _behind(at, file_id, asked, refusal), "reason")


def _codes(asked: Mapping[str, str]) -> list[str]:
    return [asked.get(dimension.slug, "") for dimension in Dimension]


def _behind(at: At, file_id: int, asked: Mapping[str, str], refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        made, difference, drill = comparing.behind(u, *at.ids, file_id, asked.get("account", ""), _codes(asked))
        return {"made": made, "difference": difference, "drill": drill, "shown": _named(at, u, made, [difference])[0]}

    kept = {name: asked[name] for name in ("account", *(d.slug for d in Dimension)) if asked.get(name)}
    return at.page("behind", read, refusal, asked=kept, reason=asked.get("reason", ""), months=at.say.months)


routes = [compare, differences, agree, behind, explain]
