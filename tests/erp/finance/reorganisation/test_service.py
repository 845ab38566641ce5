"""A joining: what stood in one institution's books stands in the other's, and nothing is left in transit."""

from collections.abc import Iterator
from datetime import date
from itertools import count
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.finance.reorganisation import queries, rules, service
from erp.finance.reorganisation.model import Reorganisation
from erp.finance.reorganisation.schemas import Join
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.organisations.service import register_organisations
from ledger.errors import ForeignOrganisation, PeriodNotOpened
from ledger.model import Posting
from tests.factories.books import Books, a_chart, scope_of, some_books

APRIL, MARCH = date(2026, 4, 1), date(2026, 3, 15)


@pytest.fixture(scope="module")
def accounts(shared_database: str) -> dict[str, int]:
    made = a_chart(shared_database)
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable, mandatory,
                                            permitted, confidence)
                VALUES ('1242', 'x', 'x', 'x', 'asset', 'debit', true, 8, 8, 'high'),
                       ('1243', 'x', 'x', 'x', 'asset', 'debit', true, 16, 16, 'high')
            """)
        )
        connection.execute(
            text("""INSERT INTO ledger_journal (code, name_kk, name_ru, name_en, confidence)
                    VALUES ('OPEN', 'o', 'o', 'o', 'high')""")
        )
        made |= {a.code: a.id for a in connection.execute(text("SELECT code, id FROM ledger_account"))}
    owner.dispose()
    return made


_bins = count(1)


@pytest.fixture
def pair(shared_database: str, accounts: dict[str, int]) -> Iterator[tuple[Books, Books, str, str]]:
    """Books of two institutions, and their BINs."""
    owner: Engine = make_engine(shared_database, role=None, pool=1)
    codes = [f"{next(_bins):012}", f"{next(_bins):012}"]
    drafts = [OrganisationDraft(code, OrganisationKind.INSTITUTION, code, code, code) for code in codes]
    uow.run(owner, system_scope(), lambda u: register_organisations(u, drafts))
    with owner.connect() as connection:
        found = connection.execute(
            text("SELECT code, id FROM reference_organisation WHERE code = ANY(:codes)"), {"codes": codes}
        )
        ids = {row.code: row.id for row in found}
    owner.dispose()
    a, b = (some_books(shared_database, organisation=ids[code], accounts=accounts, pool=2) for code in codes)
    yield a, b, codes[0], codes[1]
    a.engine.dispose()
    b.engine.dispose()


def joining(code: str, **said: object) -> Join:
    return Join.model_validate({"other": code, "effective_on": APRIL, "act": "Қаулы № 12", "transit": "1242"} | said)


def leave(books: Books, command: Join) -> int:
    return uow.run(books.engine, scope_of(books.organisation), lambda u: service.leave(u, books.organisation, command))


def join(books: Books, made: int) -> bool:
    scope = scope_of(books.organisation)
    return uow.run(books.engine, scope, lambda u: service.join(u, books.organisation, made)).is_done


def reorganisations(books: Books) -> list[Reorganisation]:
    return uow.read(
        books.engine, scope_of(books.organisation), lambda u: service.of_organisation(u, books.organisation)
    )


def balances(books: Books) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Amount and quantity by account, counterparty and item; zeros left out."""
    with books.engine.connect() as connection:
        connection.execute(text("SELECT set_config('qazyna.reads', :o, false)"), {"o": str(books.organisation)})
        rows = connection.execute(
            text("""
                SELECT a.code, s.counterparty, s.item, sum(b.debit_tiyn - b.credit_tiyn)::bigint AS tiyn,
                       sum(b.debit_quantity_milli - b.credit_quantity_milli)::bigint AS milli
                  FROM ledger_balance b
                  JOIN ledger_side s ON s.organisation_id = b.organisation_id AND s.id = b.subaccount_id
                  JOIN ledger_account a ON a.id = s.account_id
                 WHERE b.organisation_id = :o GROUP BY 1, 2, 3
                HAVING sum(b.debit_tiyn - b.credit_tiyn) <> 0
            """),
            {"o": books.organisation},
        )
        return {(r.code, r.counterparty, r.item): (r.tiyn, r.milli) for r in rows}


def some_entries(books: Books) -> None:
    for posting in (
        Posting(books.side("1316", item="paper"), books.side("3210", counterparty="x"), 900, None, 3000),
        Posting(books.side("1010"), books.side("6010"), 500),
        Posting(books.side("7060"), books.side("1316", item="paper"), 300, None, None, 1000),
        Posting(books.side("01"), books.side("00"), 40),
    ):
        books.post(books.entry(posting, on=MARCH))


def test_balances_pass_whole_and_nothing_is_left_in_transit(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _a_code, b_code = pair
    some_entries(a)
    b.post(b.entry(Posting(b.side("1010"), b.side("6010"), 7), on=MARCH))
    before = balances(a)
    made = leave(a, joining(b_code))
    assert balances(a) == {}
    assert join(b, made)
    assert balances(b) == before | {("1010", "", ""): (507, 0), ("6010", "", ""): (-507, 0)}


def test_a_stop_between_the_two_books_is_gone_on_from(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, b_code = pair
    some_entries(a)
    before = balances(a)
    made = leave(a, joining(b_code))  # and here the program is killed
    with pytest.raises(rules.AlreadyJoining):
        leave(a, joining(b_code))
    assert [join(b, made) for _ in range(3)] == [True, True, True]
    assert balances(b) == before


def test_the_successor_names_whom_its_balances_are_from(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, b_code = pair
    some_entries(a)

    def named() -> list[tuple[int, str]]:
        scope = scope_of(b.organisation)
        found = uow.read(b.engine, scope, lambda u: service.predecessors(u, b.organisation))
        return [(each.from_id, each.act) for each in found]

    made = leave(a, joining(b_code))
    assert named() == []
    join(b, made)
    assert named() == [(a.organisation, "Қаулы № 12")]


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"transit": "1999"}, rules.LeavingImpossible),
        ({"transit": "1243"}, rules.LeavingImpossible),
        ({"transit": "01"}, rules.LeavingImpossible),
        ({"other": "000000009999"}, rules.InstitutionUnknown),
        ({"effective_on": date(2027, 1, 1)}, PeriodNotOpened),
    ],
)
def test_what_stands_in_the_way_is_told_and_nothing_leaves(
    pair: tuple[Books, Books, str, str], said: dict[str, object], refusal: type[Exception]
) -> None:
    a, _, _, b_code = pair
    some_entries(a)
    before = balances(a)
    with pytest.raises(refusal):
        leave(a, joining(b_code, **said))
    assert balances(a) == before
    assert uow.read(a.engine, scope_of(a.organisation), lambda u: service.of_organisation(u, a.organisation)) == []


def test_what_stands_with_third_parties_on_the_transit_account_passes_too(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, b_code = pair
    a.post(a.entry(Posting(a.side("1010"), a.side("1242", counterparty="third"), 250), on=MARCH))
    a.post(a.entry(Posting(a.side("1242", counterparty="fourth"), a.side("1010"), 80), on=MARCH))
    before = balances(a)
    made = leave(a, joining(b_code))
    assert balances(a) == {}
    join(b, made)
    assert balances(b) == before == {
        ("1010", "", ""): (170, 0), ("1242", "third", ""): (-250, 0), ("1242", "fourth", ""): (80, 0),
    }  # fmt: skip


@pytest.mark.parametrize("party", ["own", "other"])
def test_a_balance_of_the_two_with_each_other_on_the_transit_account_is_settled_first(
    pair: tuple[Books, Books, str, str], party: str
) -> None:
    a, _, a_code, b_code = pair
    code = {"own": a_code, "other": b_code}[party]
    a.post(a.entry(Posting(a.side("1010"), a.side("1242", counterparty=code), 250), on=MARCH))
    with pytest.raises(rules.LeavingImpossible) as caught:
        leave(a, joining(b_code))
    assert {type(fault) for fault in caught.value.faults} == {rules.TransitInUse}


def test_what_comes_after_the_leaving_leaves_in_another_round(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, b_code = pair
    some_entries(a)
    made = leave(a, joining(b_code))
    cash, income = a.side("1010"), a.side("6010")
    a.post(a.entry(Posting(cash, income, 11), on=MARCH))
    assert leave(a, joining(b_code)) == made
    join(b, made)
    a.post(a.entry(Posting(cash, income, 5), on=MARCH))
    leave(a, joining(b_code))
    assert [found.is_done for found in reorganisations(b)] == [False]
    assert [join(b, made) for _ in range(2)] == [True, True]
    assert balances(a) == {}
    assert balances(b)["1010", "", ""] == (516, 0)
    a.post(a.entry(Posting(cash, income, 7), on=date(2026, 4, 2)))
    with pytest.raises(rules.LeavingImpossible):
        leave(a, joining(b_code))


def test_a_round_goes_the_way_of_the_first(pair: tuple[Books, Books, str, str]) -> None:
    a, _, _, b_code = pair
    some_entries(a)
    leave(a, joining(b_code))
    a.post(a.entry(Posting(a.side("1010"), a.side("6010"), 11), on=MARCH))
    with pytest.raises(rules.AlreadyJoining):
        leave(a, joining(b_code, effective_on=date(2026, 5, 1)))


def test_nothing_is_posted_between_the_reading_of_balances_and_their_leaving(
    pair: tuple[Books, Books, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, _, _, b_code = pair
    some_entries(a)
    cash, income = a.side("1010"), a.side("6010")
    late, read = [], service.preview

    def preview(*said: Any) -> Any:
        found = read(*said)
        thread = Thread(target=lambda: late.append(a.post(a.entry(Posting(cash, income, 11), on=MARCH))))
        thread.start()
        thread.join(0.3)
        assert late == []
        threads.append(thread)
        return found

    threads: list[Thread] = []
    monkeypatch.setattr(service, "preview", preview)
    leave(a, joining(b_code))
    threads[0].join()
    assert len(late) == 1
    assert {key[0]: tiyn for key, (tiyn, _) in balances(a).items()} == {"1010": 11, "6010": -11}


def marked(books: Books, organisation: int, reorganisation: int, mark: str) -> int:
    """How many rows a transaction that writes the organisation's books marks."""
    statement = text(f"UPDATE finance_reorganisation SET {mark} WHERE id = :id")
    act = {"id": reorganisation}
    return uow.run(books.engine, scope_of(organisation), lambda u: u.connection.execute(statement, act).rowcount)


def test_each_institution_marks_its_own_step_only(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, b_code = pair
    made = leave(a, joining(b_code))
    marks = {
        "left_at = clock_timestamp(), left_rounds = left_rounds + 1": (b, a),
        "joined_at = clock_timestamp(), joined_rounds = left_rounds": (a, b),
    }
    for mark, (foreign, own) in marks.items():
        with pytest.raises(ForeignOrganisation):
            marked(foreign, foreign.organisation, made, mark)
        assert marked(a, a.organisation + 5000, made, mark) == 0
        assert marked(own, own.organisation, made, mark) == 1


def test_only_who_keeps_the_books_lets_them_leave(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, _ = pair
    said = (a.organisation, b.organisation, APRIL, "x", "1242")
    with pytest.raises(Exception, match="row-level security"):
        uow.run(b.engine, scope_of(b.organisation), lambda u: queries.lock_leaving(u.connection, u.scope, *said))


def test_entries_after_the_day_hold_it_up(pair: tuple[Books, Books, str, str]) -> None:
    a, _, _, b_code = pair
    a.post(a.entry(Posting(a.side("1010"), a.side("6010"), 5), on=date(2026, 4, 2)))
    with pytest.raises(rules.LeavingImpossible) as caught:
        leave(a, joining(b_code))
    assert {type(fault) for fault in caught.value.faults} == {rules.EnteredSince}


def test_an_institution_does_not_join_itself(pair: tuple[Books, Books, str, str]) -> None:
    a, _, a_code, _ = pair
    with pytest.raises(rules.JoinsItself):
        leave(a, joining(a_code))


def test_only_who_keeps_the_successor_s_books_takes_the_balances_in(pair: tuple[Books, Books, str, str]) -> None:
    a, b, _, b_code = pair
    some_entries(a)
    made = leave(a, joining(b_code))
    with pytest.raises(rules.ReorganisationUnknown):
        join(a, made)
    with b.engine.connect() as connection, pytest.raises(Exception, match="foreign-organisation"):
        connection.execute(text("SELECT * FROM finance_reorganisation_left(:id)"), {"id": made})
    assert ForeignOrganisation.sqlstate == "QZ004"
