"""A witness in the database: whoever changes a row and leaves no trail of it is refused at commit.

What the tests of pages and programs do, they do before this witness: so no route of theirs changes anything unseen.
"""

import psycopg

from tests.factories.seals import libpq

UNTOLD = {
    "alembic_version": "the owner's migrations",
    "base_audit_event": "the trail itself",
    "ledger_block": "seals prove, they change nothing",
    "ledger_leaf": "seals",
    "ledger_trail_leaf": "seals",
    "ledger_sealed_code": "seals",
    "ledger_known_through": "seals",
    "ledger_epoch": "sums of what is posted",
    "ledger_group_balance": "sums of what is posted",
    "ledger_group_history": "sums of what is posted",
    "economy_intake": "a file brought but not accepted; that it was brought, accepted or thrown away is told",
    "hr_intake": "a list brought but not accepted; that it was brought, accepted or thrown away is told",
    "finance_intake": "a table brought but not accepted; that it was brought, accepted or thrown away is told",
    "finance_draft": "kept while it is typed; that it was begun, thrown away, taken back or sent is told",
    "base_sighting": "who saw what; nothing is changed by it",
    "finance_bulk": "how far an act on many is; that it was begun is told, and each document's own act",
    "finance_bulk_item": "what became of each of many documents; its own act is told",
    "base_notification": "tells of what is told, and whether it was read",
    "base_mail": "tells of what is told, and whether it left",
    "base_job": "how far a job is; that it was asked for is told",
    "base_blob": "what a file holds; that it was attached is told",
    "base_contact": "a person's own address, which the trail does not keep",
    "base_desk": "how a person likes their pages",
    "base_tour_step": "how far a person's tour of the program went",
    "ledger_book": "made by the kernel with the first months; who opens the books tells so",
    "ledger_stage": "rows on their way into entries",
    "ledger_edition": "counts changes of the registers",
    "ledger_classification": "ways of naming what was there before, made when first named",
    "ledger_subaccount": "ways of naming what was there before, made when first named",
    "economy_leaf": "ways of naming lines of a plan, made when first named; each edit of their cells is told",
    "finance_closing_reminder": "of whose day and lateness owners were told",
    "hr_read_log": "who read what; nothing is changed by it",
    "reference_session": "when a browser was last seen; that it signed in is told",
    "reference_sign_in_failure": "how long a login waits; that it was refused is told",
}
"""Tables whose rows change without a trail, and why.

Nor is a person's own choice of language told, nor each month that is opened for the first time: who opens the books
tells that once.
"""

_WITNESS = """
CREATE FUNCTION test_witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'language' = to_jsonb(NEW) - 'language' THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' AND TG_TABLE_NAME = 'ledger_period' THEN RETURN NULL; END IF;
    IF EXISTS (SELECT FROM base_audit_event WHERE recorded_xid = pg_current_xact_id())
       OR EXISTS (SELECT FROM ledger_entry WHERE recorded_xid = pg_current_xact_id())
       OR EXISTS (SELECT FROM ledger_period_change WHERE recorded_xid = pg_current_xact_id())
       OR EXISTS (SELECT FROM ledger_year_change WHERE recorded_xid = pg_current_xact_id()) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a row of % was changed (%) and left no trail: erp.base.audit.record', TG_TABLE_NAME, TG_OP;
END $$;
"""

_TABLES = """
    SELECT relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT relispartition
       AND relname NOT LIKE 'procrastinate%%' AND relname <> ALL (%s) ORDER BY 1
"""


def watch(url: str) -> None:
    """Set the witness over every table of a migrated database but those that need no trail."""
    with psycopg.connect(libpq(url)) as connection:
        connection.execute(_WITNESS)
        for (table,) in connection.execute(_TABLES, [list(UNTOLD)]).fetchall():
            connection.execute(
                f"CREATE CONSTRAINT TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON {table}"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_witness()".encode()
            )
