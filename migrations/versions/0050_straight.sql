-- An entry of one posting, by far the most, goes straight: few statements, and in them few values, since PostgreSQL prepares
-- every expression of a function anew in each transaction (ADR 0044).  Whatever is not plain goes the general way.

-- In floats: a numeric costs ten times as much.
CREATE OR REPLACE FUNCTION ledger_month_key(p_day date) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (date_part('year', p_day) * 12 + date_part('month', p_day))::int $$;

-- Entries get their ids nearly in order, so the index grows at its end, where it is in memory.
DROP INDEX ledger_command_by_entry;
CREATE INDEX ledger_command_by_entry ON ledger_command (entry_id);

DROP FUNCTION ledger_record_entry;

-- Order matters: key, month lock, checks, balances (coarse rows by key, fine rows by key), postings, and the counter row
-- last; nothing slow follows it.  A plan made while the tables were small must not read them whole once they are not.
CREATE FUNCTION ledger_record_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_balance_kind smallint, p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[], p_debit_quantity bigint[],
    p_credit_quantity bigint[], p_debit_currency bigint[], p_credit_currency bigint[], p_claimed bigint DEFAULT NULL,
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS
$$
#variable_conflict use_column
DECLARE
    v_size int := coalesce(cardinality(p_amount), 0);
    v_year int := extract(year FROM p_on);
    v_month date := date_trunc('month', p_on);
    v_nothing bigint[];
    v_hash bytea;
    v_id bigint := p_claimed;
    v_flag text;  -- an assignment sets it without a statement
    v_cancels boolean := p_kind IN ('storno', 'reversal', 'closing');  -- these go by the chart of what they cancel or close
    v_open boolean;
    v_sound boolean;
    v_accounts int[];
    v_classifications int[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR p_organisation <> ALL (ledger_writable()) IS NOT FALSE THEN
        PERFORM ledger_require_writer(p_organisation);
    END IF;
    IF v_size NOT BETWEEN 1 AND 32767 THEN
        IF v_size = 0 THEN PERFORM ledger_refuse('QZ015', 'no-postings'); END IF;
        PERFORM ledger_refuse('QZ025', 'too-many-postings', jsonb_build_object('found', v_size, 'limit', 32767));
    END IF;

    IF v_id IS NULL THEN
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
    END IF;

    IF NOT pg_try_advisory_xact_lock_shared(p_organisation, ledger_month_key(p_on)) THEN
        PERFORM pg_advisory_xact_lock_shared(p_organisation, ledger_month_key(p_on));
    END IF;
    SELECT EXISTS (SELECT FROM ledger_period p WHERE p.organisation_id = p_organisation AND p.month = v_month AND p.state = 'open'),
           count(*) = v_size
               AND bool_and(v_cancels OR ds.usable @> p_on AND cs.usable @> p_on AND ds.off_balance = cs.off_balance),
           array_agg(ds.account_id ORDER BY u.no) || array_agg(cs.account_id ORDER BY u.no),
           array_agg(ds.classification_id ORDER BY u.no) || array_agg(cs.classification_id ORDER BY u.no)
      INTO v_open, v_sound, v_accounts, v_classifications
      FROM unnest(p_debit, p_credit) WITH ORDINALITY u(debit_id, credit_id, no)
      JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
      JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id;
    IF NOT v_open THEN PERFORM ledger_refuse_period(p_organisation, v_month); END IF;  -- some may post there still
    IF v_sound IS NOT TRUE THEN PERFORM ledger_refuse_postings(p_organisation, p_on, p_debit, p_credit); END IF;

    v_flag := set_config('qazyna.posting', 'on', true);
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
COMMENT ON FUNCTION ledger_record_entry IS 'The general way of an entry, for the functions of the kernel only; p_claimed is the id under which its caller keeps the key already.';
REVOKE ALL ON FUNCTION ledger_record_entry FROM PUBLIC;

COMMENT ON TABLE ledger_entry IS 'Posted journal entries; append-only, by fiscal year. Only ledger_post_entry, ledger_record_entry and ledger_post_batch add any: they give each its year, its kind and its number.';
ALTER FUNCTION ledger_moved_subaccounts SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off;

-- Two commands that meet on a fine row have met on its coarse row before, because a subaccount keeps its account and its
-- classification: fine rows are taken in any order.
CREATE OR REPLACE FUNCTION ledger_post_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[] DEFAULT NULL,
    p_debit_quantity bigint[] DEFAULT NULL, p_credit_quantity bigint[] DEFAULT NULL,
    p_debit_currency bigint[] DEFAULT NULL, p_credit_currency bigint[] DEFAULT NULL,
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    v_debit int := p_debit[1];
    v_credit int := p_credit[1];
    v_amount bigint := p_amount[1];
    v_month date;
    v_debit_account int;
    v_debit_classification int;
    v_credit_account int;
    v_credit_classification int;
    v_flag text;  -- an assignment sets it without a statement
BEGIN
    IF p_kind = 'ordinary' AND cardinality(p_amount) = 1 AND cardinality(p_debit) = 1 AND cardinality(p_credit) = 1
       AND coalesce(p_debit_quantity, p_credit_quantity, p_debit_currency, p_credit_currency) IS NULL
       AND current_setting('transaction_isolation') = 'read committed' AND p_organisation = ANY (ledger_writable())
    THEN
        fiscal_year := date_part('year', p_on);
        INSERT INTO ledger_command (organisation_id, key, content_hash, entry_id, fiscal_year, action, actor_id, origin)
        VALUES (p_organisation, p_key, p_hash, nextval('ledger_entry_id'), fiscal_year, p_kind, p_actor, p_origin)
        ON CONFLICT DO NOTHING RETURNING ledger_command.entry_id INTO entry_id;
        IF entry_id IS NOT NULL AND pg_try_advisory_xact_lock_shared(p_organisation, ledger_month_key(p_on)) THEN
            v_month := p_on - (date_part('day', p_on)::int - 1);
            SELECT ds.account_id, ds.classification_id, cs.account_id, cs.classification_id
              INTO v_debit_account, v_debit_classification, v_credit_account, v_credit_classification
              FROM ledger_period p, ledger_subaccount ds, ledger_subaccount cs
             WHERE p.organisation_id = p_organisation AND p.month = v_month AND p.state = 'open'
               AND ds.organisation_id = p_organisation AND ds.id = v_debit AND ds.usable @> p_on
               AND cs.organisation_id = p_organisation AND cs.id = v_credit AND cs.usable @> p_on
               AND ds.off_balance = cs.off_balance
               AND (ds.account_id, ds.classification_id) <> (cs.account_id, cs.classification_id);
        END IF;
    END IF;
    IF v_debit_account IS NULL THEN
        IF p_kind NOT IN ('ordinary', 'opening') THEN PERFORM ledger_require_own_kind(p_kind); END IF;
        SELECT r.entry_id, r.fiscal_year, r.number, r.is_new INTO entry_id, fiscal_year, number, is_new
          FROM ledger_record_entry(p_organisation, p_key, p_hash, p_journal, p_kind, p_on, p_actor, p_origin,
                                   ledger_balance_kind(p_kind), p_memo, p_document_number, p_document_on, p_source_kind,
                                   p_source_id, p_source_line, p_debit, p_credit, p_amount, p_line_memo, p_debit_quantity,
                                   p_credit_quantity, p_debit_currency, p_credit_currency, entry_id) r;
        RETURN;
    END IF;

    v_flag := set_config('qazyna.posting', 'on', true);
    IF (v_debit_account, v_debit_classification) < (v_credit_account, v_credit_classification) THEN
        INSERT INTO ledger_account_balance AS b (organisation_id, account_id, classification_id, month, kind, debit_tiyn, credit_tiyn)
        VALUES (p_organisation, v_debit_account, v_debit_classification, v_month, 0, v_amount, 0),
               (p_organisation, v_credit_account, v_credit_classification, v_month, 0, 0, v_amount)
        ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;
    ELSE
        INSERT INTO ledger_account_balance AS b (organisation_id, account_id, classification_id, month, kind, debit_tiyn, credit_tiyn)
        VALUES (p_organisation, v_credit_account, v_credit_classification, v_month, 0, 0, v_amount),
               (p_organisation, v_debit_account, v_debit_classification, v_month, 0, v_amount, 0)
        ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;
    END IF;
    INSERT INTO ledger_balance AS b (organisation_id, subaccount_id, month, kind, debit_tiyn, credit_tiyn)
    VALUES (p_organisation, v_debit, v_month, 0, v_amount, 0), (p_organisation, v_credit, v_month, 0, 0, v_amount)
    ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
       SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;

    INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn, memo)
    VALUES (p_organisation, fiscal_year, entry_id, 1, p_on, v_debit, v_credit, v_amount, p_line_memo[1]);

    UPDATE ledger_number n SET last_number = n.last_number + 1
     WHERE (n.organisation_id, n.journal_id, n.fiscal_year) = (p_organisation, p_journal, ledger_post_entry.fiscal_year)
    RETURNING n.last_number INTO number;
    IF number IS NULL THEN
        INSERT INTO ledger_number AS n (organisation_id, journal_id, fiscal_year, last_number)
        VALUES (p_organisation, p_journal, fiscal_year, 1)
        ON CONFLICT (organisation_id, journal_id, fiscal_year) DO UPDATE SET last_number = n.last_number + 1
        RETURNING n.last_number INTO number;
    END IF;
    INSERT INTO ledger_entry (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on,
                              actor_id, memo, document_number, document_on, source_kind, source_id, source_line)
    VALUES (p_organisation, fiscal_year, entry_id, p_journal, number, p_kind, 0, p_on, p_actor, p_memo, p_document_number,
            p_document_on, p_source_kind, p_source_id, p_source_line);
    v_flag := set_config('qazyna.posting', '', true);
    is_new := true;
END $$;
COMMENT ON FUNCTION ledger_post_entry IS 'Posts one entry: the same key with the same content returns the first result; a month lock, every check, balances, postings, then the legal number. Arrays are of one length and begin at 1.';
