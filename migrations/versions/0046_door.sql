-- Postings and entries have one door each way in: the functions that record them.  Of a posting's work the greater part was
-- PostgreSQL reading again, for each statement, the texts of CHECKs and of trigger conditions, and keeping rows for a guard
-- that the functions never needed (ADR 0043).

CREATE FUNCTION ledger_door() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF current_setting('qazyna.posting', true) IS DISTINCT FROM 'on' OR TG_TABLE_NAME NOT IN ('ledger_posting', 'ledger_entry') THEN
        PERFORM ledger_refuse('QZ095', 'not-by-the-door', jsonb_build_object('table', TG_TABLE_NAME));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger_door IS 'Refuses entries and postings that do not come from the functions which record them, or go to a partition by its own name.';
REVOKE ALL ON FUNCTION ledger_door FROM PUBLIC;

DROP TRIGGER guard ON ledger_posting;
DO $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent IN ('ledger_entry'::regclass, 'ledger_posting'::regclass) LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS guard ON %s', part);
        EXECUTE format('CREATE TRIGGER door BEFORE INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION ledger_door()', part);
    END LOOP;
END $$;
DROP FUNCTION ledger_posting_guard, ledger_add_balances;
CREATE TRIGGER door BEFORE INSERT ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_door();
CREATE TRIGGER door BEFORE INSERT ON ledger_posting FOR EACH STATEMENT EXECUTE FUNCTION ledger_door();

CREATE OR REPLACE FUNCTION ledger_ensure_year(p_year int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE part text; parent text;
BEGIN
    IF p_year NOT BETWEEN 1991 AND 2199 THEN
        PERFORM ledger_refuse('QZ016', 'year-out-of-range', jsonb_build_object('year', p_year));
    END IF;
    PERFORM pg_advisory_xact_lock(0, p_year);
    FOREACH parent IN ARRAY ARRAY['ledger_entry', 'ledger_posting'] LOOP
        part := format('%s_%s', parent, p_year);
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)', part, parent, p_year, p_year + 1);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
        EXECUTE format('CREATE TRIGGER final_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_final()', part);
        EXECUTE format('CREATE TRIGGER door BEFORE INSERT ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_door()', part);
    END LOOP;
END $$;

-- The functions take the year from the day and the kind of balances from the kind, and know the kinds they record.
ALTER TABLE ledger_entry
    DROP CONSTRAINT ledger_entry_year_of_day, DROP CONSTRAINT ledger_entry_kind_known, DROP CONSTRAINT ledger_entry_balance_kind_known;
COMMENT ON TABLE ledger_entry IS 'Posted journal entries; append-only, by fiscal year. Only ledger_record_entry and ledger_post_batch add any: they give each its year, its kind and its number.';

-- A page of balances is tidied at nearly every touch, once it holds what the fillfactor leaves to rows: fewer rows, less to look at.
ALTER TABLE ledger_account_balance SET (fillfactor = 25);

CREATE OR REPLACE FUNCTION ledger_post_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[] DEFAULT NULL,
    p_debit_quantity bigint[] DEFAULT NULL, p_credit_quantity bigint[] DEFAULT NULL,
    p_debit_currency bigint[] DEFAULT NULL, p_credit_currency bigint[] DEFAULT NULL,
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS
$$
DECLARE recorded record;
BEGIN
    IF p_kind NOT IN ('ordinary', 'opening') THEN PERFORM ledger_require_own_kind(p_kind); END IF;
    recorded := ledger_record_entry(p_organisation, p_key, p_hash, p_journal, p_kind, p_on, p_actor, p_origin,
                                    ledger_balance_kind(p_kind), p_memo, p_document_number, p_document_on, p_source_kind,
                                    p_source_id, p_source_line, p_debit, p_credit, p_amount, p_line_memo, p_debit_quantity,
                                    p_credit_quantity, p_debit_currency, p_credit_currency);
    entry_id := recorded.entry_id;
    fiscal_year := recorded.fiscal_year;
    number := recorded.number;
    is_new := recorded.is_new;
END $$;

-- A statement costs some 10 µs to begin and to end, an assignment or a condition one; so there are few of either, and one
-- question checks everything.  Order matters: key, month lock, checks, balances (coarse rows by key, fine rows by key),
-- postings, and the counter row last; nothing slow follows it.  Its callers set plan_cache_mode.
CREATE OR REPLACE FUNCTION ledger_record_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_balance_kind smallint, p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[], p_debit_quantity bigint[],
    p_credit_quantity bigint[], p_debit_currency bigint[], p_credit_currency bigint[],
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql AS
$$
#variable_conflict use_column
DECLARE
    v_size int := coalesce(cardinality(p_amount), 0);
    v_year int := extract(year FROM p_on);
    v_month date := date_trunc('month', p_on);
    v_nothing bigint[];
    v_hash bytea;
    v_id bigint;
    v_flag text;  -- an assignment sets it without a statement
    v_cancels boolean := p_kind IN ('storno', 'reversal', 'closing');  -- these go by the chart of what they cancel or close
    v_open boolean;
    v_sound boolean;
    v_accounts int[];
    v_classifications int[];
    -- an entry of one posting between two accounts, by far the most, needs no sets
    v_pair boolean := false;
    v_debit int := p_debit[1];
    v_credit int := p_credit[1];
    v_amount bigint := p_amount[1];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR p_organisation <> ALL (ledger_writable()) IS NOT FALSE THEN
        PERFORM ledger_require_writer(p_organisation);
    END IF;
    IF v_size NOT BETWEEN 1 AND 32767 THEN
        IF v_size = 0 THEN PERFORM ledger_refuse('QZ015', 'no-postings'); END IF;
        PERFORM ledger_refuse('QZ025', 'too-many-postings', jsonb_build_object('found', v_size, 'limit', 32767));
    END IF;

    INSERT INTO ledger_command (organisation_id, key, content_hash, entry_id, fiscal_year, action, actor_id, origin)
    VALUES (p_organisation, p_key, p_hash, nextval('ledger_entry_id'), v_year, p_kind, p_actor, p_origin)
    ON CONFLICT DO NOTHING RETURNING ledger_command.entry_id INTO v_id;
    IF v_id IS NULL THEN
        SELECT c.entry_id, c.fiscal_year, c.content_hash INTO entry_id, fiscal_year, v_hash
          FROM ledger_command c WHERE c.organisation_id = p_organisation AND c.key = p_key;
        IF v_hash <> p_hash THEN PERFORM ledger_refuse('QZ003', 'key-reused', jsonb_build_object('key', p_key)); END IF;
        SELECT e.number INTO number FROM ledger_entry e
         WHERE (e.organisation_id, e.fiscal_year, e.id) = (p_organisation, ledger_record_entry.fiscal_year, ledger_record_entry.entry_id);
        is_new := false;
        RETURN;
    END IF;

    IF NOT pg_try_advisory_xact_lock_shared(p_organisation, ledger_month_key(p_on)) THEN
        PERFORM pg_advisory_xact_lock_shared(p_organisation, ledger_month_key(p_on));
    END IF;
    IF v_size = 1 THEN
        SELECT p.state = 'open', v_cancels OR ds.usable @> p_on AND cs.usable @> p_on AND ds.off_balance = cs.off_balance,
               (ds.account_id, ds.classification_id) <> (cs.account_id, cs.classification_id),
               ARRAY[ds.account_id, cs.account_id], ARRAY[ds.classification_id, cs.classification_id]
          INTO v_open, v_sound, v_pair, v_accounts, v_classifications
          FROM ledger_period p, ledger_subaccount ds, ledger_subaccount cs
         WHERE p.organisation_id = p_organisation AND p.month = v_month
           AND ds.organisation_id = p_organisation AND ds.id = v_debit AND cs.organisation_id = p_organisation AND cs.id = v_credit;
    ELSE
        SELECT EXISTS (SELECT FROM ledger_period p WHERE p.organisation_id = p_organisation AND p.month = v_month AND p.state = 'open'),
               count(*) = v_size
                   AND bool_and(v_cancels OR ds.usable @> p_on AND cs.usable @> p_on AND ds.off_balance = cs.off_balance),
               array_agg(ds.account_id ORDER BY u.no) || array_agg(cs.account_id ORDER BY u.no),
               array_agg(ds.classification_id ORDER BY u.no) || array_agg(cs.classification_id ORDER BY u.no)
          INTO v_open, v_sound, v_accounts, v_classifications
          FROM unnest(p_debit, p_credit) WITH ORDINALITY u(debit_id, credit_id, no)
          JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
          JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id;
    END IF;
    IF (v_open AND v_sound) IS NOT TRUE THEN
        IF v_open IS NOT TRUE THEN PERFORM ledger_refuse_period(p_organisation, v_month); END IF;  -- some may post there still
        IF v_sound IS NOT TRUE THEN PERFORM ledger_refuse_postings(p_organisation, p_on, p_debit, p_credit); END IF;
    END IF;

    v_flag := set_config('qazyna.posting', 'on', true);
    IF v_pair THEN
        INSERT INTO ledger_account_balance AS b (organisation_id, account_id, classification_id, month, kind, debit_tiyn, credit_tiyn)
        SELECT p_organisation, x.account_id, x.classification_id, v_month, p_balance_kind, x.debit, x.credit
          FROM (VALUES (v_accounts[1], v_classifications[1], v_amount, 0::bigint),
                       (v_accounts[2], v_classifications[2], 0, v_amount)) x(account_id, classification_id, debit, credit)
         ORDER BY x.account_id, x.classification_id
        ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;

        INSERT INTO ledger_balance AS b
        SELECT p_organisation, x.id, v_month, p_balance_kind, x.debit, x.credit, x.dq, x.cq, x.dc, x.cc
          FROM (VALUES (v_debit, v_amount, 0::bigint, coalesce(p_debit_quantity[1], 0), 0::bigint, coalesce(p_debit_currency[1], 0), 0::bigint),
                       (v_credit, 0, v_amount, 0, coalesce(p_credit_quantity[1], 0), 0, coalesce(p_credit_currency[1], 0)))
               x(id, debit, credit, dq, cq, dc, cc)
         ORDER BY x.id
        ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn,
               debit_quantity_milli = b.debit_quantity_milli + excluded.debit_quantity_milli,
               credit_quantity_milli = b.credit_quantity_milli + excluded.credit_quantity_milli,
               debit_currency_minor = b.debit_currency_minor + excluded.debit_currency_minor,
               credit_currency_minor = b.credit_currency_minor + excluded.credit_currency_minor;

        INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn,
                                    memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor)
        VALUES (p_organisation, v_year, v_id, 1, p_on, v_debit, v_credit, v_amount, p_line_memo[1],
                p_debit_quantity[1], p_credit_quantity[1], p_debit_currency[1], p_credit_currency[1]);
    ELSE
        v_nothing := array_fill(0::bigint, ARRAY[v_size]);
        INSERT INTO ledger_account_balance AS b
        SELECT p_organisation, u.account_id, u.classification_id, v_month, p_balance_kind, sum(u.debit), sum(u.credit)
          FROM unnest(v_accounts, v_classifications, p_amount || v_nothing, v_nothing || p_amount)
               u(account_id, classification_id, debit, credit)
         GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;

        INSERT INTO ledger_balance AS b
        SELECT p_organisation, u.id, v_month, p_balance_kind, sum(u.debit), sum(u.credit),
               coalesce(sum(u.dq), 0), coalesce(sum(u.cq), 0), coalesce(sum(u.dc), 0), coalesce(sum(u.cc), 0)
          FROM unnest(p_debit || p_credit, p_amount || v_nothing, v_nothing || p_amount, p_debit_quantity,
                      v_nothing || p_credit_quantity, p_debit_currency, v_nothing || p_credit_currency)
               u(id, debit, credit, dq, cq, dc, cc)
         GROUP BY 2 ORDER BY 2
        ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn,
               debit_quantity_milli = b.debit_quantity_milli + excluded.debit_quantity_milli,
               credit_quantity_milli = b.credit_quantity_milli + excluded.credit_quantity_milli,
               debit_currency_minor = b.debit_currency_minor + excluded.debit_currency_minor,
               credit_currency_minor = b.credit_currency_minor + excluded.credit_currency_minor;

        INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn,
                                    memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor)
        SELECT p_organisation, v_year, v_id, u.no, p_on, u.debit_id, u.credit_id, u.amount, u.memo, u.dq, u.cq, u.dc, u.cc
          FROM unnest(p_debit, p_credit, p_amount, p_line_memo, p_debit_quantity, p_credit_quantity, p_debit_currency,
                      p_credit_currency) WITH ORDINALITY u(debit_id, credit_id, amount, memo, dq, cq, dc, cc, no);
    END IF;

    UPDATE ledger_number n SET last_number = n.last_number + 1
     WHERE (n.organisation_id, n.journal_id, n.fiscal_year) = (p_organisation, p_journal, v_year)
    RETURNING n.last_number INTO number;
    IF NOT FOUND THEN
        INSERT INTO ledger_number AS n (organisation_id, journal_id, fiscal_year, last_number)
        VALUES (p_organisation, p_journal, v_year, 1)
        ON CONFLICT (organisation_id, journal_id, fiscal_year) DO UPDATE SET last_number = n.last_number + 1
        RETURNING n.last_number INTO number;
    END IF;
    INSERT INTO ledger_entry (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on,
                              actor_id, memo, document_number, document_on, source_kind, source_id, source_line)
    VALUES (p_organisation, v_year, v_id, p_journal, number, p_kind, p_balance_kind, p_on, p_actor, p_memo, p_document_number,
            p_document_on, p_source_kind, p_source_id, p_source_line);
    v_flag := set_config('qazyna.posting', '', true);
    entry_id := v_id;
    fiscal_year := v_year;
    is_new := true;
END $$;

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
    PERFORM set_config('qazyna.posting', '', true);
    DELETE FROM ledger_stage WHERE batch = p_batch;
END $$;
