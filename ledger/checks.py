"""What must hold in every organisation's books at every instant, asked of the rows themselves."""

_DISAGREEMENTS = """
    WITH side AS (
        SELECT p.organisation_id, x.id, date_trunc('month', p.effective_on::timestamp)::date AS month,
               e.balance_kind AS kind, x.debit, x.credit, x.dq, x.cq, x.dc, x.cc
          FROM ledger_posting p
          LEFT JOIN ledger_entry e
            ON (e.organisation_id, e.fiscal_year, e.id, e.effective_on)
             = (p.organisation_id, p.fiscal_year, p.entry_id, p.effective_on)
           AND e.organisation_id BETWEEN {first} AND {last}  -- the planner does not carry a range over
         CROSS JOIN LATERAL (
               VALUES (p.debit_id, p.amount_tiyn, NULL::bigint, p.debit_quantity_milli, NULL::bigint,
                       p.debit_currency_minor, NULL::bigint),
                      (p.credit_id, NULL, p.amount_tiyn, NULL, p.credit_quantity_milli, NULL, p.credit_currency_minor))
               AS x(id, debit, credit, dq, cq, dc, cc)
         WHERE p.organisation_id BETWEEN {first} AND {last}
    ), fine AS (  -- what the postings say, less what is kept; what says nothing is null, which sums pass over
        SELECT organisation_id, id, month, kind, sum(debit) AS debit, sum(credit) AS credit, sum(dq) AS dq,
               sum(cq) AS cq, sum(dc) AS dc, sum(cc) AS cc
          FROM (SELECT * FROM side
                 UNION ALL
                SELECT organisation_id, subaccount_id, month, kind, -nullif(debit_tiyn, 0), -nullif(credit_tiyn, 0),
                       -nullif(debit_quantity_milli, 0), -nullif(credit_quantity_milli, 0),
                       -nullif(debit_currency_minor, 0), -nullif(credit_currency_minor, 0)
                  FROM ledger_balance WHERE organisation_id BETWEEN {first} AND {last}) both_sides
         GROUP BY 1, 2, 3, 4
    ), coarse AS (
        SELECT organisation_id, account_id, classification_id, month, kind, sum(debit) AS debit, sum(credit) AS credit
          FROM (SELECT b.organisation_id, s.account_id, s.classification_id, b.month, b.kind,
                       nullif(b.debit_tiyn, 0) AS debit, nullif(b.credit_tiyn, 0) AS credit
                  FROM ledger_balance b
                  JOIN ledger_subaccount s
                    ON (s.organisation_id, s.id) = (b.organisation_id, b.subaccount_id)
                   AND s.organisation_id BETWEEN {first} AND {last}
                 WHERE b.organisation_id BETWEEN {first} AND {last}
                 UNION ALL
                SELECT organisation_id, account_id, classification_id, month, kind, -nullif(debit_tiyn, 0),
                       -nullif(credit_tiyn, 0)
                  FROM ledger_account_balance WHERE organisation_id BETWEEN {first} AND {last}) both_grains
         GROUP BY 1, 2, 3, 4, 5
    ), numbers AS (
        SELECT organisation_id, journal_id, fiscal_year, min(number) AS first, max(number) AS last, count(*) AS drawn
          FROM ledger_entry WHERE organisation_id BETWEEN {first} AND {last} GROUP BY 1, 2, 3
    ), kept_numbers AS (
        SELECT * FROM ledger_number WHERE organisation_id BETWEEN {first} AND {last}
    ), cancelled AS (
        SELECT k.*, o.kind AS its_kind, o.balance_kind AS its_balance_kind, b.kind AS by_kind,
               b.balance_kind AS by_balance_kind
          FROM ledger_correction k
          LEFT JOIN ledger_entry o
            ON (o.organisation_id, o.fiscal_year, o.id) = (k.organisation_id, k.fiscal_year, k.entry_id)
          LEFT JOIN ledger_entry b
            ON (b.organisation_id, b.fiscal_year, b.id) = (k.organisation_id, k.by_fiscal_year, k.by_entry_id)
         WHERE k.organisation_id BETWEEN {first} AND {last}
    )
    SELECT 'fine grain: ' || fine::text AS what, organisation_id
      FROM fine
     WHERE debit <> 0 OR credit <> 0 OR dq <> 0 OR cq <> 0 OR dc <> 0 OR cc <> 0 OR kind IS NULL
     UNION ALL
    SELECT 'coarse grain: ' || coarse::text, organisation_id FROM coarse WHERE debit <> 0 OR credit <> 0
     UNION ALL
    SELECT 'numbers: ' || coalesce(numbers::text, '') || coalesce(n::text, ''), organisation_id
      FROM numbers FULL JOIN kept_numbers n USING (organisation_id, journal_id, fiscal_year)
     WHERE (first, last, drawn) IS DISTINCT FROM (1, n.last_number, n.last_number)
     UNION ALL
    SELECT 'entry without postings: ' || e::text, organisation_id
      FROM ledger_entry e
     WHERE organisation_id BETWEEN {first} AND {last}
       AND NOT EXISTS (SELECT FROM ledger_posting p WHERE (p.organisation_id, p.fiscal_year, p.entry_id)
                                                        = (e.organisation_id, e.fiscal_year, e.id))
     UNION ALL
    SELECT 'command without its entry: ' || c::text, organisation_id
      FROM ledger_command c
     WHERE organisation_id BETWEEN {first} AND {last}
       AND NOT EXISTS (SELECT FROM ledger_entry e WHERE (e.organisation_id, e.fiscal_year, e.id)
                                                      = (c.organisation_id, c.fiscal_year, c.entry_id))
     UNION ALL
    SELECT 'year of an entry: ' || e::text, organisation_id
      FROM ledger_entry e
     WHERE organisation_id BETWEEN {first} AND {last} AND fiscal_year <> date_part('year', effective_on)
     UNION ALL
    SELECT 'kind of an entry: ' || e::text, organisation_id
      FROM ledger_entry e
     WHERE organisation_id BETWEEN {first} AND {last}
       AND CASE WHEN kind IN ('storno', 'reversal')
                THEN NOT EXISTS (SELECT FROM ledger_correction k
                                  WHERE (k.organisation_id, k.by_entry_id) = (e.organisation_id, e.id))
                ELSE balance_kind <> CASE kind WHEN 'opening' THEN 1 WHEN 'closing' THEN 2 WHEN 'ordinary' THEN 0
                                               ELSE -1 END END
     UNION ALL
    SELECT 'correction: ' || cancelled::text, organisation_id
      FROM cancelled
     WHERE (kind, its_balance_kind) IS DISTINCT FROM (by_kind, by_balance_kind) OR its_kind IN ('storno', 'reversal')
     UNION ALL
    SELECT 'cancelled pair: ' || pair::text, organisation_id
      FROM (SELECT k.organisation_id, k.entry_id,
                   CASE WHEN swapped THEN p.credit_id ELSE p.debit_id END AS debit_id,
                   CASE WHEN swapped THEN p.debit_id ELSE p.credit_id END AS credit_id,
                   sum(CASE WHEN swapped THEN -p.amount_tiyn ELSE p.amount_tiyn END) AS rest
              FROM cancelled k
             CROSS JOIN LATERAL (VALUES (k.fiscal_year, k.entry_id, false),
                                        (k.by_fiscal_year, k.by_entry_id, k.kind = 'reversal')) e(year, id, swapped)
              JOIN ledger_posting p
                ON (p.organisation_id, p.fiscal_year, p.entry_id) = (k.organisation_id, e.year, e.id)
             WHERE NOT k.through_earlier_years
             GROUP BY 1, 2, 3, 4) pair
     WHERE rest <> 0
     UNION ALL
    SELECT 'closed year: ' || closed::text, organisation_id
      FROM (SELECT y.organisation_id, y.fiscal_year, b.subaccount_id, sum(b.debit_tiyn - b.credit_tiyn) AS rest
              FROM ledger_year y
              JOIN ledger_balance b
                ON b.organisation_id = y.organisation_id AND b.month < make_date(y.fiscal_year + 1, 1, 1)
              JOIN ledger_subaccount s ON (s.organisation_id, s.id) = (b.organisation_id, b.subaccount_id)
              JOIN ledger_account a ON a.id = s.account_id AND a.kind IN ('revenue', 'expense')
             WHERE y.organisation_id BETWEEN {first} AND {last} AND y.state = 'closed' GROUP BY 1, 2, 3) closed
     WHERE rest <> 0
     UNION ALL
    SELECT 'result of a closed year: ' || y::text, organisation_id
      FROM ledger_year y
     WHERE organisation_id BETWEEN {first} AND {last} AND state = 'closed'
       AND result_tiyn <> (SELECT coalesce(sum(b.credit_tiyn - b.debit_tiyn), 0)
                             FROM ledger_account_balance b
                             JOIN ledger_account a ON a.id = b.account_id AND a.role = 'year_result'
                            WHERE b.organisation_id = y.organisation_id
                              AND b.month < make_date(y.fiscal_year + 1, 1, 1))
     UNION ALL
    SELECT 'month of a closed year: ' || p::text, organisation_id
      FROM ledger_period p
     WHERE organisation_id BETWEEN {first} AND {last} AND state <> 'closed'
       AND EXISTS (SELECT FROM ledger_year y
                    WHERE y.organisation_id = p.organisation_id AND y.fiscal_year >= extract(year FROM p.month)
                      AND y.state = 'closed')
     UNION ALL
    SELECT 'state of a month: ' || p::text || c::text, p.organisation_id
      FROM ledger_period p
     CROSS JOIN LATERAL (SELECT * FROM ledger_period_change c
                          WHERE (c.organisation_id, c.month) = (p.organisation_id, p.month)
                          ORDER BY c.id DESC LIMIT 1) c
     WHERE p.organisation_id BETWEEN {first} AND {last} AND c.state <> p.state
     UNION ALL
    SELECT 'days of a side: ' || s::text, organisation_id
      FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id
     WHERE organisation_id BETWEEN {first} AND {last}
       AND (s.off_balance <> (a.kind = 'off_balance')
            OR s.usable <> CASE WHEN a.postable AND a.mandatory & ~s.filled = 0 AND s.filled & ~a.permitted = 0
                                THEN a.in_force ELSE 'empty' END)
"""


def disagreements(first: int, last: int | None = None) -> str:
    """SQL for one row a fault in the books of one organisation, or of those from ``first`` through ``last``.

    A row says what is not as the postings have it (a grain of balances, a number, an entry, a correction), and in
    whose books.  A correction counts under the kind of what it cancels.  Debits equal credits in each posting, and so
    in every sum that agrees with the postings.
    """
    return _DISAGREEMENTS.format(first=int(first), last=int(first if last is None else last))


# Groups hold the entries below the watermark: what the organisations hold now, less what was recorded above it.
GROUP_DISAGREEMENTS = """
    WITH kept AS (
        SELECT organisation_id >> 6 AS group_id, account_id, classification_id, month, kind, debit_tiyn, credit_tiyn
          FROM ledger_account_balance
         UNION ALL
        SELECT s.organisation_id >> 6, s.account_id, s.classification_id, date_trunc('month', e.effective_on)::date,
               e.balance_kind, -side.debit, -side.credit
          FROM ledger_entry e
          JOIN ledger_posting p
            ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
         CROSS JOIN LATERAL (VALUES (p.debit_id, p.amount_tiyn, 0::bigint), (p.credit_id, 0, p.amount_tiyn))
               AS side(id, debit, credit)
         CROSS JOIN LATERAL (SELECT * FROM ledger_subaccount s
                              WHERE s.organisation_id = e.organisation_id AND s.id = side.id OFFSET 0) s
         WHERE e.recorded_xid >= (SELECT coalesce(max(until), '0'::xid8) FROM ledger_epoch)
         UNION ALL
        SELECT group_id, account_id, classification_id, month, kind, -debit_tiyn, -credit_tiyn FROM ledger_group_balance
    ), history AS (
        SELECT group_id, account_id, classification_id, month, kind, debit_tiyn, credit_tiyn FROM ledger_group_history
         UNION ALL
        SELECT group_id, account_id, classification_id, month, kind, -debit_tiyn, -credit_tiyn FROM ledger_group_balance
    )
    SELECT 'group balance: ' || k::text
      FROM (SELECT group_id, account_id, classification_id, month, kind, sum(debit_tiyn) AS debit,
                   sum(credit_tiyn) AS credit
              FROM kept GROUP BY 1, 2, 3, 4, 5) k
     WHERE (debit, credit) <> (0, 0)
     UNION ALL
    SELECT 'group history: ' || h::text
      FROM (SELECT group_id, account_id, classification_id, month, kind, sum(debit_tiyn) AS debit,
                   sum(credit_tiyn) AS credit
              FROM history GROUP BY 1, 2, 3, 4, 5) h
     WHERE (debit, credit) <> (0, 0)
"""
