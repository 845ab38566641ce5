"""What the other program's words, counterparties, accounts and values become here."""

from collections.abc import Mapping
from typing import Any

from litestar import Response

from api.finance.takeovers import earlier_decisions
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.mapping.fonts import Evidence
from erp.finance.takeover.schemas import AcceptSuggestions, DecideAccounts, DecideValues, DecideWords
from ledger.model import Dimension
from web.faults import Refusal
from web.finance.takeover.at import MOST_SHOWN, ONE, WHY, At, Here, Told, command_of, form, page
from web.forms import tidy
from web.session import Sent
from web.tables.download import FORMATS
from web.tables.model import Column, Row, Table
from web.tables.model import Kind as Cell

EVIDENCE: dict[Evidence, str] = {
    Evidence.IMPOSSIBLE: N_("no other alphabet has these letters together"),
    Evidence.KNOWN: N_("repaired, it is a word of the chart of accounts"),
    Evidence.COMPANY: N_("stands among such words"),
    Evidence.UNSURE: N_("may be a word of another language, or the font is not verified"),
}

# ------------------------------------------------------------------------------------------------ words


@page(ONE + "/words")
def words(at: Here) -> Response[Any]:
    return _words(at)


@form(ONE + "/words")
def decide_words(at: Here, data: Sent) -> Response[Any]:
    """Repair the words that are ticked, and leave the others as they are."""

    def decide(u: UnitOfWork) -> None:
        repairs, _ = mapping.words(u, *at.ids)
        decided = [{"before": r.before, "after": r.after if f"word:{r.before}" in data else r.before} for r in repairs]
        if decided:
            mapping.decide_words(u, *at.ids, command_of(DecideWords, "", decisions=decided))

    return at.act(decide, "", _words)


def _words(at: At, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        repairs, decided = mapping.words(u, *at.ids)
        return {"repairs": repairs, "decided": decided}

    return at.page("words", read, refusal, evidence=EVIDENCE)


# ------------------------------------------------------------------------------------------------ counterparties


@page(ONE + "/counterparties")
def counterparties(at: Here) -> Response[Any]:
    return _counterparties(at)


@form(ONE + "/counterparties")
def link_counterparties(at: Here, data: Sent) -> Response[Any]:
    """Register those that are new."""
    return at.act(lambda u: mapping.link_counterparties(u, *at.ids), "", _counterparties)


def _counterparties(at: At, refusal: Refusal | None = None) -> Response[Any]:
    return at.page("counterparties", lambda u: {"linking": mapping.counterparties_of(u, *at.ids)}, refusal)


# ------------------------------------------------------------------------------------------------ accounts


@page(ONE + "/accounts")
def accounts(at: Here) -> Response[Any]:
    if (wanted := at.query.get("as")) in FORMATS:
        return at.table(wanted, lambda u: _accounts_table(at, u))
    return _accounts(at)


@form(ONE + "/accounts")
def accept_suggestions(at: Here, data: Sent) -> Response[Any]:
    """Accept every suggestion that is sure enough."""
    earlier = earlier_decisions(at.visit, *at.ids)

    def accept(u: UnitOfWork) -> None:
        command = command_of(AcceptSuggestions, "least", least=data.get("least", ""))
        mapping.accept_suggestions(u, *at.ids, command, earlier)

    return at.act(accept, "/accounts", lambda at, refusal: _accounts(at, refusal, data.get("least", "")))


def _accounts(at: At, refusal: Refusal | None = None, least: str = "90") -> Response[Any]:
    earlier = earlier_decisions(at.visit, *at.ids)

    def read(u: UnitOfWork) -> dict[str, Any]:
        lines, chart = mapping.accounts(u, *at.ids, earlier), mapping.chart(u, *at.ids)
        counts = [(sure, mapping.acceptable(lines, chart, sure)) for sure in (100, 90, 75, 60)]
        return {
            "lines": sorted(lines, key=lambda line: line.decision is not None),
            "chart": chart,
            "counts": [(sure, count) for sure, count in counts if count],
        }

    named = {d.slug: at.say.dimension(d) for d in Dimension}
    return at.page("accounts", read, refusal, named=named, why=WHY, least=least)


def _accounts_table(at: At, u: UnitOfWork) -> Told:
    say = at.say
    columns = [Column(say("Account there"), Cell.CODE), Column(say("Name")), Column(say("Account here"), Cell.CODE),
               Column(say("Dimensions")), Column(say("Decided by"))]  # fmt: skip
    rows = []
    for line in mapping.accounts(u, *at.ids):
        decided = line.decision
        slugs = filter(None, (*decided.dimensions, *decided.fixed)) if decided else ()
        told = ", ".join(say.dimension(Dimension.of(slug)) for slug in slugs)
        rows.append(Row([line.account.code, line.name, decided.ours if decided else "", told,
                         decided.decided_by if decided else ""]))  # fmt: skip
    return Table(say("Mapping of accounts"), columns, rows), "takeover-accounts", ()


@page(ONE + "/account")
def account(at: Here) -> Response[Any]:
    return _account(at, at.query.get("code", ""))


@form(ONE + "/account")
def decide_account(at: Here, data: Sent) -> Response[Any]:
    """Say what one account becomes."""
    typed = {name: tidy(value) for name, value in data.items()}
    places = [name for name in ("place0", "place1", "place2") if name in typed]
    code = typed.get("code", "")
    said = {
        "account": code,
        "ours": typed.get("ours", ""),
        "dimensions": [typed[name] for name in places],
        "fixed": {d.slug: typed[f"fixed.{d.slug}"] for d in Dimension if typed.get(f"fixed.{d.slug}")},
    }

    def decide(u: UnitOfWork) -> None:
        mapping.decide_accounts(u, *at.ids, command_of(DecideAccounts, "ours", decisions=[said]))

    return at.act(decide, "/accounts", lambda at, refusal: _account(at, code, said, refusal), "ours")


def _account(at: At, code: str, said: Mapping[str, Any] | None = None, refusal: Refusal | None = None) -> Response[Any]:
    earlier = earlier_decisions(at.visit, *at.ids)

    def read(u: UnitOfWork) -> dict[str, Any]:
        line, samples = mapping.account_line(u, *at.ids, code, earlier)
        decided, chosen = line.decision, line.decision or line.suggestion
        shown = said or {
            "ours": chosen.ours if chosen else "",
            "dimensions": chosen.dimensions if chosen else (),
            "fixed": decided.fixed if decided else {},
        }
        ours = mapping.chart(u, *at.ids).get(shown["ours"])
        return {
            "line": line,
            "samples": samples,
            "ours": shown["ours"],
            "ours_name": ours.name(at.visit.language.value) if ours else "",
            "chosen": [*shown["dimensions"], "", "", ""],
            "fixed": shown["fixed"],
            "permitted": [d for d in Dimension if ours is None or d in ours.permitted],
            "mandatory": [d for d in Dimension if ours is not None and d in ours.mandatory],
        }

    return at.page("account", read, refusal, why=WHY)


# ------------------------------------------------------------------------------------------------ values


@page(ONE + "/values")
def values(at: Here) -> Response[Any]:
    return _values(at)


@form(ONE + "/values")
def decide_values(at: Here, data: Sent) -> Response[Any]:
    """Accept what is proposed, or what was typed."""

    def decide(u: UnitOfWork) -> None:
        if data.get("do") == "accept":
            mapping.accept_values(u, *at.ids)
            return
        decided = []
        for line in mapping.values(u, *at.ids):
            name = f"{line.dimension.slug}:{line.said}"
            if name in data and tidy(data[name]) != line.code:
                decided.append({"dimension": line.dimension.slug, "said": line.said, "code": tidy(data[name])})
        if decided:
            mapping.decide_values(u, *at.ids, command_of(DecideValues, "", decisions=decided))

    return at.act(decide, "/values", lambda at, refusal: _values(at, refusal, data))


def _values(at: At, refusal: Refusal | None = None, typed: Mapping[str, str] | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        lines = mapping.values(u, *at.ids)
        return {
            "lines": lines[:MOST_SHOWN],
            "more": max(len(lines) - MOST_SHOWN, 0),
            "acceptable": sum(line.is_acceptable for line in lines),
        }

    return at.page("values", read, refusal, typed=typed or {}, why=WHY)


routes = [
    words,
    decide_words,
    counterparties,
    link_counterparties,
    accounts,
    accept_suggestions,
    account,
    decide_account,
    values,
    decide_values,
]
