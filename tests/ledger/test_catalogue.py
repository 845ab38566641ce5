"""The catalogue: whatever a migration adds, nobody reads or writes past the guards."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.ledger.conftest import connect

# Who may do what where is read before a scope is known; names and places of state bodies are public.
READ_WITHOUT_SCOPE = {
    "reference_user",
    "reference_role_grant",
    "reference_delegation",
    "reference_organisation",
    "reference_organisation_name",
    "reference_organisation_link",
    "reference_serving",
}
# Whoever reads the books keeps their own there, and changes nobody else's.
OWN = {"finance_report_view", "finance_report_start"}
# A person's own, seen by nobody else, where they may write in the books.
PRIVATE = {"finance_draft", "finance_intake"}
# Of each person, by which they are known.
SECRETS = {"reference_second_factor", "reference_recovery_code", "reference_session"}
# By what a person is known elsewhere: their certificates, their accounts at providers.
KNOWN_BY = {"reference_certificate", "reference_user_identity"}
# Reports of business trips.
OF_TRIPS = {"hr_trip_report", "hr_trip_report_line", "hr_trip_report_act"}
# Plans, of the organisation that plans.
# Views of plans that people keep, and files on their way into a version: one's own, a view also where shared.
KEPT_OF_PLANS = {"economy_layout": "readable", "economy_intake": "writable"}
# Lists of people on their way onto the staff: one's own, while one keeps records there.
LISTS_OF_PEOPLE = {"hr_intake"}
OF_PLANS = {
    *("economy_plan", "economy_leaf", "economy_version", "economy_edit", "economy_cell", "economy_expected"),
    *("economy_model", "economy_scenario", "economy_assumption"),
}
# Settings of the books that an administrator makes as well, without reading the books.
SET_BY_ADMINISTRATORS = {"finance_journal_duty", "finance_duty_exception"}

# The staffing table and who is appointed: seen by who works there, kept by the personnel service.
OF_STAFF = {
    *("hr_unit", "hr_unit_fact", "hr_staff_unit", "hr_staff_unit_fact"),
    *("hr_appointment", "hr_appointment_fact", "hr_schedule"),
}
# Acts on files, and who read them: also the person's own.
OF_FILES = {"hr_act", "hr_read_log"}
# Requests to be away: seen by who keeps records, by who asks, and by who decides on them.
OF_REQUESTS = {"hr_request", "hr_request_act", "hr_absence"}
# Persons have no organisation: each is seen where appointed, and by themselves.
PERSONS = {"hr_person", "hr_person_name", "hr_person_fact"}


@pytest.fixture(scope="module")
def catalogue(shared_database: str) -> Iterator[psycopg.Connection]:
    """The owner's connection; a second year has been opened, so that partitions made later are seen too."""
    with connect(shared_database, role=None, autocommit=True) as connection:
        connection.execute("SELECT ledger_ensure_year(y) FROM generate_series(2026, 2027) y")
        yield connection


def found(catalogue: psycopg.Connection, query: str) -> list[object]:
    return [row[0] if len(row) == 1 else row for row in catalogue.execute(query)]


OURS = "c.relnamespace = 'public'::regnamespace"
BY_ORGANISATION = f"""
    pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped
      WHERE {OURS} AND c.relkind IN ('r', 'p')
"""


def test_tables_of_an_organisation_are_guarded_by_rows(catalogue: psycopg.Connection) -> None:
    open_to_all = found(
        catalogue,
        f"""SELECT c.relname FROM {BY_ORGANISATION} AND NOT c.relrowsecurity
               AND has_any_column_privilege('qazyna_app', c.oid, 'SELECT, UPDATE')""",
    )
    assert open_to_all == []
    guarded = found(catalogue, f"SELECT c.relname FROM {BY_ORGANISATION} AND c.relrowsecurity")
    assert {"ledger_entry", "ledger_posting", "ledger_entry_2027", "ledger_posting_2027"} <= set(guarded)


def test_guarded_tables_have_a_policy_for_what_is_granted(catalogue: psycopg.Connection) -> None:
    without = found(
        catalogue,
        f"""SELECT c.relname, g.privilege
              FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS g(privilege)
             WHERE {OURS} AND c.relrowsecurity AND has_table_privilege('qazyna_app', c.oid, g.privilege)
               AND NOT EXISTS (SELECT FROM pg_policies p
                                WHERE p.tablename = c.relname AND p.cmd IN (g.privilege, 'ALL'))""",
    )
    assert without == []


def test_policies_ask_for_the_scope_once_a_statement(catalogue: psycopg.Connection) -> None:
    once = "(organisation_id = ANY (( SELECT ledger_{}() AS ledger_{})::integer[]))"
    hashed = "(organisation_id IN ( SELECT unnest(ledger_readable()) AS unnest))"
    of_groups = "(group_id IN ( SELECT ledger_whole_groups(ledger_readable()) AS ledger_whole_groups))"
    administered = once.replace("ledger_{}", "reference_administered")
    for table, command, reading, writing in catalogue.execute(
        "SELECT tablename, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2"
    ):
        if table == "base_audit_event":  # tests/ledger/test_trail.py says who reads what of it; everybody adds to it
            asked = ("( SELECT ledger_readable() AS ledger_readable)", "( SELECT base_audited() AS base_audited)")
            assert writing == "true" if command == "INSERT" else all(each in reading for each in asked)
            continue
        if table in OWN:
            for asked in filter(None, (reading, writing)):
                assert hashed in asked, (table, command)
                assert command == "SELECT" or "= ( SELECT reference_actor() AS reference_actor)" in asked
            continue
        if table in PRIVATE:
            for asked in filter(None, (reading, writing)):
                assert (hashed if command == "SELECT" else once.format("writable", "writable")) in asked
                assert "(owner_id = ( SELECT reference_actor() AS reference_actor))" in asked
            continue
        if table == "finance_template":  # one's own, and those shared with all who post
            assert (hashed if command == "SELECT" else once.format("writable", "writable")) in (reading or writing)
            assert "(owner_id = ( SELECT reference_actor() AS reference_actor))" in (writing or reading)
            continue
        if table == "finance_occurrence" and command == "INSERT":  # in one's own name
            assert once.format("writable", "writable") in writing
            assert "(done_by = ( SELECT reference_actor() AS reference_actor))" in writing
            continue
        if table == "finance_recurrence" and command == "INSERT":
            assert once.format("writable", "writable") in writing
            assert "(owner_id = ( SELECT reference_actor() AS reference_actor))" in writing
            continue
        if table in SECRETS:  # the program finds out who calls; of sessions, who manages a person sees and ends them
            own = "((user_id = ( SELECT reference_actor() AS reference_actor)) OR (( SELECT reference_actor()"
            assert own in reading or (table, reading) == ("reference_session", "reference_may_manage(user_id)")
            continue
        if table in KNOWN_BY:  # a person's own; the program finds out who comes; who manages a person mends them
            own = "((user_id = ( SELECT reference_actor() AS reference_actor)) OR (( SELECT reference_actor()"
            assert own in (reading or writing) or (reading or writing) == "reference_may_manage(user_id)"
            continue
        if (table, command) == ("reference_signature", "INSERT"):  # where one writes, in one's own name
            assert once.format("writable", "writable") in writing
            assert "(signer_id = ( SELECT reference_actor() AS reference_actor))" in writing
            continue
        if table in ("finance_bulk", "finance_bulk_item") and command != "SELECT":  # whoever asked goes on with it
            asked = ("( SELECT ledger_writable() AS ledger_writable)", "asked_by = ( SELECT reference_actor()")
            assert all(each in (reading or writing) for each in asked)
            continue
        hr = once.replace("ledger_{}", "hr_{0}")
        if table in OF_STAFF:
            kept = hr.format("writable")
            expected = {"SELECT": (hr.format("present"), None), "INSERT": (None, kept), "UPDATE": (kept, kept)}
            assert (reading, writing) == expected[command], (table, command)
            continue
        if table in OF_FILES:
            own = "(person_id = ( SELECT hr_self() AS hr_self))"
            notes = (hr.format("readable"), "(reader_id = ( SELECT reference_actor()")
            if command == "SELECT":
                assert reading in (own, hr.format("readable"))
            else:
                in_one_s_own_name = ("hr_acted_by(actor_id, on_behalf_of)", "NOT hr_own(person_id)", "hr_writable()")
                assert all(each in writing for each in (in_one_s_own_name if table == "hr_act" else notes))
            continue
        if table in OF_REQUESTS:
            said = reading or writing
            own = (hr.format("serving"), "( SELECT hr_self() AS hr_self)")
            by_desk = (hr.format("deciding"), "hr_request_desks()" if table == "hr_request" else "")
            of_request = ("FROM hr_request r",)
            kept = (hr.format("readable" if command == "SELECT" else "writable"),)
            decided = (hr.format("deciding"), "'approved'") if command == "INSERT" else by_desk
            ways = (own, kept, decided, of_request if (table, command) == ("hr_request_act", "SELECT") else own)
            assert any(all(each in said for each in way) for way in ways), (table, command, said)
            assert command in ("SELECT", "INSERT")
            assert table != "hr_absence" or command == "SELECT"
            continue
        if table == "hr_leave_movement":  # seen as requests are; whoever decides uses days, and gives them back
            ways = (
                (hr.format("serving"), "( SELECT hr_self() AS hr_self)"),
                (hr.format("deciding"), "FROM hr_request r" if command == "SELECT" else "'use'"),
                (hr.format("readable"),) if command == "SELECT" else (hr.format("writable"), "<> 'use'"),
            )
            assert any(all(each in (reading or writing) for each in way) for way in ways), (table, command)
            assert command == "SELECT" or "serving" not in writing
            continue
        if table == "hr_calendar_feed":
            asked = (hr.format("serving"), "(user_id = ( SELECT reference_actor() AS reference_actor))")
            assert all(each in reading and each in writing for each in asked)
            continue
        if table in PERSONS:
            own = "hr_self()" if table != "hr_person" else "(user_id = ( SELECT reference_actor()"
            of = "readable" if table == "hr_person_fact" and command == "SELECT" else "present"
            asked = f"SELECT hr_{of if command == 'SELECT' else 'writable'}()"
            said = reading or writing
            served = (f"FROM hr_appointment{'' if table == 'hr_person' else '_fact'} a", asked)
            kept = {"INSERT": "hr_may_record(kept_by, act_id, person_id)", "UPDATE": "hr_keeps(( SELECT hr_writable()"}
            assert own in said or all(each in said for each in (served if command == "SELECT" else (kept[command],)))
            continue
        if table in READ_WITHOUT_SCOPE:
            assert reading == "true" or "reference_administered()" in (writing or reading) or table == "reference_user"
            continue
        if table == "finance_recoding":  # everybody's, or one institution's own
            asked = ("(books_of IS NULL) OR (books_of IN ( SELECT unnest(ledger_readable())",)
            if writing:
                asked = ("reference_heads_all()", "reference_actor()", "(books_of = ANY (( SELECT ledger_writable()")
            assert all(each in (reading or writing) for each in asked)
            continue
        if table == "finance_reorganisation":  # public; each of the two institutions takes its own step
            assert (command, reading) == ("SELECT", "true") or "ledger_writable()" in (reading or writing)
            continue
        if table == "finance_recoding_line":  # a line is seen where its recoding is
            assert "FROM finance_recoding" in (reading or writing)
            continue
        if table == "base_blob":  # a content has no organisation: it is read where an attachment of it is
            assert "FROM base_attachment a" in reading
            assert command == "SELECT"
            continue
        if table == "base_attachment" and "hr_trip_of" in (reading or writing):  # papers of a trip
            assert "FROM hr_request r" in (reading or writing)
            assert command == "SELECT" or "( SELECT (hr_writable() || hr_serving()))" in (reading or writing)
            continue
        if table in OF_TRIPS:  # seen where its request is; written by who makes it, keeps the records, or decides
            asked = [f"( SELECT hr_{each}() AS hr_{each})" for each in ("writable", "serving", "deciding")]
            assert "FROM hr_request r" in reading if command == "SELECT" else any(each in writing for each in asked)
            continue
        if table == "base_mail":  # the program sends, who manages the person sees what became of it
            asked = ("reference_actor() AS reference_actor) = 0)", "reference_may_manage(user_id)")
            assert all(each in reading for each in asked)
            continue
        # a person's own; whoever acts may tell a person of it
        if table in ("base_notification", "base_contact", "base_desk", "base_tour_step"):
            own = "(user_id = ( SELECT reference_actor() AS reference_actor))"
            assert (table, command, writing) == ("base_notification", "INSERT", "true") or own in (reading or writing)
            continue
        if (table, command) == ("base_comment", "INSERT"):  # who may read a document may speak of it
            assert writing == once.format("readable", "readable")
            continue
        if table in KEPT_OF_PLANS:
            kept = "readable" if command == "SELECT" else KEPT_OF_PLANS[table]
            own = "(owner_id = ( SELECT reference_actor() AS reference_actor))"
            for asked in filter(None, (reading, writing)):
                assert once.replace("ledger_{}", "economy_{0}").format(kept) in asked, (table, command)
                assert own in asked, (table, command)
                assert "shared" not in asked or (table, command) == ("economy_layout", "SELECT")
            continue
        if table in LISTS_OF_PEOPLE:
            for asked in filter(None, (reading, writing)):
                assert once.replace("ledger_{}", "hr_{0}").format("writable") in asked, (table, command)
                assert "(owner_id = ( SELECT reference_actor() AS reference_actor))" in asked, (table, command)
            continue
        if table in OF_PLANS:
            planned = once.replace("ledger_{}", "economy_{0}")
            reads, writes = (planned.format(each) for each in ("readable", "writable"))
            assert (reading, writing) == {
                "SELECT": (reads, None),
                "INSERT": (None, writes),
                "UPDATE": (writes, writes),
            }[command], (table, command)
            continue
        reads = next((form for form in (hashed, of_groups) if reading == form), once.format("readable", "readable"))
        if table in SET_BY_ADMINISTRATORS and administered in (reading, writing):
            reads = writes = administered
        else:
            writes = once.format("writable", "writable")
        expected = {
            "SELECT": (reads, None),
            "INSERT": (None, writes),
            "UPDATE": (writes, writes),
            "DELETE": (writes, None),
        }
        assert (reading, writing) == expected[command], (table, command)


def test_partitions_carry_no_grant_and_no_policy(catalogue: psycopg.Connection) -> None:
    partitions = found(
        catalogue, f"SELECT c.relname FROM pg_class c WHERE {OURS} AND c.relispartition AND c.relkind = 'r'"
    )
    assert len(partitions) == 4
    granted = found(
        catalogue,
        f"""SELECT c.relname FROM pg_class c WHERE {OURS} AND c.relispartition AND c.relkind = 'r'
               AND (has_any_column_privilege('qazyna_app', c.oid, 'SELECT, INSERT, UPDATE')
                    OR has_table_privilege('qazyna_app', c.oid, 'DELETE, TRUNCATE'))""",
    )
    policies = found(catalogue, "SELECT tablename FROM pg_policies")
    assert granted == []
    assert set(policies).isdisjoint(partitions)


def test_partitions_have_the_triggers_of_their_parents(catalogue: psycopg.Connection) -> None:
    triggers = found(
        catalogue,
        f"""SELECT c.relname, array_agg(t.tgname::text ORDER BY 1)
              FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
             WHERE {OURS} AND c.relispartition AND t.tgenabled = 'O' AND t.tgname !~ '^RI_' GROUP BY 1 ORDER BY 1""",
    )
    assert [sorted(names) for _, names in triggers] == [["door", "final", "final_all"]] * 4


def test_views_act_for_who_asks_and_none_is_materialised(catalogue: psycopg.Connection) -> None:
    views = found(
        catalogue, f"SELECT c.relname, c.relkind, c.reloptions FROM pg_class c WHERE {OURS} AND c.relkind IN ('v', 'm')"
    )
    assert "ledger_side" in {name for name, _, _ in views}
    assert [v for v in views if v[1] == "m" or "security_invoker=true" not in (v[2] or [])] == []


OWN_FUNCTIONS = """
    pg_proc f WHERE f.pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')
"""


def test_definer_functions_fix_their_search_path_and_are_not_everybody_s(catalogue: psycopg.Connection) -> None:
    definers = found(catalogue, f"SELECT f.proname, f.proconfig FROM {OWN_FUNCTIONS} AND f.prosecdef")
    assert "ledger_post_entry" in {name for name, _ in definers}
    assert [d for d in definers if "search_path=public, pg_temp" not in (d[1] or [])] == []
    public = found(
        catalogue,
        f"""SELECT f.proname FROM {OWN_FUNCTIONS} AND (f.prosecdef OR f.proname LIKE 'ledger%')
               AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
                            WHERE g.grantee = 0)""",
    )
    assert public == []


def test_the_application_s_role_owns_nothing_and_is_nobody_special(catalogue: psycopg.Connection) -> None:
    attributes = catalogue.execute("""
        SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
          FROM pg_roles WHERE rolname = 'qazyna_app'
    """).fetchone()
    assert attributes == (False,) * 6
    role = "(SELECT oid FROM pg_roles WHERE rolname = 'qazyna_app')"
    assert found(catalogue, f"SELECT roleid::regrole::text FROM pg_auth_members WHERE member = {role}") == []
    owned = found(
        catalogue, f"SELECT classid::regclass::text, objid FROM pg_shdepend WHERE refobjid = {role} AND deptype = 'o'"
    )
    assert owned == []


def test_the_application_reads_the_ledger_and_writes_only_its_stage(catalogue: psycopg.Connection) -> None:
    rights = found(
        catalogue,
        f"""SELECT c.relname, g.privilege
              FROM pg_class c CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                                                      'TRIGGER']) AS g(privilege)
             WHERE {OURS} AND c.relkind IN ('r', 'p', 'v') AND c.relname LIKE 'ledger\\_%'
               AND (has_table_privilege('qazyna_app', c.oid, g.privilege)
                    OR g.privilege IN ('INSERT', 'UPDATE', 'REFERENCES')
                       AND has_any_column_privilege('qazyna_app', c.oid, g.privilege))""",
    )
    assert rights == [("ledger_stage", "INSERT")]
    sequences = found(
        catalogue,
        f"""SELECT c.relname FROM pg_class c WHERE {OURS} AND c.relname LIKE 'ledger%'
               AND CASE c.relkind WHEN 'S'
                   THEN has_sequence_privilege('qazyna_app', c.oid, 'USAGE, SELECT, UPDATE') END""",
    )
    assert sequences == []


def test_nobody_may_truncate_or_hang_triggers_anywhere(catalogue: psycopg.Connection) -> None:
    rights = found(
        catalogue,
        f"""SELECT c.relname FROM pg_class c
             WHERE {OURS} AND c.relkind IN ('r', 'p', 'v')
               AND has_table_privilege('qazyna_app', c.oid, 'TRUNCATE, TRIGGER')""",
    )
    assert rights == []


def test_everybody_else_has_no_rights(catalogue: psycopg.Connection) -> None:
    granted = found(
        catalogue,
        f"""SELECT DISTINCT c.relname FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
             WHERE {OURS} AND g.grantee NOT IN (c.relowner, 'qazyna_app'::regrole)""",
    )
    assert granted == []
    schema = found(
        catalogue,
        """SELECT g.privilege_type FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g
            WHERE n.nspname = 'public' AND g.grantee = 0""",
    )
    assert schema == ["USAGE"]


def test_keys_of_the_books_begin_with_their_organisation(catalogue: psycopg.Connection) -> None:
    without = found(
        catalogue,
        f"""SELECT i.indexrelid::regclass::text FROM pg_index i, {BY_ORGANISATION} AND c.relrowsecurity
               AND i.indrelid = c.oid AND i.indisunique AND i.indkey[0] <> a.attnum""",
    )
    own = ("base_audit_event_pkey", *READ_WITHOUT_SCOPE)  # the trail's numbers are the database's own: none collides
    assert {name for name in without if not name.startswith(own)} == set()


def test_foreign_keys_cross_only_to_the_ledger_and_the_registers(catalogue: psycopg.Connection) -> None:
    crossing = found(
        catalogue,
        """SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND connamespace = 'public'::regnamespace
              AND split_part(confrelid::regclass::text, '_', 1)
                  NOT IN ('ledger', 'reference', split_part(conrelid::regclass::text, '_', 1))""",
    )
    assert crossing == []


def test_what_people_are_known_by_is_guarded_by_rows(catalogue: psycopg.Connection) -> None:
    guarded = found(
        catalogue, f"SELECT c.relname FROM pg_class c WHERE {OURS} AND c.relkind = 'r' AND c.relrowsecurity"
    )
    assert set(guarded) >= SECRETS | KNOWN_BY
