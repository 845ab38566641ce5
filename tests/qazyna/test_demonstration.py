"""The demonstration: books that tie, whoever loads them and however often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256

import pytest
from dateutil.relativedelta import relativedelta
from rich.progress import Progress
from sqlalchemy import Connection, text

from erp.base import uow
from erp.base.dates import MonthSpan
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.finance.journal import service as journal
from erp.reference.access import service as access
from erp.reference.access.model import Identity, Permission, Role
from erp.reference.access.policy import permissions_at, reach
from erp.reference.counterparties.model import CounterpartyKind
from erp.reference.counterparties.rules import kind_of
from ledger.model import Actor
from qazyna import demonstration
from qazyna.demonstration import books, oblast
from qazyna.demonstration.desk import PLANS
from qazyna.demonstration.model import Institution
from qazyna.demonstration.payroll import payslip
from qazyna.demonstration.people import PEOPLE
from tests.conftest import TestServer

KEEPING = [i for i in oblast.institutions() if i.joins is None]
EMPTY = [i for i in oblast.institutions() if i.joins is not None]

# Every posting by codes alone, whatever ids a database gave them.
_CONTENT = text("""
    SELECT concat_ws('|', o.code, j.code, e.number, e.kind, e.effective_on, e.memo, e.document_number, u.login, p.no,
                     da.code, d.programme, d.specific, d.counterparty, d.person,
                     ca.code, c.programme, c.specific, c.counterparty, c.person,
                     p.amount_tiyn, p.memo, p.debit_quantity_milli, p.credit_quantity_milli) AS line
      FROM ledger_posting p
      JOIN ledger_entry e ON (e.organisation_id, e.fiscal_year, e.id) = (p.organisation_id, p.fiscal_year, p.entry_id)
      JOIN reference_organisation o ON o.id = p.organisation_id
      JOIN reference_user u ON u.id = e.actor_id
      JOIN ledger_journal j ON j.id = e.journal_id
      JOIN ledger_side d ON (d.organisation_id, d.id) = (p.organisation_id, p.debit_id)
      JOIN ledger_account da ON da.id = d.account_id
      JOIN ledger_side c ON (c.organisation_id, c.id) = (p.organisation_id, p.credit_id)
      JOIN ledger_account ca ON ca.id = c.account_id
     ORDER BY o.code COLLATE "C", e.fiscal_year, j.code COLLATE "C", e.number, p.no
""")

# Balances at the end of each month by account and classification, counterparty, person.
_MONTH_ENDS = """
    SELECT * FROM (
        SELECT o.name_en AS institution, a.code AS account, a.kind, a.normal_side, s.programme, s.specific,
               s.counterparty, s.person, b.month,
               sum(sum(b.debit_tiyn - b.credit_tiyn)) OVER (PARTITION BY b.organisation_id, b.subaccount_id
                                                                ORDER BY b.month) AS balance
          FROM ledger_balance b
          JOIN ledger_side s ON (s.organisation_id, s.id) = (b.organisation_id, b.subaccount_id)
          JOIN ledger_account a ON a.id = s.account_id
          JOIN reference_organisation o ON o.id = b.organisation_id
         GROUP BY b.organisation_id, b.subaccount_id, o.name_en, a.code, a.kind, a.normal_side, s.programme, s.specific,
                  s.counterparty, s.person, b.month) AS month_end
"""


def load(url: str) -> None:
    demonstration.load(url, Progress(disable=True))


def fingerprint(url: str) -> tuple[int, str]:
    """How many postings there are, and a digest of all they say."""
    with as_owner(url) as connection:
        lines = connection.execute(_CONTENT).scalars().all()
    return len(lines), sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def as_owner(url: str) -> Iterator[Connection]:
    engine = make_engine(url, role=None, pool=1)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def loaded(shared_database: str) -> str:
    assert not demonstration.is_loaded(shared_database)
    load(shared_database)
    return shared_database


@pytest.fixture
def owner(loaded: str) -> Iterator[Connection]:
    with as_owner(loaded) as connection:
        yield connection


@pytest.fixture(scope="module")
def ids(loaded: str) -> dict[str, int]:
    with as_owner(loaded) as connection:
        return {r.name_en: r.id for r in connection.execute(text("SELECT name_en, id FROM reference_organisation"))}


def test_it_is_loaded_once_and_a_second_load_changes_nothing(loaded: str) -> None:
    tables = ("ledger_entry", "ledger_command", "ledger_correction", "reference_role_grant", "base_audit_event")

    def counts() -> list[int]:
        with as_owner(loaded) as connection:
            return [connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables]

    assert demonstration.is_loaded(loaded)
    before = counts()
    load(loaded)
    assert counts() == before


def test_a_load_that_was_killed_goes_on_and_the_postings_are_the_same(
    loaded: str, server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = server.new_database()
    closed = Counter[int]()
    real = journal.close_month

    def killed(u: uow.UnitOfWork, organisation_id: int, month: date) -> None:
        closed[organisation_id] += 1
        if len(closed) == 7 and closed[organisation_id] == 9:  # amid the seventh institution's transaction
            raise KeyboardInterrupt
        real(u, organisation_id, month)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "close_month", killed)
        with pytest.raises(KeyboardInterrupt):
            load(other)
    assert not demonstration.is_loaded(other)

    load(other)
    assert demonstration.is_loaded(other)
    postings, digest = fingerprint(loaded)
    print(f"\n{postings} postings, sha256 {digest}")  # noqa: T201
    assert fingerprint(other) == (postings, digest)
    server.drop_database(other)


def test_twenty_institutions_keep_books_and_one_of_them_has_no_entry_yet(owner: Connection) -> None:
    counted = text("""
        SELECT o.name_en, (SELECT count(*) FROM ledger_entry e WHERE e.organisation_id = o.id) AS entries
          FROM reference_organisation o
         WHERE EXISTS (SELECT FROM ledger_period p WHERE p.organisation_id = o.id AND p.state = 'open')
    """)
    entries = {r.name_en: r.entries for r in owner.execute(counted)}
    assert len(entries) == 20
    assert [name for name, count in entries.items() if not count] == [i.en for i in EMPTY]
    assert 25_000 <= sum(entries.values()) <= 40_000


def test_months_are_closed_up_to_september_2026(loaded: str, ids: dict[str, int]) -> None:
    engine = make_engine(loaded, pool=1)
    for institution in KEEPING:
        organisation = ids[institution.en]
        months = uow.read(
            engine,
            Scope(Actor(0, "test"), reads=frozenset({organisation})),
            lambda u, organisation=organisation: journal.months(u, organisation),  # type: ignore[misc]
        )
        states = {m.month: m.state for m in months}
        assert (min(states), max(states)) == (date(2025, 1, 1), date(2026, 12, 1))
        assert {m for m, state in states.items() if state == "closed"} == {m for m in states if m < date(2026, 10, 1)}
    engine.dispose()


@pytest.mark.parametrize("name", [i.en for i in KEEPING])
def test_trial_balances_tie_month_by_month(loaded: str, ids: dict[str, int], name: str) -> None:
    organisation = ids[name]
    engine = make_engine(loaded, pool=1)

    def tie(u: uow.UnitOfWork) -> None:
        closing: dict[str, int] = {}
        for n in range(23):
            month = date(2025, 1, 1) + relativedelta(months=n)
            balance = journal.trial_balance(u, organisation, MonthSpan.of(month, month))
            assert balance.opening_debit_tiyn == balance.opening_credit_tiyn > 0
            assert balance.debit_tiyn == balance.credit_tiyn > 0
            assert balance.closing_debit_tiyn == balance.closing_credit_tiyn
            opening = {r.account.code: r.opening_tiyn for r in balance.rows if r.opening_tiyn}
            assert n == 0 or opening == closing
            closing = {r.account.code: r.closing_tiyn for r in balance.rows if r.closing_tiyn}

    uow.read(engine, Scope(Actor(0, "test"), reads=frozenset({organisation})), tie)
    engine.dispose()


def test_no_revenue_or_expense_of_2025_is_left_after_its_closing(owner: Connection) -> None:
    left = owner.execute(
        text(f"""
            SELECT institution, account FROM ({_MONTH_ENDS}) AS m
             WHERE m.month = '2025-12-01' AND kind IN ('revenue', 'expense') AND balance <> 0
        """)
    ).all()
    assert left == []
    held = text("""
        SELECT o.name_en, y.state, y.result_tiyn, sum(b.credit_tiyn - b.debit_tiyn) AS held,
               -(SELECT sum(n.debit_tiyn - n.credit_tiyn)
                   FROM ledger_account_balance n JOIN ledger_account a ON a.id = n.account_id
                  WHERE n.organisation_id = o.id AND n.month < '2026-01-01' AND n.kind <> 2
                    AND a.kind IN ('revenue', 'expense')) AS earned
          FROM ledger_account_balance b JOIN ledger_account a ON a.id = b.account_id AND a.role = 'year_result'
          JOIN reference_organisation o ON o.id = b.organisation_id
          JOIN ledger_year y ON y.organisation_id = o.id AND y.fiscal_year = 2025
         WHERE b.month < '2027-01-01' GROUP BY o.id, o.name_en, y.state, y.result_tiyn
    """)
    rows = owner.execute(held).all()
    assert len(rows) == len(KEEPING)
    assert all((r.state, r.result_tiyn) == ("closed", r.held) and r.held == r.earned != 0 for r in rows)


def test_assignments_of_2025_lapse_with_the_year(owner: Connection) -> None:
    left = owner.execute(
        text(f"""
            SELECT institution, account, specific, balance FROM ({_MONTH_ENDS}) AS m
             WHERE m.month = '2025-12-01' AND account = ANY(:plans) AND balance <> 0
        """),
        {"plans": list(PLANS)},
    ).all()
    assert left == []


def test_nothing_is_overdrawn_at_the_end_of_any_month(owner: Connection) -> None:
    """No side of cash, plans, stocks or claims is negative, no debt is paid before it arose."""
    overdrawn = owner.execute(
        text(f"""
            SELECT institution, account, specific, counterparty, person, month, balance FROM ({_MONTH_ENDS}) AS m
             WHERE (kind IN ('asset', 'budgetary') AND normal_side = 'debit' AND balance < 0)
                OR (kind = 'liability' AND balance > 0)
        """)
    ).all()
    assert overdrawn == []


@pytest.mark.parametrize("institution", KEEPING, ids=lambda i: str(i.en))
def test_plans_and_money_are_not_overdrawn_on_any_day(institution: Institution) -> None:
    balance: Counter[object] = Counter()
    for draft in books.keep(institution):
        for line in draft.lines:
            balance[line.debit] += line.tiyn
            balance[line.credit] -= line.tiyn
            if line.credit.account in (*PLANS, "1010", "1041", "1042", "1314", "1315", "1316"):
                assert balance[line.credit] >= 0, draft


def test_litres_of_petrol_are_never_negative_and_cost_what_petrol_costs(owner: Connection) -> None:
    rows = owner.execute(
        text("""
            SELECT sum(b.debit_quantity_milli - b.credit_quantity_milli)
                       OVER (PARTITION BY b.organisation_id ORDER BY b.month) AS milli,
                   b.debit_tiyn * 1000.0 / nullif(b.debit_quantity_milli, 0) AS tiyn_a_litre
              FROM ledger_balance b
              JOIN ledger_side s ON (s.organisation_id, s.id) = (b.organisation_id, b.subaccount_id)
              JOIN ledger_account a ON a.id = s.account_id AND a.code = '1315'
        """)
    ).all()
    assert rows
    assert all(r.milli >= 0 for r in rows)
    assert all(18_000 < r.tiyn_a_litre < 28_000 for r in rows if r.tiyn_a_litre)


def test_every_entry_says_what_it_is(owner: Connection) -> None:
    unsaid = text("SELECT count(*) FROM ledger_entry WHERE length(btrim(memo)) < 10 OR memo ~ '[{}]'")
    assert owner.execute(unsaid).scalar_one() == 0


def test_texts_are_whole_in_both_languages() -> None:
    for key, text_of in oblast.texts().items():
        assert set(text_of) == {"kk", "ru"}, key
        assert all(text_of.values()), key


def test_two_entries_are_cancelled_in_open_months(owner: Connection) -> None:
    rows = owner.execute(
        text("""
            SELECT o.name_en, e.effective_on, c.reason FROM ledger_correction c
              JOIN ledger_entry e ON e.organisation_id = c.organisation_id AND e.id = c.by_entry_id
              JOIN reference_organisation o ON o.id = c.organisation_id
        """)
    ).all()
    assert len(rows) == 2
    assert all(date(2026, 10, 1) <= r.effective_on <= books.LAST_DAY and r.reason for r in rows)


def test_no_entry_is_later_than_the_last_day_and_papers_are_signed_on_working_days(owner: Connection) -> None:
    last = owner.execute(text("SELECT max(effective_on) FROM ledger_entry")).scalar_one()
    assert last == books.LAST_DAY
    resting = text("""
        SELECT count(*) FROM ledger_entry e JOIN ledger_journal j ON j.id = e.journal_id
         WHERE extract(isodow FROM e.effective_on) > 5 AND j.code NOT IN ('OPEN', 'CLOSE', 'MO-16')
    """)
    assert owner.execute(resting).scalar_one() == 0


def test_programmes_and_specifics_are_in_the_registers(owner: Connection) -> None:
    unknown = text("""
        SELECT DISTINCT programme, specific FROM ledger_classification c
         WHERE (programme <> '' AND NOT EXISTS (SELECT FROM reference_dimension_value v
                                                 WHERE v.dimension = 1 AND v.code = c.programme))
            OR (specific <> '' AND NOT EXISTS (SELECT FROM reference_dimension_value v
                                                WHERE v.dimension = 2 AND v.code = c.specific))
    """)
    assert owner.execute(unknown).all() == []


def test_every_number_of_a_counterparty_and_of_an_organisation_is_a_bin() -> None:
    codes = [s.code for s in oblast.suppliers()]
    codes += [b.code for b in (*oblast.bodies(), *oblast.institutions())]
    assert len(set(codes)) == len(codes)
    assert {kind_of(code) for code in codes} == {CounterpartyKind.LEGAL}


def test_every_sign_in_works_and_every_role_is_taken(loaded: str) -> None:
    engine = make_engine(loaded, pool=1)
    for s in demonstration.SIGN_INS:
        assert access.sign_in(engine, system_scope(), s.login, s.password, books.LAST_DAY), s.login
        assert s.who
    assert {role for p in PEOPLE for role, _ in p.grants} == set(Role)
    engine.dispose()


def test_people_reach_the_books_that_are_theirs(loaded: str, ids: dict[str, int]) -> None:
    engine = make_engine(loaded, pool=1)

    def person(login: str) -> Identity:
        return uow.read(engine, system_scope(), lambda u: access.person(u, login, books.LAST_DAY))

    served = {ids[i.en] for i in oblast.institutions() if i.office}
    assert len(served) == 4
    assert reach(person("aigul"), Permission.JOURNAL_POST) == {ids["Besterek Basic School"]}
    assert reach(person("erlan"), Permission.PERIOD_CLOSE) == served | {ids["Accounting Service Centre for Education"]}
    assert reach(person("asel"), Permission.JOURNAL_READ) >= {ids[i.en] for i in oblast.institutions()}
    assert not reach(person("asel"), Permission.JOURNAL_POST)
    assert not reach(person("bolat"), Permission.JOURNAL_READ)
    for institution in oblast.institutions():
        assert Permission.JOURNAL_POST in permissions_at(person(institution.accountant), ids[institution.en])
    engine.dispose()


@pytest.mark.parametrize(
    ("year", "gross", "net", "employer"),
    [
        (2024, "90000.00", "78924.88", "11574.00"),
        (2024, "350000.00", "282368.80", "45010.00"),
        (2024, "1200000.00", "961868.80", "144485.00"),
        (2025, "95000.00", "83314.48", "14421.00"),
        (2025, "400000.00", "322304.80", "60720.00"),
        (2025, "1200000.00", "962204.80", "172430.00"),
        (2026, "120000.00", "105600.00", "19536.00"),
        (2026, "500000.00", "408975.00", "81400.00"),
    ],
)
def test_payslips_agree_with_the_worked_examples(year: int, gross: str, net: str, employer: str) -> None:
    """Those of 2024-2 and 2026-2 were published; the others follow the same rules."""

    def tiyn(amount: str) -> int:
        return int(amount.replace(".", ""))

    slip = payslip(tiyn(gross), year, born_since_1975=True)
    assert slip.net == tiyn(net)
    assert slip.so + slip.oosms + slip.opvr + slip.social_tax == tiyn(employer)
