"""Sealed books, and a superuser who changes them past every guard."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import LiteralString

import psycopg

from erp.base.db import make_engine
from ledger import seals
from ledger.seals import NOTHING, Block, merkle_root
from tests.factories.patience import until


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def await_older(url: str) -> None:
    """Wait until every transaction of the server that has begun to write ended: until then nothing newer is sealed.

    Those of other databases count: CREATE DATABASE of the next test, a year that another worker loads.
    """
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        next_to_come = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()
        ended = "SELECT FROM pg_current_snapshot() WHERE pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8"
        until(lambda: connection.execute(ended, next_to_come).fetchone() is not None, "a transaction does not end")


def seal_everything(url: str) -> Block:
    """One block over all that was recorded before, facts of people too, which have no leaf."""
    await_older(url)
    engine = make_engine(url, role=None, pool=1)
    try:
        with engine.begin() as connection:
            block = seals.seal(connection, even_empty=True)
    finally:
        engine.dispose()
    assert block is not None
    return block


@contextmanager
def a_superuser(url: str) -> Iterator[psycopg.Connection]:
    """The owner with every trigger silenced; what he does stays."""
    with psycopg.connect(libpq(url)) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def tamper(url: str, statement: LiteralString, *parameters: object) -> None:
    """One statement of the superuser's, which must change something."""
    with a_superuser(url) as connection:
        assert connection.execute(statement, parameters).rowcount != 0, statement


def seal_anew(url: str) -> None:
    """What a superuser would do to hide a change: every leaf, root and head made to fit what the tables say now."""
    with a_superuser(url) as c:
        c.execute("SET datestyle = 'ISO, YMD'")
        c.execute("""
            DELETE FROM ledger_leaf l WHERE NOT EXISTS (SELECT FROM ledger_entry e
                WHERE (e.organisation_id, e.fiscal_year, e.id) = (l.organisation_id, l.fiscal_year, l.entry_id))
        """)
        c.execute("""
            INSERT INTO ledger_leaf
            SELECT organisation_id, fiscal_year, entry_id, b.no, number, 0, journal_id, ''
              FROM ledger_leaf_text
              JOIN LATERAL (SELECT no FROM ledger_block WHERE recorded_xid < watermark ORDER BY no LIMIT 1) b ON true
            ON CONFLICT DO NOTHING
        """)
        c.execute("""
            UPDATE ledger_leaf l SET hash = sha256('\\x00'::bytea || convert_to(t.text, 'UTF8')), leaf_no = t.place,
                   number = t.number, journal_id = t.journal_id, block_no = t.no
              FROM (SELECT t.*, b.no, row_number() OVER (PARTITION BY b.no
                               ORDER BY recorded_xid, organisation_id, fiscal_year, entry_id) AS place
                      FROM ledger_leaf_text t
                      JOIN LATERAL (SELECT no FROM ledger_block WHERE recorded_xid < watermark ORDER BY no LIMIT 1) b
                        ON true) t
             WHERE (l.organisation_id, l.fiscal_year, l.entry_id) = (t.organisation_id, t.fiscal_year, t.entry_id)
        """)
        c.execute("""
            DELETE FROM ledger_trail_leaf l WHERE NOT EXISTS (
                SELECT FROM ledger_trail_text t WHERE (t.source, t.id) = (l.source, l.id))
        """)
        c.execute("""
            INSERT INTO ledger_trail_leaf
            SELECT source, id, 0, 0, action, subject, '' FROM ledger_trail_text ON CONFLICT DO NOTHING
        """)
        c.execute("""
            UPDATE ledger_trail_leaf l
               SET hash = sha256('\\x00'::bytea || convert_to(t.text, 'UTF8')), leaf_no = t.place, block_no = t.no,
                   action = t.action, subject = t.subject
              FROM (SELECT t.*, b.no, row_number() OVER (PARTITION BY b.no
                               ORDER BY recorded_xid, source COLLATE "C", id) AS place
                      FROM ledger_trail_text t
                      JOIN LATERAL (SELECT no FROM ledger_block WHERE recorded_xid < watermark AND trail IS NOT NULL
                                     ORDER BY no LIMIT 1) b ON true) t
             WHERE (l.source, l.id) = (t.source, t.id)
        """)
        c.execute("DELETE FROM ledger_trail_leaf WHERE block_no = 0")
        previous = NOTHING
        for row in c.execute("""
            SELECT no, watermark::text::bigint, entries, sealed_at, root, codes, previous, head, events, trail
              FROM ledger_block ORDER BY no
        """).fetchall():
            leaves = c.execute("SELECT hash FROM ledger_leaf WHERE block_no = %s ORDER BY leaf_no", [row[0]]).fetchall()
            codes = c.execute(
                """
                SELECT '[' || organisation_id || ',"' || kind || '",' || id || ',' || text || ']'
                  FROM ledger_sealed_code WHERE block_no = %s ORDER BY organisation_id, kind, id
                """,
                [row[0]],
            ).fetchall()
            events = c.execute(
                "SELECT hash FROM ledger_trail_leaf WHERE block_no = %s ORDER BY leaf_no", [row[0]]
            ).fetchall()
            block = Block(*row)
            if block.trail is not None:
                block = replace(block, events=len(events), trail=merkle_root([leaf for (leaf,) in events]))
            block = replace(
                block,
                entries=len(leaves),
                root=merkle_root([leaf for (leaf,) in leaves]),
                codes=sha256("\n".join(line for (line,) in codes).encode()).digest(),
                previous=previous,
            )
            previous = seals.head_of(block)
            c.execute(
                "UPDATE ledger_block SET entries = %s, root = %s, codes = %s, previous = %s, head = %s, events = %s,"
                " trail = %s WHERE no = %s",
                [block.entries, block.root, block.codes, block.previous, previous, block.events, block.trail, block.no],
            )
