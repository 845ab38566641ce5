"""Opening balances and turnovers of any span of days, as they stand now or as they were known: one family of queries.

Whole months come from the period balances, the broken months at either end of a span from the postings.  What was
known at an instant comes from the entries recorded below its watermark.  For many organisations at once, those that
fill whole groups are read from the groups' balances, and what is not rolled into these yet from its postings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from dateutil.relativedelta import relativedelta
from sqlalchemy import Connection, Row, text

from erp.base.scope import Scope
from erp.finance.journal.model import Movement, Sums

SIDE_CODES = "s.programme, s.specific, s.source, s.counterparty, s.contract, s.item, s.project, s.person, s.currency"


class Span(Protocol):
    """Days from ``start`` up to, not including, ``end``."""

    @property
    def start(self) -> date: ...

    @property
    def end(self) -> date: ...

    @property
    def last_day(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """What of the books a report counts."""

    span: Span
    closing: bool = True
    """Whether year-closing entries of the span count; without them a closed year shows its revenue and expense."""
    known: int | None = None
    """Watermark: only entries with a lower ``recorded_xid`` count.  ``None`` counts all there are."""

    @property
    def broken(self) -> list[tuple[date, date]]:
        """Stretches of days, half-open, of the months that the span holds in part."""
        start, end = self.span.start, self.span.end
        stretches = []
        if start.day > 1:
            stretches.append((start.replace(day=1), min(end, start.replace(day=1) + relativedelta(months=1))))
        if end.day > 1 and not (stretches and stretches[0][0] == end.replace(day=1)):
            stretches.append((end.replace(day=1), end))
        return stretches

    @property
    def parameters(self) -> dict[str, Any]:
        start, end = self.span.start, self.span.end
        stretches = self.broken
        return {
            "start": start,
            "end": end,
            "closing": self.closing,
            "known": str(self.known),
            "whole_end": end.replace(day=1),
            "broken_start": start.replace(day=1) if start.day > 1 else None,
            "from": [stretch[0] for stretch in stretches],
            "to": [stretch[1] for stretch in stretches],
        }


# Balances brought in by an opening entry stand in the opening column of the span they are dated in.
_OPENING = "{day} < :start OR (b.kind = 1 AND {day} < :end)"
_TURNOVER = "{day} >= :start AND b.kind <> 1"
COUNTED = "(:closing OR b.kind <> 2 OR b.day < :start)"
"""Which rows of what ``rows_by_subaccount`` gives count."""


def sums(of: str, day: str = "b.day") -> str:
    """Opening balance, debit and credit turnover of a measure: ``tiyn``, ``quantity_milli`` or ``currency_minor``."""
    opening, turnover = _OPENING.format(day=day), _TURNOVER.format(day=day)
    return f"""
    coalesce(sum(b.debit_{of}) FILTER (WHERE {opening}) - sum(b.credit_{of}) FILTER (WHERE {opening}), 0)
        AS opening_{of},
    coalesce(sum(b.debit_{of}) FILTER (WHERE {turnover}), 0) AS debit_{of},
    coalesce(sum(b.credit_{of}) FILTER (WHERE {turnover}), 0) AS credit_{of}"""


def amounts(row: Row[Any]) -> tuple[int, int, int]:
    """Sums over months come as numeric: they may be larger than any one balance."""
    return int(row.opening_tiyn), int(row.debit_tiyn), int(row.credit_tiyn)


def moved(row: Row[Any], of: str) -> Movement:
    found = row._mapping
    return Movement(*(int(found[f"{side}_{of}"]) for side in ("opening", "debit", "credit")))


# ------------------------------------------------------------------------------------------------ where rows come from

_WHOLE_MONTHS = "b.month < :whole_end AND b.month IS DISTINCT FROM CAST(:broken_start AS date)"

_FINE = f"""
    SELECT b.subaccount_id AS id, b.month AS day, b.kind, b.debit_tiyn, b.credit_tiyn, b.debit_quantity_milli,
           b.credit_quantity_milli, b.debit_currency_minor, b.credit_currency_minor
      FROM ledger_balance b WHERE b.organisation_id = ANY(:organisations) AND {_WHOLE_MONTHS}"""

_COARSE = f"""
    SELECT b.account_id AS id, b.month AS day, b.kind, b.debit_tiyn, b.credit_tiyn
      FROM ledger_account_balance b WHERE b.organisation_id = ANY(:organisations) AND {_WHOLE_MONTHS}"""

_GROUPS = f"""
    SELECT b.account_id AS id, b.month AS day, b.kind, b.debit_tiyn, b.credit_tiyn
      FROM ledger_group_balance b WHERE b.group_id = ANY(:groups) AND {_WHOLE_MONTHS}"""

_GROUPS_KNOWN = f"""
    SELECT b.account_id AS id, b.month AS day, b.kind, b.debit_tiyn, b.credit_tiyn
      FROM ledger_group_history b
     WHERE b.group_id = ANY(:groups) AND {_WHOLE_MONTHS}
       AND b.epoch_no IN (SELECT e.no FROM ledger_epoch e WHERE e.until <= CAST(:known AS xid8))"""

# Postings are one row a side; ``which`` narrows the entries they are of.  OFFSET 0: a side's account is a look by key.
_POSTINGS = """
    SELECT side.id, e.effective_on AS day, e.balance_kind AS kind, side.debit_tiyn, side.credit_tiyn,
           side.debit_quantity_milli, side.credit_quantity_milli, side.debit_currency_minor, side.credit_currency_minor
      FROM ledger_entry e
      JOIN ledger_posting p
        ON p.organisation_id = e.organisation_id AND p.fiscal_year = e.fiscal_year AND p.entry_id = e.id
     CROSS JOIN LATERAL (
           VALUES (p.debit_id, p.amount_tiyn, 0::bigint, p.debit_quantity_milli, NULL::bigint, p.debit_currency_minor,
                   NULL::bigint),
                  (p.credit_id, 0, p.amount_tiyn, NULL, p.credit_quantity_milli, NULL, p.credit_currency_minor))
           AS side(id, debit_tiyn, credit_tiyn, debit_quantity_milli, credit_quantity_milli, debit_currency_minor,
                   credit_currency_minor)
     WHERE {which}"""

_POSTINGS_BY_ACCOUNT = """
    SELECT s.account_id AS id, e.effective_on AS day, e.balance_kind AS kind, side.debit_tiyn, side.credit_tiyn
      FROM ledger_entry e
      JOIN ledger_posting p
        ON p.organisation_id = e.organisation_id AND p.fiscal_year = e.fiscal_year AND p.entry_id = e.id
     CROSS JOIN LATERAL (VALUES (p.debit_id, p.amount_tiyn, 0::bigint), (p.credit_id, 0, p.amount_tiyn))
           AS side(id, debit_tiyn, credit_tiyn)
     CROSS JOIN LATERAL (SELECT s.account_id FROM ledger_subaccount s
                          WHERE s.organisation_id = e.organisation_id AND s.id = side.id OFFSET 0) s
     WHERE {which}"""

_IN_BROKEN_MONTHS = """EXISTS (SELECT FROM unnest(CAST(:from AS date[]), CAST(:to AS date[])) AS d(f, t)
                                WHERE e.effective_on >= d.f AND e.effective_on < d.t)
       AND e.effective_on >= (SELECT min(f) FROM unnest(CAST(:from AS date[])) f) AND e.effective_on < :end"""
_IN_WHOLE_MONTHS = """e.effective_on < :whole_end
       AND date_trunc('month', e.effective_on)::date IS DISTINCT FROM CAST(:broken_start AS date)"""
_OF_ORGANISATIONS = "e.organisation_id = ANY(:organisations)"
_OF_GROUPS = "ledger_group_of(e.organisation_id) = ANY(:groups)"
_KNOWN = "e.recorded_xid < CAST(:known AS xid8)"
_NOT_ROLLED = "e.recorded_xid >= (SELECT ledger_rolled())"
_OF_THE_EPOCH = """e.recorded_xid >= (SELECT coalesce(max(e.until), '0'::xid8) FROM ledger_epoch e
                                       WHERE e.until <= CAST(:known AS xid8))"""


def _union(*parts: str) -> str:
    return "\n    UNION ALL".join(parts)


def _where(*conditions: str) -> str:
    return " AND ".join(conditions)


def _of_organisations(cut: Cut, balances: str, postings: str) -> list[str]:
    """Rows of organisations by themselves."""
    if cut.known is not None:
        return [postings.format(which=_where(_OF_ORGANISATIONS, "e.effective_on < :end", _KNOWN))]
    if not cut.broken:
        return [balances]
    return [balances, postings.format(which=_where(_OF_ORGANISATIONS, _IN_BROKEN_MONTHS))]


def _of_groups(cut: Cut) -> list[str]:
    """Rows of whole groups, by account."""
    if cut.known is not None:
        tail = _where(_IN_WHOLE_MONTHS, _OF_GROUPS, _KNOWN, _OF_THE_EPOCH)
        parts = [_GROUPS_KNOWN, _POSTINGS_BY_ACCOUNT.format(which=tail)]
        broken = _where(_IN_BROKEN_MONTHS, _OF_GROUPS, _KNOWN)
    else:
        tail = _where(_IN_WHOLE_MONTHS, _OF_GROUPS, _NOT_ROLLED)
        parts = [_GROUPS, _POSTINGS_BY_ACCOUNT.format(which=tail)]
        broken = _where(_IN_BROKEN_MONTHS, _OF_GROUPS)
    return [*parts, _POSTINGS_BY_ACCOUNT.format(which=broken)] if cut.broken else parts


# ------------------------------------------------------------------------------------------------ sums


def sums_by_account(connection: Connection, scope: Scope, organisations: Sequence[int], cut: Cut) -> list[Sums]:
    """Of all the organisations together."""
    if not organisations:
        return []
    groups = _whole_groups(connection, scope, organisations) if len(organisations) > 1 else []
    apart = [id_ for id_ in organisations if id_ >> _GROUP_BITS not in groups]
    parts = _of_groups(cut) if groups else []
    if apart:
        parts += _of_organisations(cut, _COARSE, _POSTINGS_BY_ACCOUNT)
    rows = connection.execute(
        text(f"SELECT b.id AS account_id, {sums('tiyn')} FROM ({_union(*parts)}) b WHERE {COUNTED} GROUP BY 1"),
        {"organisations": apart, "groups": list(groups), **cut.parameters},
    )
    return [Sums(r.account_id, None, (), *amounts(r)) for r in rows]


_GROUP_BITS = 6  # ledger_group_of()


def rows_by_subaccount(cut: Cut) -> str:
    """Turnovers of the ``:organisations`` by subaccount, day or month, and kind: what goes into a FROM as ``b``."""
    return _union(*_of_organisations(cut, _FINE, _POSTINGS))


def _whole_groups(connection: Connection, scope: Scope, organisations: Sequence[int]) -> frozenset[int]:
    found = connection.execute(
        text("SELECT ledger_whole_groups(:organisations)"), {"organisations": list(organisations)}
    )
    return frozenset(found.scalars())


def sums_by_subaccount(connection: Connection, scope: Scope, organisation_id: int, cut: Cut) -> list[Sums]:
    """Of every subaccount that has a balance or a turnover, with its quantities and currency amounts."""
    parts = rows_by_subaccount(cut)
    rows = connection.execute(
        text(f"""
            SELECT s.account_id, s.id, ARRAY[{SIDE_CODES}] AS codes, t.*
              FROM (SELECT b.id AS subaccount_id, {sums("tiyn")}, {sums("quantity_milli")}, {sums("currency_minor")}
                      FROM ({parts}) b WHERE {COUNTED} GROUP BY 1) t
              JOIN ledger_side s ON s.organisation_id = :organisation AND s.id = t.subaccount_id
        """),
        {"organisation": organisation_id, "organisations": [organisation_id], **cut.parameters},
    )
    return [
        Sums(r.account_id, r.id, tuple(r.codes), *amounts(r), moved(r, "quantity_milli"), moved(r, "currency_minor"))
        for r in rows
    ]
