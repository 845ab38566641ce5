"""Sums over many organisations, read from groups of them: the same as from the postings, whoever asks and when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import uow
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.finance.journal import turnovers
from erp.finance.journal.turnovers import Cut
from ledger import seals
from ledger import service as ledger
from ledger.model import Posting, Source
from ledger.verify import GroupsDisagree, verify
from tests.factories.books import Books, scope_of, some_books
from tests.factories.seals import await_older, libpq, seal_everything

ORGANISATIONS = [1, 2, 3, 63, 64, 65, 130]  # of three groups
PAIRS = [("1010", "6010"), ("1316", "1010"), ("7060", "1010"), ("6010", "1316")]
TREE = scope_of(*ORGANISATIONS)
FEW = 4  # entries rolled at once, so that there are many epochs

_POSTED = text("""
    SELECT s.account_id,
           coalesce(sum(side.debit - side.credit) FILTER (WHERE p.effective_on < :start), 0)::bigint,
           coalesce(sum(side.debit) FILTER (WHERE p.effective_on >= :start), 0)::bigint,
           coalesce(sum(side.credit) FILTER (WHERE p.effective_on >= :start), 0)::bigint
      FROM ledger_posting p
      JOIN ledger_entry e ON (e.organisation_id, e.fiscal_year, e.id) = (p.organisation_id, p.fiscal_year, p.entry_id)
     CROSS JOIN LATERAL (VALUES (p.debit_id, p.amount_tiyn, 0), (p.credit_id, 0, p.amount_tiyn)) side(id, debit, credit)
      JOIN ledger_subaccount s ON (s.organisation_id, s.id) = (p.organisation_id, side.id)
     WHERE p.organisation_id = ANY(:asked) AND p.effective_on < :end
       AND (CAST(:known AS text) IS NULL OR e.recorded_xid < CAST(:known AS xid8))
     GROUP BY 1
""")


@pytest.fixture(scope="module")
def shelf(shared_database: str) -> Iterator[dict[int, Books]]:
    first = some_books(shared_database, organisation=1)
    books = {1: first}
    for organisation in ORGANISATIONS[1:]:
        books[organisation] = some_books(shared_database, organisation=organisation, accounts=first.accounts)
    yield books
    for b in books.values():
        b.engine.dispose()


def post(books: Books, on: date, tiyn: int, pair: int = 0) -> None:
    debit, credit = PAIRS[pair]
    books.post(books.entry(Posting(books.side(debit), books.side(credit), tiyn), on=on))


def roll(books: Books) -> bool:
    command = text("SELECT ledger_roll(:few)")
    return bool(uow.run(books.engine, TREE, lambda u: u.execute(command, {"few": FEW}).scalar_one()))


def roll_everything(books: Books) -> None:
    left = text("SELECT count(*) FROM ledger_entry WHERE recorded_xid >= ledger_rolled()")
    await_older(books.engine.url.render_as_string(hide_password=False))
    while uow.run(books.engine, TREE, lambda u: u.execute(left).scalar_one()):
        assert roll(books)


def instant_between_blocks(books: Books) -> datetime:
    """That of the last block; sealed once more, what was known then can be asked."""
    before, after = (seal_everything(books.engine.url.render_as_string(hide_password=False)) for _ in range(2))
    assert before == after
    return before.sealed_at


def agree(books: Books, asked: list[int], cut: Cut) -> None:
    def both(u: uow.UnitOfWork) -> tuple[Any, Any]:
        sums = turnovers.sums_by_account(u.connection, u.scope, asked, cut)
        known = None if cut.known is None else str(cut.known)
        parameters = {"asked": asked, "start": cut.span.start, "end": cut.span.end, "known": known}
        return sums, u.execute(_POSTED, parameters).all()

    sums, posted = uow.read(books.engine, scope_of(*asked), both)
    found = {(s.account_id, s.opening_tiyn, s.debit_tiyn, s.credit_tiyn) for s in sums}
    assert {row for row in found if any(row[1:])} == {tuple(row) for row in posted if any(row[1:])}


days = st.dates(date(2026, 1, 1), date(2026, 4, 30))
spans = st.tuples(days, days).map(lambda two: DaySpan.of(min(two), max(two)))
subsets = st.lists(st.sampled_from(ORGANISATIONS), min_size=2, unique=True)
acts = st.one_of(
    st.tuples(st.sampled_from(ORGANISATIONS), days, st.integers(-500, 500).filter(bool), st.integers(0, 3)),
    st.sampled_from(["roll", "seal"]),
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(story=st.lists(acts, max_size=25), span=spans, asked=subsets, data=st.data())
def test_groups_say_what_the_postings_say(
    shelf: dict[int, Books], story: list[Any], span: DaySpan, asked: list[int], data: st.DataObject
) -> None:
    instants = []
    for act in story:
        if act == "roll":
            roll(shelf[1])
        elif act == "seal":
            instants.append(instant_between_blocks(shelf[1]))
        else:
            organisation, on, tiyn, pair = act
            post(shelf[organisation], on, tiyn, pair)
    cut = Cut(span)
    for organisations in (asked, ORGANISATIONS):
        agree(shelf[1], organisations, cut)
    if instants:
        instant = data.draw(st.sampled_from(instants))
        known = uow.read(shelf[1].engine, TREE, lambda u: seals.known_at(u.connection, instant)).xid
        for organisations in (asked, ORGANISATIONS):
            agree(shelf[1], organisations, replace(cut, known=known))


def test_a_transaction_held_open_is_rolled_when_it_ends_and_counted_at_once(shelf: dict[int, Books]) -> None:
    roll_everything(shelf[1])
    span = Cut(DaySpan.of(date(2026, 5, 1), date(2026, 5, 31)))
    slow = make_engine(shelf[1].engine.url.render_as_string(hide_password=False), pool=1)
    with slow.begin() as connection:
        connection.execute(text("SELECT set_config('qazyna.writes', '1', true)"))
        side = shelf[1].side("1010"), shelf[1].side("6010")
        entry = shelf[1].entry(Posting(*side, 7), on=date(2026, 5, 5))
        ledger.post_entry(connection, entry, TREE.actor)
        post(shelf[2], date(2026, 5, 6), 11)
        roll(shelf[1])
        agree(shelf[1], ORGANISATIONS, span)
    agree(shelf[1], ORGANISATIONS, span)
    roll_everything(shelf[1])
    agree(shelf[1], ORGANISATIONS, span)
    slow.dispose()


def test_a_group_is_read_only_by_who_may_read_all_of_it(shelf: dict[int, Books]) -> None:
    post(shelf[1], date(2026, 6, 1), 5)
    roll_everything(shelf[1])

    def groups(*organisations: int) -> list[int]:
        statement = text(
            "SELECT DISTINCT group_id FROM ledger_group_balance UNION SELECT group_id FROM ledger_group_history"
        )
        read = scope_of(*organisations)
        return sorted(uow.read(shelf[1].engine, read, lambda u: u.execute(statement).scalars().all()))

    assert groups() == []
    assert groups(1, 2, 3) == []
    assert groups(1, 2, 3, 63) == [0]
    asked = text("SELECT ledger_whole_groups(ARRAY[1, 2, 3, 63])")
    assert uow.read(shelf[1].engine, scope_of(1, 2), lambda u: u.execute(asked).all()) == []


def test_epochs_follow_each_other_without_gaps(shelf: dict[int, Books]) -> None:
    for _ in range(2 * FEW + 2):
        post(shelf[1], date(2026, 7, 1), 5)
    roll_everything(shelf[1])
    rows = uow.read(
        shelf[1].engine,
        TREE,
        lambda u: u.execute(
            text("SELECT no, since::text::bigint, until::text::bigint, postings FROM ledger_epoch ORDER BY no")
        ).all(),
    )
    assert [row.no for row in rows] == list(range(1, len(rows) + 1))
    assert all(before.until == after.since and before.postings >= FEW for before, after in pairwise(rows))


def test_a_group_balance_that_somebody_changed_is_named(shelf: dict[int, Books]) -> None:
    url = shelf[1].engine.url.render_as_string(hide_password=False)
    post(shelf[1], date(2026, 8, 1), 5)
    roll_everything(shelf[1])
    post(shelf[2], date(2026, 8, 1), 7)
    assert verify(url).faults == ()
    for table in ("ledger_group_balance", "ledger_group_history"):
        change = f"UPDATE {table} SET debit_tiyn = debit_tiyn + %s WHERE month = '2026-08-01' AND debit_tiyn = 5"
        with psycopg.connect(libpq(url)) as owner:
            assert owner.execute(change, [1]).rowcount == 1
        assert {type(fault) for fault in verify(url).faults} == {GroupsDisagree}
        with psycopg.connect(libpq(url)) as owner:
            owner.execute(change.replace("= 5", "= 6"), [-1])
    assert verify(url).faults == ()


def test_a_transaction_larger_than_a_stretch_is_rolled_whole(shelf: dict[int, Books]) -> None:
    roll_everything(shelf[1])
    sides = shelf[1].side("1010"), shelf[1].side("6010")
    entries = [shelf[1].entry(Posting(*sides, 3), on=date(2026, 9, 1)) for _ in range(FEW + 2)]
    uow.run(
        shelf[1].engine,
        TREE,
        lambda u: ledger.post_many(u.connection, 1, uuid4(), entries, TREE.actor, Source("import", 1)),
    )
    roll_everything(shelf[1])
    agree(shelf[1], ORGANISATIONS, Cut(DaySpan.of(date(2026, 9, 1), date(2026, 9, 30))))


def test_no_two_institutions_can_stop_the_roll_by_what_they_post(shelf: dict[int, Books]) -> None:
    for organisation in (2, 3):
        post(shelf[organisation], date(2026, 10, 1), 9 * 10**18)
    roll_everything(shelf[1])
    for organisation in (2, 3):
        post(shelf[organisation], date(2026, 10, 1), -9 * 10**18)
    roll_everything(shelf[1])


def test_of_no_organisations_there_are_no_sums(shelf: dict[int, Books]) -> None:
    cut = Cut(DaySpan.of(date(2026, 1, 1), date(2026, 1, 31)))
    assert uow.read(shelf[1].engine, TREE, lambda u: turnovers.sums_by_account(u.connection, u.scope, [], cut)) == []
