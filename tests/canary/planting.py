# ruff: noqa: E501  (statements)
"""Canaries: in an institution that none of the walkers works with, everything has words and numbers of its own.

What the ledger guards is planted by the services; the rest straight into its tables, so that a table is planted as soon
as it exists, whoever may write it later.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import psycopg
from sqlalchemy import Connection, Engine, text

from erp.base import audit, uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import CorrectEntry, PostEntry
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.counterparties.rules import check_digit, iban_check_digits
from ledger import service as ledger
from ledger.model import Actor
from tests.canary.rooms import ROOMS, Tenant
from tests.factories.seals import libpq, seal_everything
from tests.web.desk import PASSWORD, STRANGERS, Desk, an_entry

WORD = "Канареева"
FRAGMENT = "канаре"
"""Finds the word in a search without being one itself."""
LOGIN = "kanareeva"
PROGRAMME = {"programme": "464.003", "specific": "149"}
_SINCE = date(2020, 1, 1)
_AMOUNT = "7418529.63"
NUMBER = 30_000
"""Whatever is numbered from here on has numbers that nothing of the others has."""
LATER = 31_000
"""Whatever is made afterwards has numbers that nothing planted has."""
_KEYS = UUID("0c0ffee0-0000-4000-8000-000000000000")


def _iin() -> str:
    eleven = next(f"85071939{n:03}" for n in range(1000) if check_digit(f"85071939{n:03}") is not None and n > 700)
    return f"{eleven}{check_digit(eleven)}"


def _iban() -> str:
    account = "965KANAREEVA0001"
    return f"KZ{iban_check_digits(account)}{account}"


IIN, IBAN, DOCUMENT, REASON = _iin(), _iban(), "КНР-90417", f"{WORD} просила"
CANARIES = (WORD, WORD.lower(), LOGIN, LOGIN.upper(), IIN, DOCUMENT, "7418529", "7 418 529", "7\u00a0418\u00a0529",
            "741852963", "Чужая больница", "Бөтен аурухана", "Another’s hospital", STRANGERS)  # fmt: skip
"""What must not be seen: as it was written, and as pages and files write it."""


@dataclass
class Planted:
    """The foreign institution, and the ids of what is in it."""

    organisation: int
    user: int
    ids: dict[str, list[int]] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        return sorted({number for numbers in self.ids.values() for number in numbers})


_APART = """
    SELECT setval(c.oid, :number) FROM pg_class c
     WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace AND NOT c.relname LIKE 'procrastinate%'
"""


def key(name: str) -> UUID:
    return uuid5(_KEYS, name)


def plant(desk: Desk, url: str) -> Planted:
    at = desk.organisations[STRANGERS]
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text(_APART), {"number": NUMBER})
        user = _person(owner, connection, at)
    scope = Scope(Actor(user, "10.99.88.77"), writes=frozenset({at}), adjusts=frozenset({at}))
    planted = Planted(at, user)

    def run(command: Any) -> Any:
        return uow.run(desk.engine, scope, command)

    run(lambda u: _open(u, at))
    run(lambda u: _books(u, at, planted))
    planted.ids |= _rows(url, planted)
    seal_everything(url)
    with owner.begin() as connection:
        connection.execute(text(_APART), {"number": LATER})
    owner.dispose()
    return planted


def _person(owner: Engine, connection: Connection, at: int) -> int:
    def make(u: UnitOfWork) -> int:
        user = access.create_user(u, LOGIN, f"{WORD} Қанат", PASSWORD, Language.RU)
        access.grant_role(u, user, Role.CHIEF_ACCOUNTANT, at, _SINCE)
        access.grant_role(u, user, Role.ADMINISTRATOR, at, _SINCE)
        access.grant_role(u, user, Role.HR_HEAD, at, _SINCE)
        other = access.create_user(u, f"{LOGIN}-2", f"{WORD} Анар", PASSWORD, Language.KK)
        access.grant_role(u, other, Role.EMPLOYEE, at, _SINCE)
        return user

    return make(UnitOfWork(owner, Scope(Actor(0, "test"), administers=frozenset({at})), lambda: connection))


def _open(u: UnitOfWork, at: int) -> None:
    ledger.open_books(u.connection, at, STRANGERS, date(2025, 1, 1), date(2026, 12, 31), u.scope.actor)
    audit.record(u.connection, u.scope, "books-opened", f"organisation:{at}", organisation_id=at)


def _entry(name: str, **changes: Any) -> PostEntry:
    told = {"key": str(key(name)), "memo": f"{WORD}: {name}", "document_number": DOCUMENT}
    return PostEntry.model_validate(an_entry() | told | changes)


def _books(u: UnitOfWork, at: int, planted: Planted) -> None:
    actor = u.scope.actor

    def post(command: PostEntry) -> int:
        receipt = journal.post_entry(u, at, command)
        u._post_pending()
        return receipt().entry_id

    income = {"debit": {"account": "1010"}, "credit": {"account": "6360"}, "amount": _AMOUNT, "memo": WORD}
    expense = {"debit": {"account": "7460", "dimensions": PROGRAMME}, "credit": {"account": "1010"}, "amount": _AMOUNT}
    entries = [
        post(_entry("income", effective_on="2025-05-05", postings=[income])),
        post(_entry("expense", effective_on="2026-03-16", postings=[expense])),
        post(_entry("to be corrected", effective_on="2026-03-16", postings=[income])),
    ]
    correction = CorrectEntry(key=key("correction"), effective_on=date(2026, 3, 20), reason=REASON, kind="reversal")
    corrected = journal.correct_entry(u, at, entries[-1], correction)
    u._post_pending()
    for month in range(1, 13):
        journal.close_month(u, at, date(2025, month, 1))
    journal.close_year(u, at, 2025, key("close"))
    journal.close_month(u, at, date(2026, 1, 1))
    journal.reopen_month(u, at, date(2026, 1, 1), REASON)
    assert actor.id == planted.user
    planted.ids["entry"] = [*entries, corrected().entry_id]


_INSERTS = {
    "finance_journal_import": """
        INSERT INTO finance_journal_import (organisation_id, file_name, sha256, entries, postings, amount_tiyn,
               actor_id, origin)
        VALUES (%(at)s, %(word)s || '.csv', sha256(%(word)s::bytea), 1, 1, 741852963, %(user)s, '10.99.88.77')
        RETURNING id""",
    "reference_delegation": """
        INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
        SELECT %(user)s, id, 'chief_accountant', %(at)s, daterange(%(day)s, %(day)s + 30) FROM reference_user
         WHERE login = 'kanareeva-2' RETURNING id""",
    "reference_individual": """
        INSERT INTO reference_individual (organisation_id, code, name_kk, name_ru, name_en)
        VALUES (%(at)s, %(iin)s, %(word)s, %(word)s, %(word)s) RETURNING 0""",
    "reference_bank_account": """
        INSERT INTO reference_bank_account (organisation_id, counterparty, iban, bank)
        VALUES (%(at)s, %(iin)s, %(iban)s, %(word)s) RETURNING 0""",
    "finance_recoding": """
        INSERT INTO finance_recoding (books_of, title, effective_on, created_by, origin)
        VALUES (%(at)s, %(word)s, '2026-01-01', %(user)s, '10.99.88.77') RETURNING id""",
    "finance_recoding_line": """
        INSERT INTO finance_recoding_line SELECT max(id), 'contract', %(word)s, %(word)s || '2' FROM finance_recoding
        RETURNING recoding_id""",
    "finance_recoding_transfer": """
        INSERT INTO finance_recoding_transfer (organisation_id, recoding_id, round, key, postings, actor_id, origin)
        SELECT %(at)s, max(id), 1, %(key)s, 1, %(user)s, '10.99.88.77' FROM finance_recoding RETURNING recoding_id""",
    "base_job": """
        INSERT INTO base_job (organisation_id, key, kind, asked_by, origin, facts, state, finished_at, error)
        VALUES (%(at)s, %(key)s, 'journal-import', %(user)s, '10.99.88.77',
                jsonb_build_object('what', %(word)s, 'sha256', '', 'rest', false),
                'failed', now(), jsonb_build_object('code', %(word)s, 'template', %(word)s, 'fields', '{}'::jsonb))
        RETURNING id""",
    "base_blob": """
        INSERT INTO base_blob (sha256, size_bytes, content)
        VALUES (sha256(%(word)s::bytea), octet_length(%(word)s::bytea), %(word)s::bytea) RETURNING 0""",
    "base_attachment": """
        INSERT INTO base_attachment (organisation_id, subject, name, media_type, size_bytes, sha256, added_by)
        VALUES (%(at)s, %(subject)s, %(word)s || '.txt', 'text/plain', octet_length(%(word)s::bytea),
                sha256(%(word)s::bytea), %(user)s)
        RETURNING id""",
    "base_comment": """
        INSERT INTO base_comment (organisation_id, subject, key, said, author_id)
        VALUES (%(at)s, %(subject)s, %(key)s, %(word)s, %(user)s) RETURNING id""",
    "base_notification": """
        INSERT INTO base_notification (user_id, kind, subject, facts, actor_id)
        VALUES (%(user)s, 'mentioned', %(subject)s, jsonb_build_object('what', %(word)s), %(user)s)
        RETURNING id""",
    "base_contact": """
        INSERT INTO base_contact (user_id, address, by_mail)
        VALUES (%(user)s, 'kanareeva@example.kz', true) RETURNING 0""",
    "base_mail": """
        INSERT INTO base_mail (notification_id, user_id, state, error)
        SELECT max(id), %(user)s, 'dead', %(word)s FROM base_notification
        RETURNING id""",
    "finance_journal_duty": """
        INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force)
        SELECT %(at)s, min(id), daterange(%(day)s, NULL) FROM ledger_journal RETURNING id""",
    "finance_duty_exception": """
        INSERT INTO finance_duty_exception (organisation_id, user_id, in_force, reason, allowed_by, origin)
        SELECT %(at)s, %(user)s, daterange(%(day)s, %(day)s + 30), %(word)s, min(id), '10.99.88.77' FROM reference_user
         WHERE id NOT IN (0, %(user)s) RETURNING id""",
    "finance_prepared": """
        INSERT INTO finance_prepared (organisation_id, key) VALUES (%(at)s, %(key)s) RETURNING id""",
    "finance_prepared_revision": """
        INSERT INTO finance_prepared_revision (organisation_id, prepared_id, no, kind, schema_version, command,
               content_hash, journal_id, effective_on, memo, document_number, amount_tiyn)
        SELECT %(at)s, max(p.id), 1, 'entry', 1, %(command)s, sha256(%(word)s::bytea),
               (SELECT min(id) FROM ledger_journal), '2026-03-16', %(word)s, %(document)s, 741852963
          FROM finance_prepared p WHERE p.organisation_id = %(at)s RETURNING prepared_id""",
    "finance_prepared_act": """
        INSERT INTO finance_prepared_act (organisation_id, prepared_id, version, act, revision, actor_id,
               origin, reason)
        SELECT %(at)s, max(id), 1, 'prepared', 1, %(user)s, '10.99.88.77', %(word)s FROM finance_prepared
         WHERE organisation_id = %(at)s RETURNING prepared_id""",
    "base_sighting": """
        INSERT INTO base_sighting (organisation_id, subject, user_id) VALUES (%(at)s, %(subject)s, %(user)s)
        RETURNING 0""",
    "finance_bulk": """
        INSERT INTO finance_bulk (organisation_id, key, act, asked_by, narrowed, reason, effective_on)
        VALUES (%(at)s, %(key)s, 'storno', %(user)s, 'text=' || %(word)s, %(word)s, '2026-03-16') RETURNING id""",
    "finance_bulk_item": """
        INSERT INTO finance_bulk_item (organisation_id, bulk_id, no, target_id, version, name, effective_on,
               amount_tiyn)
        SELECT %(at)s, max(id), 1, 1, 0, %(word)s, '2026-03-16', 741852963 FROM finance_bulk
         WHERE organisation_id = %(at)s RETURNING bulk_id""",
    "finance_report_view": """
        INSERT INTO finance_report_view (organisation_id, owner_id, name, report, query, shared_with)
        VALUES (%(at)s, %(user)s, %(word)s, 'trial-balance', 'from=2026-01', NULL) RETURNING id""",
    "finance_report_start": """
        INSERT INTO finance_report_start (organisation_id, user_id, view_id)
        SELECT organisation_id, owner_id, id FROM finance_report_view WHERE organisation_id = %(at)s RETURNING 0""",
    "finance_draft": """
        INSERT INTO finance_draft (organisation_id, owner_id, key, origin, note, sheet)
        VALUES (%(at)s, %(user)s, %(key)s, 'grid', %(word)s, jsonb_build_object('memo', %(word)s, 'rows', '[]'::jsonb))
        RETURNING id""",
    "finance_template": """
        INSERT INTO finance_template (organisation_id, owner_id, key, name, shared, sheet)
        VALUES (%(at)s, %(user)s, %(key)s, %(word)s, true,
                jsonb_build_object('memo', %(word)s, 'rows', jsonb_build_array(jsonb_build_object('amount', '5'))))
        RETURNING id""",
    "finance_recurrence": """
        INSERT INTO finance_recurrence (organisation_id, template_id, owner_id, key, inputs, every, day, in_force)
        SELECT organisation_id, id, owner_id, key, jsonb_build_object('word', %(word)s), 'month', 31, '[2026-01-01,)'
          FROM finance_template WHERE organisation_id = %(at)s RETURNING id""",
    "finance_occurrence": """
        INSERT INTO finance_occurrence (organisation_id, recurrence_id, due_on, reason, done_by)
        SELECT organisation_id, id, '2026-01-31', %(word)s, owner_id FROM finance_recurrence
         WHERE organisation_id = %(at)s RETURNING recurrence_id""",
    "finance_intake": """
        INSERT INTO finance_intake (organisation_id, owner_id, key, origin, name, brought, settings)
        VALUES (%(at)s, %(user)s, %(key)s, 'paste', %(word)s,
                jsonb_build_array(jsonb_build_object('name', '', 'merged', '[]'::jsonb, 'rows',
                    jsonb_build_array(jsonb_build_array(1, %(word)s)))),
                jsonb_build_object('purpose', 'entries', 'sheet', 0, 'heads', NULL, 'columns', '[]'::jsonb,
                                   'grouping', 'document', 'journal', '', 'effective_on', '', 'memo', ''))
        RETURNING id""",
    "finance_intake_mapping": """
        INSERT INTO finance_intake_mapping (organisation_id, purpose, signature, name, heads, columns, grouping,
                                            remembered_by)
        VALUES (%(at)s, 'entries', sha256(%(word)s::bytea), %(word)s, jsonb_build_array(%(word)s), '[""]', 'document',
                %(user)s)
        RETURNING id""",
    "finance_policy": """
        INSERT INTO finance_policy (organisation_id, key, since, schema_version, content, written_by)
        SELECT %(at)s, %(key)s, %(day)s + 30, 1,
               jsonb_build_object('journals', jsonb_build_array(jsonb_build_object('code', min(code), 'prefix', %(word)s::text))),
               %(user)s
          FROM ledger_journal RETURNING id""",
    "finance_policy_act": """
        INSERT INTO finance_policy_act (organisation_id, policy_id, version, act, actor_id, origin, reason)
        SELECT %(at)s, max(id), 2, 'discarded', %(user)s, '10.99.88.77', %(word)s FROM finance_policy
         WHERE organisation_id = %(at)s RETURNING policy_id""",
    "finance_closing_tick": """
        INSERT INTO finance_closing_tick (organisation_id, kind, period, step, verdict, proof, known, known_at, reason,
               actor_id, origin)
        VALUES (%(at)s, 'month', '2026-03-01', 'sides-right', 'fails',
                jsonb_build_object('figures', '[]'::jsonb, 'found', 1, 'findings', jsonb_build_array(jsonb_build_object(
                    'what', %(word)s::text, 'place', '', 'tiyn', 741852963, 'names', '[]'::jsonb, 'was_tiyn', NULL))),
                pg_current_snapshot(), clock_timestamp(), %(word)s, %(user)s, '10.99.88.77') RETURNING id""",
    "finance_closing_reminder": """
        INSERT INTO finance_closing_reminder (organisation_id, period, step, kind)
        VALUES (%(at)s, '2026-03-01', 'sides-right', 'late') RETURNING 0""",
    "finance_takeover": """
        INSERT INTO finance_takeover (organisation_id, starts_on, source_program, begun_by, origin)
        VALUES (%(at)s, '2026-01-01', %(word)s, %(user)s, '10.99.88.77') RETURNING id""",
    "finance_takeover_file": """
        INSERT INTO finance_takeover_file (organisation_id, takeover_id, kind, name, sha256, first_on, last_on, head_row,
               recognised, row_count, amount_tiyn, taken_by, origin)
        SELECT %(at)s, max(id), 'balance', %(word)s || '.xlsx', sha256(%(word)s::bytea), '2026-01-01', '2026-01-31', 1,
               jsonb_build_object('columns', '[]'::jsonb, 'ignored', jsonb_build_array(%(word)s::text)), 1, 741852963,
               %(user)s, '10.99.88.77' FROM finance_takeover WHERE organisation_id = %(at)s RETURNING id""",
    "finance_takeover_account": """
        INSERT INTO finance_takeover_account (organisation_id, takeover_id, code, name, nature, off_balance, subconto)
        SELECT %(at)s, max(id), '1010', %(word)s, '', false, ARRAY[%(word)s] FROM finance_takeover
         WHERE organisation_id = %(at)s RETURNING takeover_id""",
    "finance_takeover_side": """
        INSERT INTO finance_takeover_side (organisation_id, takeover_id, account, subconto)
        SELECT %(at)s, max(id), '1010', ARRAY[%(word)s] FROM finance_takeover WHERE organisation_id = %(at)s
        RETURNING id""",
    "finance_takeover_balance": """
        INSERT INTO finance_takeover_balance (organisation_id, file_id, row_no, side_id, depth, counted,
               opening_debit_tiyn, opening_credit_tiyn, debit_tiyn, credit_tiyn, closing_debit_tiyn, closing_credit_tiyn,
               cells)
        SELECT %(at)s, max(f.id), 7, max(s.id), 0, true, 741852963, 0, 0, 0, 741852963, 0, ARRAY[%(word)s]
          FROM finance_takeover_file f, finance_takeover_side s
         WHERE f.organisation_id = %(at)s AND s.organisation_id = %(at)s RETURNING file_id""",
    "finance_takeover_posting": """
        INSERT INTO finance_takeover_posting (organisation_id, file_id, row_no, document_row, no, effective_on, document,
               document_number, memo, debit_side_id, amount_tiyn, cells)
        SELECT %(at)s, max(f.id), 9, 9, 1, '2026-01-16', %(word)s, %(document)s, %(word)s, max(s.id), 741852963,
               ARRAY[%(word)s]
          FROM finance_takeover_file f, finance_takeover_side s
         WHERE f.organisation_id = %(at)s AND s.organisation_id = %(at)s RETURNING file_id""",
    "finance_takeover_counterparty": """
        INSERT INTO finance_takeover_counterparty (organisation_id, file_id, row_no, name, full_name, code, iban, bank,
               cells)
        SELECT %(at)s, max(id), 5, %(word)s, %(word)s, %(iin)s, %(iban)s, %(word)s, ARRAY[%(word)s]
          FROM finance_takeover_file WHERE organisation_id = %(at)s RETURNING file_id""",
    "finance_takeover_mapping": """
        INSERT INTO finance_takeover_mapping (organisation_id, takeover_id, account, ours, dimensions, fixed, why,
               decided_by, origin)
        SELECT %(at)s, max(id), '1010', %(word)s, '{}', '{}', 'chosen', %(user)s, '10.99.88.77' FROM finance_takeover
         WHERE organisation_id = %(at)s RETURNING id""",
    "finance_takeover_value": """
        INSERT INTO finance_takeover_value (organisation_id, takeover_id, dimension, said, code, why, decided_by, origin)
        SELECT %(at)s, max(id), 'counterparty', %(word)s, %(iin)s, 'chosen', %(user)s, '10.99.88.77'
          FROM finance_takeover WHERE organisation_id = %(at)s RETURNING id""",
    "finance_takeover_word": """
        INSERT INTO finance_takeover_word (organisation_id, takeover_id, before, after, decided_by, origin)
        SELECT %(at)s, max(id), %(word)s, %(word)s, %(user)s, '10.99.88.77' FROM finance_takeover
         WHERE organisation_id = %(at)s RETURNING id""",
    "finance_takeover_batch": """
        INSERT INTO finance_takeover_batch (organisation_id, takeover_id, file_id, kind, month, key, entries, postings,
               amount_tiyn, rows_left, actor_id, origin)
        SELECT %(at)s, max(takeover_id), max(id), 'month', '2026-01-01', %(key)s, 1, 1, 741852963, 0, %(user)s,
               '10.99.88.77' FROM finance_takeover_file WHERE organisation_id = %(at)s RETURNING id""",
    "finance_takeover_explanation": """
        INSERT INTO finance_takeover_explanation (organisation_id, takeover_id, file_id, account, codes, opening_tiyn,
               debit_tiyn, credit_tiyn, reason, explained_by, origin)
        SELECT %(at)s, max(takeover_id), max(id), '1010', array_fill(''::text, ARRAY[9]), 741852963, 0, 0, %(word)s,
               %(user)s, '10.99.88.77' FROM finance_takeover_file WHERE organisation_id = %(at)s RETURNING id""",
    "finance_takeover_agreement": """
        INSERT INTO finance_takeover_agreement (organisation_id, takeover_id, file_id, sides, turnover_tiyn, agreed_by,
               origin)
        SELECT %(at)s, max(takeover_id), max(id), 1, 741852963, %(user)s, '10.99.88.77' FROM finance_takeover_file
         WHERE organisation_id = %(at)s RETURNING id""",
    "reference_signature": """
        INSERT INTO reference_signature (organisation_id, subject, purpose, signer_id, origin, method, content,
               content_sha256, container, container_sha256, certificate, known_by, serial, name, iin, issuer, valid_from,
               valid_until, check_code)
        VALUES (%(at)s, %(subject)s, 'checked', %(user)s, '10.99.88.77', 'cms', convert_to(%(word)s, 'UTF8'),
                sha256(convert_to(%(word)s, 'UTF8')), convert_to(%(word)s, 'UTF8'), sha256(convert_to(%(word)s, 'UTF8')),
                convert_to(%(word)s, 'UTF8'), 'registered', '7418529', %(word)s, %(iin)s, %(word)s, now(), now(),
                'KANAREEVAKANAREEVA00')
        RETURNING id""",
    "base_audit_event": """
        INSERT INTO base_audit_event (actor_id, origin, organisation_id, action, subject, facts)
        VALUES (%(user)s, '10.99.88.77', %(at)s, 'role-granted', %(subject)s, jsonb_build_object('name', %(word)s))
        RETURNING 0""",
}
"""By table, in the order in which they lean on each other; what each returns is an id to try at other doors."""


def _rows(url: str, planted: Planted) -> dict[str, list[int]]:
    facts = {
        "at": planted.organisation,
        "user": planted.user,
        "word": WORD,
        "iin": IIN,
        "iban": IBAN,
        "document": DOCUMENT,
        "day": today(),
        "subject": f"entry:{planted.organisation}/2026/{planted.ids['entry'][1]}",
        "key": key("row"),
        "command": json.dumps({name: said for name, said in an_entry(memo=WORD).items() if name != "key"}),
    }
    rooms = Tenant(planted.organisation, planted.user, planted.user, f"{LOGIN}-2", WORD, 741852963)
    return {"user": [planted.user]} | inserted(url, _INSERTS, facts) | inserted(url, ROOMS, rooms.facts)


def inserted(url: str, statements: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, list[int]]:
    """Run them in one transaction of the owner; what each returns, by its name."""
    with psycopg.connect(libpq(url), cursor_factory=psycopg.ClientCursor) as connection:
        return {
            name: [number for (number,) in connection.execute(statement, facts) if number]
            for name, statement in statements.items()
        }


def digest(connection: Connection, organisation: int) -> dict[str, str]:
    """What each table holds of an organisation, as one hash a table: any change of it shows."""
    return {
        table: str(
            connection.execute(
                text(
                    f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t WHERE organisation_id = :at"
                ),
                {"at": organisation},
            ).scalar_one()
        )
        for table in tables(connection)
    }


def tables(connection: Connection) -> list[str]:
    """Every table that has rows of organisations."""
    found = connection.execute(
        text("""
            SELECT c.relname FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             ORDER BY 1
        """)
    )
    return list(found.scalars())
