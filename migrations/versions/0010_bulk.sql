-- Bulk posting at the speed of a bare insert.

-- The stage is met without statistics: plans that are right for a million rows serve ten as well.
CREATE OR REPLACE FUNCTION ledger_post_batch(
    p_organisation int, p_batch uuid, p_key uuid, p_hash bytea, p_actor int, p_origin text, p_source_kind text, p_source_id bigint,
    OUT entries bigint, OUT postings bigint, OUT amount_tiyn numeric, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_nestloop = off SET enable_mergejoin = off SET work_mem = '64MB' AS
$$
#variable_conflict use_column
DECLARE
    v_hash bytea;
    v_ids bigint[];
    v_days date[];
    v_divided boolean;
    v_numbered boolean;
    v_doubtful boolean;
    v_month date;
    fault ledger_fault;
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    SELECT array_agg(nextval('ledger_entry_id')), array_agg(effective_on) INTO v_ids, v_days
      FROM (SELECT effective_on FROM ledger_stage WHERE batch = p_batch AND no = 1 ORDER BY entry_no) heads;
    entries := coalesce(cardinality(v_ids), 0);
    SELECT count(*), sum(l.amount_tiyn), min(l.entry_no) = 1 AND max(l.entry_no) = entries,
           bool_or((l.effective_on, l.kind, l.journal_id) IS DISTINCT FROM (h.effective_on, h.kind, h.journal_id))
      INTO postings, amount_tiyn, v_numbered, v_divided
      FROM ledger_stage l LEFT JOIN ledger_stage h ON h.batch = p_batch AND h.no = 1 AND h.entry_no = l.entry_no
     WHERE l.batch = p_batch;
    IF v_numbered IS NOT TRUE THEN
        PERFORM ledger_refuse('QZ015', 'no-postings');
    ELSIF v_divided THEN
        PERFORM ledger_refuse('QZ023', 'entry-divided');
    END IF;
    PERFORM ledger_require_own_kind(k) FROM (SELECT DISTINCT kind AS k FROM ledger_stage WHERE batch = p_batch AND no = 1) kinds;

    INSERT INTO ledger_command (organisation_id, key, content_hash, entry_id, fiscal_year, action, actor_id, origin)
    VALUES (p_organisation, p_key, p_hash, v_ids[1], extract(year FROM v_days[1]), 'batch', p_actor, p_origin)
    ON CONFLICT DO NOTHING;
    is_new := FOUND;
    IF NOT is_new THEN
        SELECT content_hash INTO v_hash FROM ledger_command WHERE organisation_id = p_organisation AND key = p_key;
        DELETE FROM ledger_stage WHERE batch = p_batch;
        IF v_hash <> p_hash THEN PERFORM ledger_refuse('QZ003', 'key-reused', jsonb_build_object('key', p_key)); END IF;
        RETURN;
    END IF;

    FOR v_month IN SELECT DISTINCT date_trunc('month', day)::date FROM unnest(v_days) AS day ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(p_organisation, ledger_month_key(v_month));
        PERFORM ledger_refuse_period(p_organisation, v_month);
    END LOOP;

    -- Each side once, on its first day and on its last: only where something is odd the pairs themselves are looked at.
    SELECT NOT bool_and(coalesce(a.postable AND a.in_force @> u.first_on AND a.in_force @> u.last_on
                                 AND a.mandatory & ~s.filled = 0 AND s.filled & ~a.permitted = 0, false))
           OR bool_or(a.kind = 'off_balance') <> bool_and(a.kind = 'off_balance')
      INTO v_doubtful
      FROM (SELECT coalesce(debit_id, credit_id) AS id, min(effective_on) AS first_on, max(effective_on) AS last_on
              FROM ledger_stage WHERE batch = p_batch GROUP BY GROUPING SETS ((debit_id), (credit_id))) u
      LEFT JOIN ledger_subaccount s ON s.organisation_id = p_organisation AND s.id = u.id
      LEFT JOIN ledger_account a ON a.id = s.account_id;
    IF v_doubtful THEN
        SELECT f.* INTO fault
          FROM (SELECT debit_id, credit_id, min(effective_on) AS first_on, max(effective_on) AS last_on
                  FROM ledger_stage WHERE batch = p_batch GROUP BY 1, 2) u
          LEFT JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
          LEFT JOIN ledger_account da ON da.id = ds.account_id
          LEFT JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id
          LEFT JOIN ledger_account ca ON ca.id = cs.account_id
         CROSS JOIN unnest(ARRAY[u.first_on, u.last_on]) AS day
         CROSS JOIN LATERAL ledger_pair_fault(NULL, da, ds.filled, ca, cs.filled, day) f
         WHERE f.state IS NOT NULL ORDER BY u.debit_id, u.credit_id LIMIT 1;
        IF FOUND THEN PERFORM ledger_refuse(fault.state, fault.slug, fault.facts); END IF;
    END IF;

    PERFORM set_config('qazyna.posting', 'on', true);
    INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn, memo,
                                debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor)
    SELECT p_organisation, date_part('year', effective_on), v_ids[entry_no], no, effective_on, debit_id, credit_id,
           s.amount_tiyn, line_memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor
      FROM ledger_stage s WHERE batch = p_batch ORDER BY entry_no, no;
    PERFORM set_config('qazyna.posting', '', true);

    -- Rows others want too are locked late and in one order: coarse balances, fine balances, numbers.
    WITH dated AS (
        SELECT date_trunc('month', effective_on::timestamp)::date AS month, ledger_balance_kind(kind) AS balance_kind, s.*
          FROM ledger_stage s WHERE batch = p_batch
    ), sides AS (
        SELECT coalesce(debit_id, credit_id) AS subaccount_id, month, balance_kind, grouping(credit_id) = 1 AS is_debit,
               sum(s.amount_tiyn) AS amount, sum(debit_quantity_milli) AS dq, sum(credit_quantity_milli) AS cq,
               sum(debit_currency_minor) AS dc, sum(credit_currency_minor) AS cc
          FROM dated s GROUP BY GROUPING SETS ((debit_id, month, balance_kind), (credit_id, month, balance_kind))
    ), turnover AS MATERIALIZED (
        SELECT subaccount_id, month, balance_kind,
               coalesce(sum(amount) FILTER (WHERE is_debit), 0) AS debit, coalesce(sum(amount) FILTER (WHERE NOT is_debit), 0) AS credit,
               coalesce(sum(dq) FILTER (WHERE is_debit), 0) AS dq, coalesce(sum(cq) FILTER (WHERE NOT is_debit), 0) AS cq,
               coalesce(sum(dc) FILTER (WHERE is_debit), 0) AS dc, coalesce(sum(cc) FILTER (WHERE NOT is_debit), 0) AS cc
          FROM sides GROUP BY 1, 2, 3
    ), coarse AS (
        INSERT INTO ledger_account_balance AS b
        SELECT p_organisation, s.account_id, s.classification_id, t.month, t.balance_kind, sum(t.debit), sum(t.credit)
          FROM turnover t JOIN ledger_subaccount s ON s.organisation_id = p_organisation AND s.id = t.subaccount_id
         GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5
        ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn
        RETURNING 1
    )
    INSERT INTO ledger_balance AS b
    SELECT p_organisation, subaccount_id, month, balance_kind, debit, credit, dq, cq, dc, cc
      FROM turnover WHERE (SELECT count(*) FROM coarse) > 0 ORDER BY 2, 3, 4
    ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
       SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn,
           debit_quantity_milli = b.debit_quantity_milli + excluded.debit_quantity_milli,
           credit_quantity_milli = b.credit_quantity_milli + excluded.credit_quantity_milli,
           debit_currency_minor = b.debit_currency_minor + excluded.debit_currency_minor,
           credit_currency_minor = b.credit_currency_minor + excluded.credit_currency_minor;

    WITH heads AS MATERIALIZED (
        SELECT *, date_part('year', effective_on)::int AS fiscal_year FROM ledger_stage WHERE batch = p_batch AND no = 1
    ), counted AS (
        SELECT journal_id, fiscal_year, count(*) AS entries FROM heads GROUP BY 1, 2
    ), drawn AS (
        INSERT INTO ledger_number AS n (organisation_id, journal_id, fiscal_year, last_number)
        SELECT p_organisation, c.journal_id, c.fiscal_year, c.entries FROM counted c ORDER BY 2, 3
        ON CONFLICT (organisation_id, journal_id, fiscal_year) DO UPDATE SET last_number = n.last_number + excluded.last_number
        RETURNING n.journal_id, n.fiscal_year, n.last_number
    )
    INSERT INTO ledger_entry (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on,
                              actor_id, memo, document_number, document_on, source_kind, source_id, source_line)
    SELECT p_organisation, fiscal_year, v_ids[h.entry_no], journal_id,
           d.last_number - c.entries + row_number() OVER (PARTITION BY journal_id, fiscal_year ORDER BY h.effective_on, h.entry_no),
           h.kind, ledger_balance_kind(h.kind), h.effective_on, p_actor, h.memo, h.document_number, h.document_on,
           p_source_kind, p_source_id, h.source_line
      FROM heads h JOIN counted c USING (journal_id, fiscal_year) JOIN drawn d USING (journal_id, fiscal_year);
    DELETE FROM ledger_stage WHERE batch = p_batch;
END $$;
COMMENT ON FUNCTION ledger_post_batch IS 'Posts everything staged under one batch, all or nothing; entry_no counts 1..n and no counts 1..m in each entry, both without gaps.';

-- Imports that leave refused rows behind.
ALTER TABLE finance_journal_import ADD COLUMN rows_left int NOT NULL DEFAULT 0, ADD COLUMN rest_of bigint;
COMMENT ON COLUMN finance_journal_import.rows_left IS 'Rows of the file that were not posted, at the wish of who imported it.';
COMMENT ON COLUMN finance_journal_import.rest_of IS 'The import whose rows left behind this file holds.';
