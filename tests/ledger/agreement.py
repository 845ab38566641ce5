"""What must hold in every organisation's books at every instant, asked of the database itself."""

DISAGREEMENTS = """
    WITH posted AS (
        SELECT p.*, date_trunc('month', p.effective_on)::date AS month,
               ledger_balance_kind(coalesce(cancelled.kind, e.kind)) AS kind, e.balance_kind
          FROM ledger_posting p
          LEFT JOIN ledger_entry e
            ON (e.organisation_id, e.fiscal_year, e.id) = (p.organisation_id, p.fiscal_year, p.entry_id)
          LEFT JOIN ledger_correction k ON (k.organisation_id, k.by_entry_id) = (p.organisation_id, p.entry_id)
          LEFT JOIN ledger_entry cancelled
            ON (cancelled.organisation_id, cancelled.fiscal_year, cancelled.id)
             = (k.organisation_id, k.fiscal_year, k.entry_id)
         WHERE p.organisation_id = {organisation}
    ), sides AS (
        SELECT debit_id AS id, month, kind, amount_tiyn AS debit, 0::bigint AS credit,
               debit_quantity_milli AS dq, 0::bigint AS cq, debit_currency_minor AS dc, 0::bigint AS cc
          FROM posted
         UNION ALL
        SELECT credit_id, month, kind, 0, amount_tiyn, 0, credit_quantity_milli, 0, credit_currency_minor FROM posted
    ), fine AS (
        SELECT id, month, kind, sum(debit) AS debit, sum(credit) AS credit, coalesce(sum(dq), 0) AS dq,
               coalesce(sum(cq), 0) AS cq, coalesce(sum(dc), 0) AS dc, coalesce(sum(cc), 0) AS cc
          FROM sides GROUP BY 1, 2, 3
    ), kept AS (
        SELECT subaccount_id AS id, month, kind, debit_tiyn AS debit, credit_tiyn AS credit, debit_quantity_milli AS dq,
               credit_quantity_milli AS cq, debit_currency_minor AS dc, credit_currency_minor AS cc
          FROM ledger_balance WHERE organisation_id = {organisation}
    ), coarse AS (
        SELECT s.account_id, s.classification_id, b.month, b.kind,
               sum(b.debit_tiyn) AS debit, sum(b.credit_tiyn) AS credit
          FROM ledger_balance b JOIN ledger_subaccount s USING (organisation_id)
         WHERE b.organisation_id = {organisation} AND s.id = b.subaccount_id GROUP BY 1, 2, 3, 4
    ), kept_coarse AS (
        SELECT account_id, classification_id, month, kind, debit_tiyn AS debit, credit_tiyn AS credit
          FROM ledger_account_balance WHERE organisation_id = {organisation}
    ), numbers AS (
        SELECT journal_id, fiscal_year, min(number) AS first, max(number) AS last, count(*) AS drawn
          FROM ledger_entry WHERE organisation_id = {organisation} GROUP BY 1, 2
    )
    SELECT 'fine grain: ' || coalesce(fine::text, '') || coalesce(kept::text, '')
      FROM fine FULL JOIN kept USING (id, month, kind)
     WHERE (fine.debit, fine.credit, fine.dq, fine.cq, fine.dc, fine.cc)
           IS DISTINCT FROM (kept.debit, kept.credit, kept.dq, kept.cq, kept.dc, kept.cc)
     UNION ALL
    SELECT 'coarse grain: ' || coalesce(coarse::text, '') || coalesce(kept_coarse::text, '')
      FROM coarse FULL JOIN kept_coarse USING (account_id, classification_id, month, kind)
     WHERE (coarse.debit, coarse.credit) IS DISTINCT FROM (kept_coarse.debit, kept_coarse.credit)
     UNION ALL
    SELECT 'numbers: ' || coalesce(numbers::text, '') || coalesce(n::text, '')
      FROM numbers
      FULL JOIN (SELECT * FROM ledger_number WHERE organisation_id = {organisation}) n
           USING (journal_id, fiscal_year)
     WHERE (first, last, drawn) IS DISTINCT FROM (1, n.last_number, n.last_number)
     UNION ALL
    SELECT 'entry and posting: ' || coalesce(e::text, '') || coalesce(p::text, '')
      FROM (SELECT * FROM ledger_entry WHERE organisation_id = {organisation}) e
      FULL JOIN (SELECT DISTINCT organisation_id, fiscal_year, entry_id AS id, effective_on FROM ledger_posting
                  WHERE organisation_id = {organisation}) p USING (organisation_id, fiscal_year, id)
     WHERE e.effective_on IS DISTINCT FROM p.effective_on
     UNION ALL
    SELECT 'kind of an entry: ' || entry_id FROM posted WHERE balance_kind <> kind
     UNION ALL
    SELECT 'cancelled pair: ' || k::text
      FROM (SELECT k.entry_id, p.debit_id, p.credit_id, sum(p.amount_tiyn) AS rest
              FROM ledger_correction k
              JOIN ledger_posting p
                ON p.organisation_id = k.organisation_id AND p.entry_id IN (k.entry_id, k.by_entry_id)
             WHERE k.organisation_id = {organisation} GROUP BY 1, 2, 3) k
     WHERE rest <> 0
"""


def disagreements(organisation: int) -> str:
    """SQL for one row a fault: a grain, a number, an entry or a cancelled pair that is not what the postings say.

    A storno counts under the kind of what it cancels.  Debits equal credits in each posting, and so in every sum that
    agrees with the postings.
    """
    return DISAGREEMENTS.format(organisation=organisation)
