"""The database refuses by itself: raw SQL under the application's own role, and under the owner's."""

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

import psycopg
import pytest

from erp.base.db import APPLICATION_ROLE
from ledger.checks import disagreements
from tests.factories.books import A_DAY
from tests.ledger.conftest import Shelf, connect, in_scope, refusal

DENIED, TAKEN = "42501", "23505"
CLOSED, FINAL, KEY_REUSED, FOREIGN, HEADING = "QZ001", "QZ002", "QZ003", "QZ004", "QZ005"
MISSING, NOT_PERMITTED, NOT_OPENED, NO_SUBACCOUNT, ALREADY = "QZ006", "QZ007", "QZ008", "QZ009", "QZ010"
NO_ENTRY, NOT_IN_FORCE, MIXED, NOT_BY_THE_DOOR = "QZ013", "QZ014", "QZ020", "QZ095"

BOOKS = [
    "ledger_subaccount",
    "ledger_period",
    "ledger_number",
    "ledger_command",
    "ledger_entry",
    "ledger_posting",
    "ledger_correction",
    "ledger_balance",
    "ledger_account_balance",
    "ledger_period_change",
    "ledger_year",
    "ledger_year_change",
    "ledger_leaf",
    "ledger_sealed_code",
    "ledger_book",
]
# What all may read, with a column of each.
CHART = {
    "ledger_account": "source",
    "ledger_journal": "code",
    "ledger_classification": "source",
    "ledger_edition": "edition",
}
# Of no one institution, with a column of each.
TOGETHER = {
    "ledger_block": "no",
    "ledger_epoch": "no",
    "ledger_group_balance": "group_id",
    "ledger_group_history": "group_id",
    "ledger_known_through": "instant",
}
PARTITIONS = ["ledger_entry_2026", "ledger_posting_2026"]

POST = """
    SELECT * FROM ledger_post_entry(%(organisation)s, %(key)s, %(hash)s, 1::smallint, %(kind)s, %(on)s, 7, 'test',
        'a memo', '', NULL, 'manual', NULL, NULL,
        ARRAY[%(debit)s]::int[], ARRAY[%(credit)s]::int[], ARRAY[%(amount)s]::bigint[])
"""
INTERN = """
    SELECT * FROM ledger_intern_subaccounts(%(organisation)s, ARRAY[%(account)s]::int[], '{""}', '{""}', '{""}', '{""}',
        '{""}', '{""}', '{""}', ARRAY[%(person)s], '{""}')
"""
STORNO = "SELECT * FROM ledger_correct(%s, %s, 'hash', %s, 2026, %s, 7, 'test', 'a reason', 'storno')"
STAGE = """
    INSERT INTO ledger_stage (batch, row_no, entry_no, no, journal_id, kind, effective_on, memo, document_number,
                              debit_id, credit_id, amount_tiyn)
    VALUES (%(batch)s, %(row_no)s, %(entry_no)s, %(row_no)s, 1, %(kind)s, %(on)s, 'a memo', '', %(debit)s,
            %(credit)s, 5)
"""
POST_BATCH = "SELECT * FROM ledger_post_batch(%s, %s, %s, 'hash', 7, 'test', 'import', NULL)"


def a_posting(shelf: Shelf, **changes: object) -> dict[str, object]:
    posting: dict[str, object] = {
        "organisation": 1,
        "key": uuid4(),
        "hash": b"hash",
        "kind": "ordinary",
        "on": A_DAY,
        "debit": shelf.cash,
        "credit": shelf.revenue,
        "amount": 500,
    }
    return posting | changes


def stage(connection: psycopg.Connection, shelf: Shelf, *rows: dict[str, object]) -> str:
    """Leave rows in the stage as bulk posting does; returns their batch."""
    batch = uuid4()
    for row_no, row in enumerate(rows, start=1):
        usual = {"entry_no": row_no, "kind": "ordinary", "on": A_DAY, "debit": shelf.cash, "credit": shelf.revenue}
        connection.execute(STAGE, usual | row | {"batch": batch, "row_no": row_no})
    return str(batch)


# -------------------------------------------------------------------------------- writing past the functions


@pytest.mark.parametrize("table", [*BOOKS, *CHART, *TOGETHER, *PARTITIONS])
def test_the_application_cannot_write_a_table(application: psycopg.Connection, table: str) -> None:
    column = (CHART | TOGETHER).get(table, "organisation_id")
    assert refusal(application, f"UPDATE {table} SET {column} = {column}") == DENIED
    assert refusal(application, f"DELETE FROM {table}") == DENIED
    assert refusal(application, f"TRUNCATE {table} CASCADE") == DENIED
    assert refusal(application, f"INSERT INTO {table} DEFAULT VALUES") == DENIED
    assert refusal(application, f"COPY {table} FROM STDIN") == DENIED
    assert refusal(application, f"LOCK TABLE {table} IN EXCLUSIVE MODE") == DENIED
    assert refusal(application, f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY") == DENIED
    assert refusal(application, f"ALTER TABLE {table} DISABLE TRIGGER ALL") == DENIED
    assert refusal(application, f"DROP TABLE {table} CASCADE") == DENIED


@pytest.mark.parametrize(
    "table", ["ledger_command", "ledger_entry", "ledger_posting", "ledger_correction", *PARTITIONS]
)
def test_posted_rows_are_final_for_the_owner_too(owner: psycopg.Connection, table: str) -> None:
    assert refusal(owner, f"UPDATE {table} SET organisation_id = organisation_id") == FINAL
    assert refusal(owner, f"DELETE FROM {table}") == FINAL
    assert refusal(owner, f"TRUNCATE {table} CASCADE") == FINAL


def test_the_audit_trail_is_append_only(application: psycopg.Connection, owner: psycopg.Connection) -> None:
    event = "INSERT INTO base_audit_event (actor_id, origin, action, subject) VALUES (7, 'test', 'tried', 'audit:1')"
    assert refusal(application, event) is None
    assert refusal(application, "DELETE FROM base_audit_event") == DENIED
    application.rollback()
    owner.execute(event)
    assert refusal(owner, "UPDATE base_audit_event SET actor_id = 8") == "P0001"
    assert refusal(owner, "DELETE FROM base_audit_event") == "P0001"
    assert refusal(owner, "TRUNCATE base_audit_event") == "P0001"


def test_replication_role_cannot_switch_the_triggers_off(application: psycopg.Connection) -> None:
    assert refusal(application, "SET session_replication_role = replica") == DENIED


@pytest.mark.parametrize(
    "call",
    [
        "ledger_ensure_year(2027)",
        "ledger_refuse_period(1, '2026-03-01')",
        "ledger_door()",
        "ledger_subaccount_guard()",
        "ledger_final()",
    ],
)
def test_the_kernel_s_inner_functions_are_not_the_application_s_to_call(
    application: psycopg.Connection, call: str
) -> None:
    assert refusal(application, f"SELECT {call}") == DENIED


# -------------------------------------------------------------------------------- refusals of a posting


def test_a_posting_lands_and_agrees(application: psycopg.Connection, shelf: Shelf) -> None:
    assert refusal(application, POST, a_posting(shelf)) is None
    assert application.execute(disagreements(1)).fetchall() == []


@pytest.mark.parametrize("how", ["post", "batch", "storno"])
def test_a_closed_month_takes_nothing(application: psycopg.Connection, shelf: Shelf, how: str) -> None:
    batch = stage(application, shelf, {})
    application.execute("SELECT ledger_set_period(1, '2026-03-01', 'closed', 7, 'a reason', 'test')")
    refused = {
        "post": lambda: refusal(application, POST, a_posting(shelf)),
        "batch": lambda: refusal(application, POST_BATCH, [1, batch, uuid4()]),
        "storno": lambda: refusal(application, STORNO, [1, uuid4(), shelf.entry_id, A_DAY]),
    }
    assert refused[how]() == CLOSED


@pytest.mark.parametrize("how", ["post", "batch", "storno"])
def test_a_month_never_opened_takes_nothing(application: psycopg.Connection, shelf: Shelf, how: str) -> None:
    day = date(2027, 1, 1)
    batch = stage(application, shelf, {"on": day})
    refused = {
        "post": lambda: refusal(application, POST, a_posting(shelf, on=day)),
        "batch": lambda: refusal(application, POST_BATCH, [1, batch, uuid4()]),
        "storno": lambda: refusal(application, STORNO, [1, uuid4(), shelf.entry_id, day]),
    }
    assert refused[how]() == NOT_OPENED


def test_a_snapshot_taken_before_a_month_closed_cannot_post_into_it(shelf: Shelf) -> None:
    with (
        connect(shelf.url, role=APPLICATION_ROLE) as late,
        connect(shelf.url, role=APPLICATION_ROLE) as closer,
    ):
        late.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        in_scope(late, 1)
        late.execute("SELECT count(*) FROM ledger_period")
        in_scope(closer, 1)
        closer.execute("SELECT ledger_set_period(1, '2026-12-01', 'closed', 7, 'a reason', 'test')")
        closer.commit()
        try:
            assert refusal(late, POST, a_posting(shelf, on=date(2026, 12, 15))) is not None
        finally:
            late.rollback()
            in_scope(closer, 1)
            closer.execute("SELECT ledger_set_period(1, '2026-12-01', 'open', 7, 'a reason', 'test')")


def test_closing_waits_for_a_posting_under_way_and_a_posting_for_a_closing(shelf: Shelf) -> None:
    close = "SELECT ledger_set_period(1, '2026-03-01', 'closed', 7, 'a reason', 'test')"
    with (
        connect(shelf.url, role=APPLICATION_ROLE) as one,
        connect(shelf.url, role=APPLICATION_ROLE) as other,
    ):
        in_scope(one, 1)
        in_scope(other, 1)
        other.execute("SET lock_timeout = '30ms'")
        with one.transaction(force_rollback=True):
            one.execute(POST, a_posting(shelf))
            assert refusal(other, close) == "55P03"
        with one.transaction(force_rollback=True):
            one.execute(close)
            assert refusal(other, POST, a_posting(shelf)) == "55P03"
        one.rollback()
        other.rollback()


def test_a_heading_is_not_postable(application: psycopg.Connection, shelf: Shelf) -> None:
    heading = {"organisation": 1, "account": shelf.mine.accounts["10"], "person": ""}
    assert refusal(application, INTERN, heading) == HEADING


def test_mandatory_and_permitted_dimensions_are_asked_of_a_subaccount(
    application: psycopg.Connection, shelf: Shelf
) -> None:
    accounts = shelf.mine.accounts
    assert refusal(application, INTERN, {"organisation": 1, "account": accounts["3210"], "person": ""}) == MISSING
    assert (
        refusal(application, INTERN, {"organisation": 1, "account": accounts["1010"], "person": "5"}) == NOT_PERMITTED
    )


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("postable = false", HEADING),
        ("mandatory = 8, permitted = 8", MISSING),
        ("in_force = '[2027-01-01,)'", NOT_IN_FORCE),
        ("kind = 'off_balance'", MIXED),
    ],
)
@pytest.mark.parametrize("how", ["post", "batch"])
def test_a_posting_is_judged_by_the_chart_of_today(
    owner: psycopg.Connection, shelf: Shelf, change: str, state: str, how: str
) -> None:
    owner.execute(f"UPDATE ledger_account SET {change} WHERE code = '1010'")
    owner.execute(f"SET LOCAL ROLE {APPLICATION_ROLE}")
    in_scope(owner, 1)
    if how == "post":
        assert refusal(owner, POST, a_posting(shelf)) == state
    else:
        assert refusal(owner, POST_BATCH, [1, stage(owner, shelf, {}), uuid4()]) == state


def test_another_organisation_s_subaccount_is_unknown(application: psycopg.Connection, shelf: Shelf) -> None:
    assert refusal(application, POST, a_posting(shelf, debit=shelf.their_cash)) == NO_SUBACCOUNT
    assert refusal(application, POST, a_posting(shelf, credit=shelf.their_revenue)) == NO_SUBACCOUNT
    batch = stage(application, shelf, {"debit": shelf.their_cash})
    assert refusal(application, POST_BATCH, [1, batch, uuid4()]) == NO_SUBACCOUNT


@pytest.mark.parametrize("organisations", [(), (1,)], ids=["without a scope", "in scope of their own"])
def test_functions_write_only_the_books_in_scope(
    shelf: Shelf, application: psycopg.Connection, organisations: tuple[int, ...]
) -> None:
    in_scope(application, *organisations)
    batch = stage(application, shelf, {})
    posting = a_posting(shelf, organisation=2, debit=shelf.their_cash, credit=shelf.their_revenue)
    assert refusal(application, POST, posting) == FOREIGN
    assert refusal(application, POST_BATCH, [2, batch, uuid4()]) == FOREIGN
    assert refusal(application, STORNO, [2, uuid4(), shelf.their_entry_id, A_DAY]) == FOREIGN
    intern = {"organisation": 2, "account": shelf.mine.accounts["1010"], "person": ""}
    assert refusal(application, INTERN, intern) == FOREIGN
    assert refusal(application, "SELECT ledger_open_books(2, '2', '2027-01-01', '2027-01-01', 7)") == FOREIGN
    assert refusal(application, "SELECT ledger_set_period(2, '2026-03-01', 'closed', 7, 'a reason', 'test')") == FOREIGN


def test_reading_is_not_writing(application: psycopg.Connection, shelf: Shelf) -> None:
    application.execute("SELECT set_config('qazyna.reads', '1', true), set_config('qazyna.writes', '', true)")
    assert application.execute("SELECT count(*) FROM ledger_entry").fetchone() == (1,)
    assert refusal(application, POST, a_posting(shelf)) == FOREIGN


def test_another_organisation_s_entry_cannot_be_cancelled(application: psycopg.Connection, shelf: Shelf) -> None:
    assert refusal(application, STORNO, [1, uuid4(), shelf.their_entry_id, A_DAY]) == NO_ENTRY


def test_an_entry_is_cancelled_once(application: psycopg.Connection, shelf: Shelf) -> None:
    assert refusal(application, STORNO, [1, uuid4(), shelf.entry_id, A_DAY]) is None
    assert refusal(application, STORNO, [1, uuid4(), shelf.entry_id, A_DAY]) == ALREADY
    assert application.execute(disagreements(1)).fetchall() == []


def test_a_key_names_one_content(application: psycopg.Connection, shelf: Shelf) -> None:
    posting = a_posting(shelf, hash=b"said")
    assert refusal(application, POST, posting) is None
    assert refusal(application, POST, posting | {"hash": b"other"}) == KEY_REUSED
    assert refusal(application, POST_BATCH, [1, stage(application, shelf, {}), posting["key"]]) == KEY_REUSED


@pytest.mark.parametrize("kind", ["storno", "reversal", "closing"])
def test_a_correction_cannot_be_posted_without_what_it_corrects(
    application: psycopg.Connection, shelf: Shelf, kind: str
) -> None:
    assert refusal(application, POST, a_posting(shelf, kind=kind)) is not None
    assert refusal(application, POST_BATCH, [1, stage(application, shelf, {"kind": kind}), uuid4()]) is not None


@pytest.mark.parametrize("second", [{"on": date(2026, 4, 1)}, {"on": date(2026, 3, 16)}, {"kind": "opening"}])
def test_a_staged_entry_has_one_day_and_one_kind(
    application: psycopg.Connection, shelf: Shelf, second: dict[str, object]
) -> None:
    batch = stage(application, shelf, {"entry_no": 1}, {"entry_no": 1} | second)
    assert refusal(application, POST_BATCH, [1, batch, uuid4()]) is not None


def test_the_storno_of_an_opening_entry_leaves_the_opening_balances(
    application: psycopg.Connection, shelf: Shelf
) -> None:
    posted = application.execute(POST, a_posting(shelf, kind="opening")).fetchone()
    application.execute(STORNO, [1, uuid4(), posted[0], A_DAY])
    left = application.execute("SELECT sum(debit_tiyn), sum(credit_tiyn) FROM ledger_balance WHERE kind = 1").fetchone()
    assert left == (0, 0)


# -------------------------------------------------------------------------------- numbers


def test_a_number_is_used_once(owner: psycopg.Connection, shelf: Shelf) -> None:
    owner.execute("SET LOCAL qazyna.posting = 'on'")
    assert refusal(owner, ENTRY.format(table="ledger_entry"), an_entry(number=1)) == TAKEN
    owner.execute("UPDATE ledger_number SET last_number = 0 WHERE organisation_id = 1")
    in_scope(owner, 1)
    assert refusal(owner, POST, a_posting(shelf)) == TAKEN


# -------------------------------------------------------------------------------- the door, also for the owner

ENTRY = """
    INSERT INTO {table} (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on,
                              actor_id, memo, source_kind)
    VALUES (%(organisation)s, %(year)s, %(id)s, 1, %(number)s, %(kind)s, ledger_balance_kind(%(kind)s), %(on)s,
            7, 'raw', 'raw')
"""
POSTING = """
    INSERT INTO {table} (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn,
                         debit_quantity_milli)
    VALUES (%(organisation)s, %(year)s, %(id)s, %(no)s, %(on)s, %(debit)s, %(credit)s, %(amount)s, 3000)
"""


def an_entry(**changes: object) -> dict[str, object]:
    entry: dict[str, object] = {
        "organisation": 1,
        "year": 2026,
        "id": 10**15,
        "number": 2,
        "kind": "ordinary",
        "on": A_DAY,
    }
    return entry | changes


POSTING_TABLES = ["ledger_posting", "ledger_posting_2026"]
ENTRY_TABLES = ["ledger_entry", "ledger_entry_2026"]


def a_raw_posting(shelf: Shelf) -> dict[str, object]:
    return an_entry(no=1, debit=shelf.cash, credit=shelf.revenue, amount=700)


@pytest.mark.parametrize("table", ENTRY_TABLES)
def test_no_entry_is_inserted_past_the_functions(owner: psycopg.Connection, shelf: Shelf, table: str) -> None:
    assert refusal(owner, ENTRY.format(table=table), an_entry()) == NOT_BY_THE_DOOR


@pytest.mark.parametrize("table", POSTING_TABLES)
def test_no_posting_is_inserted_past_the_functions(owner: psycopg.Connection, shelf: Shelf, table: str) -> None:
    assert refusal(owner, POSTING.format(table=table), a_raw_posting(shelf)) == NOT_BY_THE_DOOR


@pytest.mark.parametrize("table", POSTING_TABLES + ENTRY_TABLES)
def test_nothing_is_copied_past_the_functions(owner: psycopg.Connection, shelf: Shelf, table: str) -> None:
    with pytest.raises(psycopg.Error) as refused, owner.cursor().copy(f"COPY {table} FROM STDIN") as rows:
        rows.write_row((1,))
    assert refused.value.sqlstate == NOT_BY_THE_DOOR


def test_the_functions_leave_the_door_shut(owner: psycopg.Connection, shelf: Shelf) -> None:
    in_scope(owner, 1)
    owner.execute(POST, a_posting(shelf))
    batch = stage(owner, shelf, {})
    owner.execute(POST_BATCH, [1, batch, uuid4()])
    assert owner.execute("SELECT current_setting('qazyna.posting')").fetchone() == ("",)
    owner.execute("SET LOCAL qazyna.posting = 'on'")
    assert refusal(owner, POSTING.format(table="ledger_posting_2026"), a_raw_posting(shelf)) == NOT_BY_THE_DOOR


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger_balance SET debit_tiyn = debit_tiyn + 1 WHERE organisation_id = 1",
        "UPDATE ledger_balance SET credit_currency_minor = 1 WHERE organisation_id = 1",
        "DELETE FROM ledger_balance WHERE organisation_id = 1",
        "UPDATE ledger_account_balance SET credit_tiyn = credit_tiyn - 1 WHERE organisation_id = 1",
        "UPDATE ledger_number SET last_number = 2 WHERE organisation_id = 1",
        "ALTER TABLE ledger_posting DISABLE TRIGGER ALL; DELETE FROM ledger_posting WHERE organisation_id = 1",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL; UPDATE ledger_entry SET number = 9 WHERE organisation_id = 1",
    ],
)
def test_what_the_owner_falsified_no_longer_agrees(owner: psycopg.Connection, tampering: str) -> None:
    assert owner.execute(disagreements(1)).fetchall() == []
    owner.execute(tampering)
    assert owner.execute(disagreements(1)).fetchall() != []


# -------------------------------------------------------------------------------- reading others' books


@pytest.fixture
def relations(owner: psycopg.Connection) -> list[str]:
    """Tables (not partitions) and views with an organisation that the application may read."""
    rows = owner.execute("""
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
           AND has_table_privilege('qazyna_app', c.oid, 'SELECT') AND c.relname <> 'reference_role_grant' ORDER BY 1
    """)
    return [name for (name,) in rows]


def test_only_the_books_in_scope_are_there(application: psycopg.Connection, relations: list[str]) -> None:
    assert {*BOOKS, "ledger_side"} <= set(relations)
    for relation in relations:
        seen = {o for (o,) in application.execute(f"SELECT DISTINCT organisation_id FROM {relation}")}
        assert seen <= {1}, relation
    in_scope(application, 2)
    assert application.execute("SELECT DISTINCT organisation_id FROM ledger_side").fetchall() == [(2,)]
    in_scope(application, 1, 2)
    assert application.execute("SELECT count(DISTINCT organisation_id) FROM ledger_posting").fetchone() == (2,)


def test_without_a_scope_there_is_nothing(shelf: Shelf, relations: list[str]) -> None:
    with connect(shelf.url, role=APPLICATION_ROLE) as connection:
        for relation in relations:
            assert connection.execute(f"SELECT count(*) FROM {relation}").fetchone() == (0,), relation


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_partition_is_not_read_by_its_own_name(application: psycopg.Connection, partition: str) -> None:
    assert refusal(application, f"SELECT FROM {partition}") == DENIED
    assert refusal(application, f"COPY {partition} TO STDOUT") == DENIED
    assert refusal(application, f"SELECT FROM ONLY {partition}") == DENIED


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_partition_granted_by_mistake_still_shows_nothing(owner: psycopg.Connection, partition: str) -> None:
    owner.execute(f"GRANT SELECT ON {partition} TO {APPLICATION_ROLE}")
    owner.execute(f"SET LOCAL ROLE {APPLICATION_ROLE}")
    in_scope(owner, 2)
    assert owner.execute(f"SELECT count(*) FROM {partition}").fetchone() == (0,)


def test_copy_out_shows_only_the_books_in_scope(application: psycopg.Connection) -> None:
    def copied(source: str) -> set[str]:
        with application.cursor().copy(f"COPY {source} TO STDOUT") as rows:
            return {row[0] for row in rows.rows()}

    assert copied("ledger_command (organisation_id)") == {"1"}
    assert copied("(SELECT organisation_id FROM ledger_posting)") == {"1"}
    assert copied("(TABLE ledger_side)") == {"1"}


def test_the_stage_is_written_by_all_and_read_by_none(application: psycopg.Connection, shelf: Shelf) -> None:
    stage(application, shelf, {})
    assert refusal(application, "SELECT FROM ledger_stage") == DENIED
    assert refusal(application, "COPY ledger_stage TO STDOUT") == DENIED
    assert refusal(application, "DELETE FROM ledger_stage") == DENIED
    assert refusal(application, "UPDATE ledger_stage SET no = 2") == DENIED
    assert refusal(application, "INSERT INTO ledger_stage DEFAULT VALUES RETURNING batch") == DENIED


def test_a_function_of_one_s_own_sees_no_hidden_row(application: psycopg.Connection) -> None:
    seen: list[str] = []
    application.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))
    application.execute("""
        CREATE FUNCTION pg_temp.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
        $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$
    """)
    assert application.execute("SELECT count(*) FROM ledger_entry WHERE pg_temp.peek(memo)").fetchone() == (1,)
    assert seen == ["ours"]


def test_statistics_tell_nothing_of_the_books(application: psycopg.Connection, shelf: Shelf) -> None:
    with connect(shelf.url, role=None, autocommit=True) as owner:
        owner.execute("ANALYZE")
        assert owner.execute("SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'ledger_entry_2026'").fetchone() == (
            True,
        )
    told = application.execute("SELECT DISTINCT tablename FROM pg_stats WHERE tablename LIKE 'ledger%'")
    assert {name for (name,) in told} <= {*CHART, "ledger_known_through"}
    assert refusal(application, "SELECT FROM pg_statistic") == DENIED


# -------------------------------------------------------------------------------- the role


@pytest.fixture
def as_application(shelf: Shelf) -> Iterator[psycopg.Connection]:
    with connect(shelf.url, role=APPLICATION_ROLE, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("statement", ["RESET ROLE", "RESET ALL", "DISCARD ALL", "SET ROLE TO DEFAULT"])
def test_resetting_returns_to_the_application_s_role(as_application: psycopg.Connection, statement: str) -> None:
    as_application.execute(statement)
    assert as_application.execute("SELECT current_user").fetchone() == (APPLICATION_ROLE,)
    assert refusal(as_application, "DELETE FROM ledger_posting") == DENIED


def test_the_application_makes_no_lasting_object(as_application: psycopg.Connection) -> None:
    assert refusal(as_application, "CREATE TABLE public.mine ()") == DENIED
    assert refusal(as_application, "CREATE SCHEMA mine") == DENIED
    assert refusal(as_application, "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1") == DENIED
    assert refusal(as_application, "CREATE ROLE mine") == DENIED


def test_a_temporary_table_does_not_stand_in_for_a_real_one(application: psycopg.Connection, shelf: Shelf) -> None:
    application.execute("CREATE TEMPORARY TABLE ledger_period (organisation_id int, month date, state text)")
    application.execute("INSERT INTO pg_temp.ledger_period VALUES (1, '2027-01-01', 'open')")
    assert refusal(application, POST, a_posting(shelf, on=date(2027, 1, 5))) == NOT_OPENED
