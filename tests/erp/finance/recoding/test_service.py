"""Recoding: what stood on old codes stands on the new ones from the day on, and nothing is lost on the way."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.errors import DomainError
from erp.base.scope import Scope, system_scope
from erp.finance.recoding import rules, service
from erp.finance.recoding.model import Applied, Line, Outcome, Plan
from erp.finance.recoding.schemas import MakeRecoding, MappingLine
from ledger import service as ledger
from ledger.errors import AccountNotInForce, PeriodClosed
from ledger.model import Actor, PeriodState, Posting
from tests.factories.books import ACTOR, Books, scope_of, some_books

APRIL = date(2026, 4, 1)
MARCH = date(2026, 3, 15)
MAPPING = (("account", "1010", "1011"), ("account", "1316", "1317"), ("account", "3210", "3211"),
           ("account", "7060", "7061"), ("account", "01", "02"), ("source", "A", "B"))  # fmt: skip


def make(books: Books, *lines: tuple[str, str, str], on: date = APRIL, whole: Engine | None = None) -> int:
    """One of the books' own; for everybody where ``whole`` is the engine of the owner."""
    wanted = [MappingLine(what=what, old=old, new=new) for what, old, new in lines]  # type: ignore[arg-type]
    command = MakeRecoding(title="Жаңа шоттар жоспары", effective_on=on, lines=wanted)
    if whole:
        return uow.run(whole, system_scope(), lambda u: service.make(u, None, command))
    return uow.run(books.engine, scope_of(books.organisation), lambda u: service.make(u, books.organisation, command))


def preview(books: Books, recoding: int) -> Plan:
    scope = scope_of(books.organisation)
    return uow.read(books.engine, scope, lambda u: service.preview(u, recoding, books.organisation))


def apply(books: Books, recoding: int, by: Scope | None = None) -> Applied:
    scope = by or scope_of(books.organisation)
    return uow.run(books.engine, scope, lambda u: service.apply(u, recoding, books.organisation))


def faults(plan: Plan) -> set[type[DomainError]]:
    return {type(fault) for fault in plan.all_faults}


def balances(books: Books) -> dict[tuple[str, ...], tuple[int, int]]:
    """Amount and quantity by account, counterparty, contract, item, programme and source; zeros left out."""
    with books.engine.connect() as connection:
        connection.execute(text("SELECT set_config('qazyna.reads', :o, false)"), {"o": str(books.organisation)})
        rows = connection.execute(
            text("""
                SELECT a.code, s.counterparty, s.contract, s.item, s.programme, s.source,
                       sum(b.debit_tiyn - b.credit_tiyn)::bigint AS tiyn,
                       sum(b.debit_quantity_milli - b.credit_quantity_milli)::bigint AS milli
                  FROM ledger_balance b
                  JOIN ledger_side s ON s.organisation_id = b.organisation_id AND s.id = b.subaccount_id
                  JOIN ledger_account a ON a.id = s.account_id
                 WHERE b.organisation_id = :o GROUP BY 1, 2, 3, 4, 5, 6
                HAVING (sum(b.debit_tiyn - b.credit_tiyn), sum(b.debit_quantity_milli - b.credit_quantity_milli))
                       <> (0, 0)
            """),
            {"o": books.organisation},
        )
        return {tuple(row[:6]): (row.tiyn, row.milli) for row in rows}


def expected(before: dict[tuple[str, ...], tuple[int, int]]) -> dict[tuple[str, ...], tuple[int, int]]:
    accounts = {old: new for what, old, new in MAPPING if what == "account"}
    moved: dict[tuple[str, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (code, *dimensions, source), (tiyn, milli) in before.items():
        key = (accounts.get(code, code), *dimensions, "B" if source == "A" else source)
        moved[key] = (moved[key][0] + tiyn, moved[key][1] + milli)
    return {key: found for key, found in moved.items() if found != (0, 0)}


# ------------------------------------------------------------------------------------------------ what is moved


SIDES = [
    ("1010", {}), ("1316", {"item": "paper"}), ("1316", {"item": "ink"}), ("3210", {"counterparty": "x"}),
    ("3210", {"counterparty": "y", "contract": "1"}), ("7060", {"programme": "464.003"}), ("7060", {}),
    ("6010", {}), ("1490", {"source": "A", "project": "p"}), ("1490", {"source": "B", "project": "p"}),
]  # fmt: skip
posted = st.lists(
    st.tuples(
        st.integers(0, len(SIDES) - 1),
        st.integers(0, len(SIDES) - 1),
        st.integers(-(10**6), 10**6).filter(bool),
        st.integers(0, 5),
        st.dates(date(2026, 1, 5), date(2026, 3, 31)),
    ).filter(lambda p: p[0] != p[1]),
    max_size=12,
)
_numbers = count(1000)


@given(posted=posted, later=posted)
@settings(max_examples=25)
def test_old_balances_are_zero_afterwards_and_the_totals_are_equal(
    shared_database: str,
    accounts: dict[str, int],
    posted: list[tuple[int, int, int, int, date]],
    later: list[tuple[int, int, int, int, date]],
) -> None:
    books = some_books(shared_database, organisation=next(_numbers), accounts=accounts, pool=2)
    try:
        recoding = make(books, *MAPPING)
        for rows in (posted, later):  # what comes later is dated before the effect, and still goes to old codes
            for debit, credit, tiyn, quantity, day in rows:
                milli = quantity * 1000 * (1 if tiyn > 0 else -1) or None
                sides = [books.side(SIDES[at][0], **SIDES[at][1]) for at in (debit, credit)]
                books.post(
                    books.entry(
                        Posting(*sides, tiyn, None, milli if SIDES[debit][0] == "1316" else None,
                                milli if SIDES[credit][0] == "1316" else None),
                        on=day,
                    )
                )  # fmt: skip
            before = balances(books)
            plan = preview(books, recoding)
            if not plan.is_possible:
                assert faults(plan) == {rules.QuantityAlone}
                return
            done = apply(books, recoding)
            after = balances(books)
            assert after == expected(before)
            assert sum(t for t, _ in after.values()) == sum(t for t, _ in before.values()) == 0
            assert not {key for key in after if key[0] in ("1010", "1316", "3210", "7060") or key[5] == "A"}
            assert done.postings == len(plan.moves)
            assert apply(books, recoding).outcome is Outcome.NOTHING
            assert balances(books) == after
    finally:
        books.engine.dispose()


def test_the_transfer_is_an_opening_entry_of_the_day_and_the_books_before_stay_as_they_were(books: Books) -> None:
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 700), on=MARCH))
    recoding = make(books, ("account", "1010", "1011"))
    assert apply(books, recoding) == Applied(Outcome.MOVED, 1, 1)
    with books.engine.connect() as connection:
        connection.execute(text("SELECT set_config('qazyna.reads', :o, false)"), {"o": str(books.organisation)})
        entry = connection.execute(
            text("""SELECT e.kind, e.effective_on, e.source_kind, e.source_id, e.memo, j.code FROM ledger_entry e
                      JOIN ledger_journal j ON j.id = e.journal_id WHERE e.source_kind = 'recoding'""")
        ).one()
    assert tuple(entry) == (
        "opening", APRIL, "recoding", recoding,
        "Шоттар мен кодтарды ауыстыру: Жаңа шоттар жоспары / Перекодирование: Жаңа шоттар жоспары", "OPEN",
    )  # fmt: skip


def test_off_balance_accounts_and_credit_balances_keep_their_sides(books: Books) -> None:
    books.post(books.entry(Posting(books.side("01"), books.side("00"), 5), on=MARCH))
    books.post(books.entry(Posting(books.side("1010"), books.side("3210", counterparty="x"), 9), on=MARCH))
    apply(books, make(books, *MAPPING))
    by_account = {key[0]: tiyn for key, (tiyn, _) in balances(books).items()}
    assert by_account == {"02": 5, "00": -5, "1011": 9, "3211": -9}


# ------------------------------------------------------------------------------------------------ dated effect


def test_a_correction_dated_before_the_effect_goes_to_the_old_code_and_the_next_round_moves_it(books: Books) -> None:
    recoding = make(books, ("account", "1010", "1011"))
    cash, income = books.side("1010"), books.side("6010")
    books.post(books.entry(Posting(cash, income, 700), on=MARCH))
    apply(books, recoding)
    books.post(books.entry(Posting(cash, income, -200), on=MARCH))
    assert [move.standing.balance_tiyn for move in preview(books, recoding).moves] == [-200]
    assert apply(books, recoding) == Applied(Outcome.MOVED, 2, 1)
    assert {key[0]: tiyn for key, (tiyn, _) in balances(books).items()} == {"1011": 500, "6010": -500}


def test_old_accounts_of_everybody_s_recoding_end_on_the_day_and_books_are_moved_all_the_same(
    books: Books, owner: Engine
) -> None:
    with owner.begin() as connection:
        connection.execute(
            text("""INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable,
                                                confidence)
                    VALUES ('1077', 'x', 'x', 'x', 'asset', 'debit', true, 'high')""")
        )
        books.accounts["1077"] = connection.execute(
            text("SELECT id FROM ledger_account WHERE code = '1077'")
        ).scalar_one()
    old, income = books.side("1077"), books.side("6010")
    books.post(books.entry(Posting(old, income, 700), on=MARCH))
    recoding = make(books, ("account", "1077", "1011"), whole=owner)
    assert uow.run(owner, system_scope(books.organisation), lambda u: service.end_codes(u, recoding)) == 1
    with pytest.raises(AccountNotInForce):
        books.post(books.entry(Posting(old, income, 1), on=APRIL))
    progress = uow.read(books.engine, system_scope(), lambda u: service.progress(u, recoding))
    assert [(p.organisation_id, p.unmoved, p.rounds) for p in progress] == [(books.organisation, 1, 0)]
    assert apply(books, recoding).postings == 1  # on the very day that the account has ended
    with pytest.raises(AccountNotInForce):
        books.post(books.entry(Posting(old, income, 1), on=APRIL))
    books.post(books.entry(Posting(old, income, 1), on=MARCH))  # before the effect it is in force
    assert apply(books, recoding).round == 2
    progress = uow.read(books.engine, system_scope(), lambda u: service.progress(u, recoding))
    assert [(p.unmoved, p.rounds) for p in progress] == [(0, 2)]


def sides_of_others(owner: Engine, books: Books, code: str) -> set[tuple[object, ...]]:
    """Row versions of the account and of its sides in other books."""
    with owner.connect() as connection:
        rows = connection.execute(
            text("""SELECT 'account', a.id, a.xmin::text FROM ledger_account a WHERE a.code = :code
                     UNION ALL
                    SELECT 'side', s.id, s.xmin::text
                      FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id
                     WHERE a.code = :code AND s.organisation_id <> :own"""),
            {"code": code, "own": books.organisation},
        )
        return {tuple(row) for row in rows}


def test_moving_one_institution_s_balances_leaves_the_chart_and_the_sides_of_others_alone(
    shared_database: str, books: Books, owner: Engine
) -> None:
    with owner.begin() as connection:
        books.accounts["1079"] = connection.execute(
            text("""INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable,
                                                confidence)
                    VALUES ('1079', 'x', 'x', 'x', 'asset', 'debit', true, 'high') RETURNING id""")
        ).scalar_one()
    other = some_books(shared_database, organisation=books.organisation + 7000, accounts=books.accounts, pool=1)
    other.side("1079")
    old, income = books.side("1079"), books.side("6010")
    books.post(books.entry(Posting(old, income, 700), on=MARCH))
    recoding = make(books, ("account", "1079", "1011"), whole=owner)
    uow.run(owner, system_scope(), lambda u: service.end_codes(u, recoding))
    before = sides_of_others(owner, books, "1079")
    assert len(before) == 2
    assert apply(books, recoding).postings == 1
    assert sides_of_others(owner, books, "1079") == before
    with pytest.raises(AccountNotInForce):
        books.post(books.entry(Posting(old, income, 1), on=APRIL))
    other.engine.dispose()


def test_more_balances_than_an_entry_holds_are_moved_in_several(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "POSTINGS_AN_ENTRY", 2)
    for item in "abcde":
        books.post(books.entry(Posting(books.side("1316", item=item), books.side("6010"), 5), on=MARCH))
    assert apply(books, make(books, ("account", "1316", "1317"))).postings == 5
    assert sorted(key[0] for key in balances(books)) == ["1317"] * 5 + ["6010"]


# What is everybody's is changed by administrators of a body on top, whatever the policy has let pass.
_PEOPLE = """
    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en, in_force)
    VALUES ('000000009001', 'oblast', 'd', 'd', 'd', '(,)'), ('000000009002', 'institution', 's', 's', 's', '(,)');
    INSERT INTO reference_organisation_link (child_id, parent_id)
    SELECT s.id, d.id FROM reference_organisation s, reference_organisation d
     WHERE (s.code, d.code) = ('000000009002', '000000009001');
    INSERT INTO reference_user (login, name, password_hash) VALUES ('head', 'h', ''), ('of-school', 's', '');
    INSERT INTO reference_role_grant (user_id, role, organisation_id)
    SELECT u.id, 'administrator', o.id FROM reference_user u JOIN reference_organisation o
        ON (u.login, o.code) IN (('head', '000000009001'), ('of-school', '000000009002'));
"""


@pytest.fixture(scope="module")
def administrators(owner: Engine) -> dict[str, int]:
    with owner.begin() as connection:
        connection.execute(text(_PEOPLE))
        return {u.login: u.id for u in connection.execute(text("SELECT login, id FROM reference_user"))}


def acting(engine: Engine, by: int, statement: str, **said: object) -> object:
    def run(u: uow.UnitOfWork) -> object:
        return u.connection.execute(text(statement), said).scalar()

    return uow.run(engine, Scope(Actor(by, "test")), run)


_ADD = """INSERT INTO finance_recoding (books_of, title, effective_on, created_by, origin)
          VALUES (NULL, 'x', '2026-04-01', :actor, 'test') RETURNING id"""
_ADD_LINE = "INSERT INTO finance_recoding_line VALUES (:id, 'item', 'a', 'b')"


def test_an_administrator_of_a_body_below_changes_nothing_of_everybody_s(
    books: Books, owner: Engine, administrators: dict[str, int]
) -> None:
    recoding = make(books, ("item", "x", "y"), whole=owner)
    head, below = administrators["head"], administrators["of-school"]
    end = "SELECT finance_recoding_end(:id, :actor)"
    for actor, named in ((below, below), (below, head), (7, head)):
        with pytest.raises(Exception, match="is no administrator"):
            acting(books.engine, actor, end, id=recoding, actor=named)
    for actor, named in ((below, below), (below, head), (7, 7), (0, 0)):
        with pytest.raises(Exception, match="row-level security"):
            acting(books.engine, actor, _ADD, actor=named)
    assert acting(books.engine, head, _ADD, actor=head)
    assert acting(books.engine, head, end, id=recoding, actor=head) == 0


def test_a_mapping_is_never_added_to(books: Books, owner: Engine, administrators: dict[str, int]) -> None:
    made = acting(books.engine, administrators["head"], _ADD, actor=administrators["head"])
    for actor in (administrators["head"], 7):
        with pytest.raises(Exception, match="row-level security"):
            acting(books.engine, actor, _ADD_LINE, id=made)
    own = make(books, ("item", "x", "y"))
    with pytest.raises(Exception, match="row-level security"):
        uow.run(
            books.engine, scope_of(books.organisation), lambda u: u.connection.execute(text(_ADD_LINE), {"id": own})
        )


def test_only_an_administrator_ends_codes(books: Books, owner: Engine) -> None:
    recoding = make(books, ("account", "1010", "1011"), whole=owner)
    for actor in (0, 7):
        scope = Scope(Actor(actor, "test"))
        with pytest.raises(Exception, match="is no administrator"):
            uow.run(books.engine, scope, lambda u: service.end_codes(u, recoding))


def test_a_closed_month_refuses_and_nothing_is_moved(books: Books) -> None:
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 700), on=MARCH))
    recoding = make(books, ("account", "1010", "1011"))
    scope = scope_of(books.organisation)
    uow.run(
        books.engine,
        scope,
        lambda u: ledger.set_period(u.connection, books.organisation, APRIL, PeriodState.CLOSED, ACTOR),
    )
    before = balances(books)
    with pytest.raises(PeriodClosed):
        apply(books, recoding)
    assert balances(books) == before
    assert preview(books, recoding).rounds == 0


def test_repeating_after_a_lost_answer_posts_nothing_twice(books: Books) -> None:
    """The round and its key are counted from what was saved, so a second sending finds nothing left to move."""
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 700), on=MARCH))
    recoding = make(books, ("account", "1010", "1011"))
    assert [apply(books, recoding).outcome for _ in range(3)] == [Outcome.MOVED, Outcome.NOTHING, Outcome.NOTHING]


# ------------------------------------------------------------------------------------------------ what is wrong


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([("account", "1999", "1011")], rules.OldUnknown),
        ([("account", "1010", "1999")], rules.NewUnknown),
        ([("account", "3210", "3200")], rules.NewNotPostable),
        ([("account", "1010", "3213")], rules.NaturesDiffer),
        ([("account", "5210", "5220")], rules.RoleLost),
        ([("account", "1011", "1010")], rules.OldUnknown),  # the new one began only on the day
        ([("specific", "111", "112")], rules.OldUnknown),
        ([("specific", "111", "112")], rules.NewUnknown),
        ([("item", "a", "c"), ("item", "b", "c")], rules.NotOneToOne),
    ],
)
def test_what_is_wrong_with_a_mapping_is_told(
    books: Books, lines: list[tuple[str, str, str]], fault: type[DomainError]
) -> None:
    recoding = make(books, *lines)
    assert fault in faults(preview(books, recoding))
    with pytest.raises(rules.RecodingImpossible):
        apply(books, recoding)


def test_an_account_that_ended_before_the_day_is_told(books: Books, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(
            text("""INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable,
                                                confidence, in_force)
                    VALUES ('1078', 'x', 'x', 'x', 'asset', 'debit', true, 'high', '(,2026-02-01)')""")
        )
    assert faults(preview(books, make(books, ("account", "1078", "1011")))) == {rules.EndedTooEarly}


@pytest.mark.parametrize(("new", "fault"), [("3212", rules.DimensionsMissing), ("3213", rules.DimensionsBeyond)])
def test_a_balance_that_does_not_fit_the_new_account_is_told(books: Books, new: str, fault: type[DomainError]) -> None:
    books.post(books.entry(Posting(books.side("7060"), books.side("3210", counterparty="x"), 5), on=MARCH))
    plan = preview(books, make(books, ("account", "3210", new)))
    assert faults(plan) == {fault}
    assert [len(move.faults) for move in plan.moves] == [1]


def test_entries_on_the_old_code_after_the_effect_are_told_until_they_are_cancelled(books: Books) -> None:
    cash, income = books.side("1010"), books.side("6010")
    books.post(books.entry(Posting(cash, income, 700), on=MARCH))
    books.post(books.entry(Posting(cash, income, 30), on=APRIL + timedelta(days=3)))
    recoding = make(books, ("account", "1010", "1011"))
    assert faults(preview(books, recoding)) == {rules.MovedSince}
    books.post(books.entry(Posting(cash, income, -30), on=APRIL + timedelta(days=4)))
    assert apply(books, recoding).postings == 1


def test_revenue_and_expense_wait_for_the_close_of_the_year() -> None:
    from erp.finance.recoding.model import AccountEdition, Recoding, Registers, Standing
    from ledger.model import Dimension

    def account(code: str) -> AccountEdition:
        none = Dimension(0)
        return AccountEdition(1, code, "", "", "", "expense", "debit", True, none, none, False, "", None, None)

    recoding = Recoding(1, 1, "x", date(2027, 1, 1), "", date.min, None, (Line("account", "7060", "7061"),))  # type: ignore[arg-type]
    registers = Registers({"7060": (account("7060"),), "7061": (account("7061"),)}, frozenset(), frozenset())
    standing = Standing(1, account("7060"), ("",) * 9, 5, 0, 0, False)
    assert [type(f) for f in rules.move(standing, recoding, registers).faults] == [rules.YearOpen]


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([("account", "1010", "1011"), ("account", "1010", "1012")], rules.MappedTwice),
        ([("account", "1010", "1010")], rules.MappedToItself),
        ([("account", "1010", "1011"), ("account", "1011", "1012")], rules.MappedOn),
        ([], rules.MappingEmpty),
    ],
)
def test_a_mapping_is_a_table_from_old_to_new(lines: list[tuple[str, str, str]], refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        rules.require_shape([Line(*line) for line in lines])


def test_a_mapping_is_read_from_lines_as_people_paste_them() -> None:
    text = "what;old;new\n\naccount; 7105; 7150\nspecific\t159\t169\n"
    assert rules.parse_lines(text) == [Line("account", "7105", "7150"), Line("specific", "159", "169")]
    with pytest.raises(rules.MappingMalformed, match="Line 1"):
        rules.parse_lines("person; a; b")
    assert rules.parse_lines("specific;a\u2028b;c\r\n") == [Line("specific", "a\u2028b", "c")]


def test_new_codes_begin_with_a_month(books: Books) -> None:
    with pytest.raises(rules.NotFirstOfMonth):
        make(books, ("account", "1010", "1011"), on=date(2026, 4, 2))


# ------------------------------------------------------------------------------------------------ whose


def test_an_institution_s_own_recoding_is_unknown_to_others(books: Books, accounts: dict[str, int]) -> None:
    recoding = make(books, ("account", "1010", "1011"))
    stranger = scope_of(books.organisation + 5000)
    with pytest.raises(rules.RecodingUnknown):
        uow.run(books.engine, stranger, lambda u: service.preview(u, recoding, books.organisation + 5000))
    with books.engine.connect() as connection:
        connection.execute(text("SELECT set_config('qazyna.reads', :o, false)"), {"o": str(books.organisation + 5000)})
        for table in ("finance_recoding", "finance_recoding_line", "finance_recoding_transfer"):
            column = {"finance_recoding": "id"}.get(table, "recoding_id")
            found = connection.execute(text(f"SELECT count(*) FROM {table} WHERE {column} = :id"), {"id": recoding})
            assert found.scalar_one() == 0


def test_making_and_applying_are_audited(books: Books, owner: Engine) -> None:
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 700), on=MARCH))
    recoding = make(books, ("account", "1010", "1011"))
    apply(books, recoding)
    with owner.connect() as connection:
        events = connection.execute(
            text("SELECT action FROM base_audit_event WHERE subject = :s ORDER BY id"), {"s": f"recoding:{recoding}"}
        )
        assert list(events.scalars()) == ["recoding-made", "recoded"]
