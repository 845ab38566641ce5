-- Posting in fewer statements; the books' own register; policies that hash.

CREATE TABLE ledger_book (
    organisation_id int NOT NULL,
    code text NOT NULL,
    CONSTRAINT ledger_book_pkey PRIMARY KEY (organisation_id),
    CONSTRAINT ledger_book_code_given CHECK (code <> '')
);
COMMENT ON TABLE ledger_book IS 'Organisations that keep books here, by the code they are known by outside (BIN): seals name it, not the id.';

INSERT INTO ledger_book (organisation_id, code)
SELECT DISTINCT p.organisation_id, coalesce(o.code, p.organisation_id::text)
  FROM ledger_period p LEFT JOIN reference_organisation o ON o.id = p.organisation_id;

ALTER TABLE ledger_book ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON ledger_book FOR SELECT USING (organisation_id = ANY ((SELECT ledger_readable())::int[]));
GRANT SELECT ON ledger_book TO qazyna_app;

DROP FUNCTION ledger_open_books(int, date, date, int);
CREATE FUNCTION ledger_open_books(p_organisation int, p_code text, p_from date, p_to date, p_actor int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE made int;
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    INSERT INTO ledger_book (organisation_id, code) VALUES (p_organisation, p_code) ON CONFLICT DO NOTHING;
    PERFORM ledger_ensure_year(y) FROM generate_series(extract(year FROM p_from)::int, extract(year FROM p_to)::int) y;
    INSERT INTO ledger_period (organisation_id, month, changed_by)
    SELECT p_organisation, m::date, p_actor
      FROM generate_series(date_trunc('month', p_from), date_trunc('month', p_to), '1 month') m
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;
COMMENT ON FUNCTION ledger_open_books IS 'Opens the months from p_from through p_to that were never opened; returns how many.  The code given first stays.';
REVOKE ALL ON FUNCTION ledger_open_books FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_open_books TO qazyna_app;

CREATE INDEX ledger_entry_by_xid ON ledger_entry (recorded_xid);

-- ---------------------------------------------------------------------------------------------- policies

-- A subquery is hashed once a statement; an array that is no constant would be searched from its start at every row.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_book', 'ledger_subaccount', 'ledger_period', 'ledger_number', 'ledger_command', 'ledger_entry',
                             'ledger_posting', 'ledger_correction', 'ledger_balance', 'ledger_account_balance'] LOOP
        EXECUTE format('ALTER POLICY reads ON %I USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------- posting

-- Balances are added to in one order everywhere: the coarse rows by key, then the fine rows by key, then the number's row.
CREATE OR REPLACE FUNCTION ledger_add_balances(p_organisation int[], p_on date[], p_kind smallint[], p_debit int[], p_credit int[],
    p_amount bigint[], p_debit_quantity bigint[], p_credit_quantity bigint[], p_debit_currency bigint[], p_credit_currency bigint[])
RETURNS void LANGUAGE plpgsql AS
$$
#variable_conflict use_column
BEGIN
    INSERT INTO ledger_account_balance AS b
    SELECT u.organisation_id, s.account_id, s.classification_id, date_trunc('month', u.effective_on)::date, u.kind,
           sum(x.debit), sum(x.credit)
      FROM unnest(p_organisation, p_on, p_kind, p_debit, p_credit, p_amount)
           AS u(organisation_id, effective_on, kind, debit_id, credit_id, amount)
     CROSS JOIN LATERAL (VALUES (u.debit_id, u.amount, 0::bigint), (u.credit_id, 0, u.amount)) AS x(id, debit, credit)
      JOIN ledger_subaccount s ON s.organisation_id = u.organisation_id AND s.id = x.id
     GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
       SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;

    INSERT INTO ledger_balance AS b
    SELECT u.organisation_id, x.id, date_trunc('month', u.effective_on)::date, u.kind, sum(x.debit), sum(x.credit),
           coalesce(sum(x.dq), 0), coalesce(sum(x.cq), 0), coalesce(sum(x.dc), 0), coalesce(sum(x.cc), 0)
      FROM unnest(p_organisation, p_on, p_kind, p_debit, p_credit, p_amount, p_debit_quantity, p_credit_quantity,
                  p_debit_currency, p_credit_currency)
           AS u(organisation_id, effective_on, kind, debit_id, credit_id, amount, dq, cq, dc, cc)
     CROSS JOIN LATERAL (VALUES (u.debit_id, u.amount, 0::bigint, u.dq, 0::bigint, u.dc, 0::bigint),
                                (u.credit_id, 0, u.amount, 0, u.cq, 0, u.cc)) AS x(id, debit, credit, dq, cq, dc, cc)
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
       SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn,
           debit_quantity_milli = b.debit_quantity_milli + excluded.debit_quantity_milli,
           credit_quantity_milli = b.credit_quantity_milli + excluded.credit_quantity_milli,
           debit_currency_minor = b.debit_currency_minor + excluded.debit_currency_minor,
           credit_currency_minor = b.credit_currency_minor + excluded.credit_currency_minor;
END $$;

CREATE FUNCTION ledger_refuse_postings(p_organisation int, p_on date, p_debit int[], p_credit int[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE fault ledger_fault;
BEGIN
    SELECT f.* INTO fault
      FROM unnest(p_debit, p_credit) WITH ORDINALITY u(debit_id, credit_id, no)
      LEFT JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
      LEFT JOIN ledger_account da ON da.id = ds.account_id
      LEFT JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id
      LEFT JOIN ledger_account ca ON ca.id = cs.account_id
     CROSS JOIN LATERAL ledger_pair_fault(u.no::int, da, ds.filled, ca, cs.filled, p_on) f
     WHERE f.state IS NOT NULL ORDER BY u.no LIMIT 1;
    PERFORM ledger_refuse(coalesce(fault.state, 'QZ009'), coalesce(fault.slug, 'unknown-subaccount'), coalesce(fault.facts, '{}'));
END $$;
COMMENT ON FUNCTION ledger_refuse_postings IS 'Says which posting is at fault, and why; called when one is known to be.';

-- Every statement costs some 15 µs beside its work, so there are few.  Order matters: key, month lock, checks, balances
-- (see above), postings, and the counter row last; nothing slow follows it.
CREATE OR REPLACE FUNCTION ledger_record_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_balance_kind smallint, p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[], p_debit_quantity bigint[],
    p_credit_quantity bigint[], p_debit_currency bigint[], p_credit_currency bigint[],
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS
$$
#variable_conflict use_column
DECLARE
    v_size int := coalesce(cardinality(p_amount), 0);
    v_year int := extract(year FROM p_on);
    v_month date := date_trunc('month', p_on);
    v_nothing bigint[] := array_fill(0::bigint, ARRAY[v_size]);
    v_hash bytea;
    v_id bigint;
    v_flag text;  -- an assignment sets it without a statement
    v_state text;
    v_sound boolean;
    v_accounts int[];
    v_classifications int[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR p_organisation <> ALL (ledger_writable()) IS NOT FALSE THEN
        PERFORM ledger_require_writer(p_organisation);
    END IF;
    IF v_size = 0 THEN PERFORM ledger_refuse('QZ015', 'no-postings'); END IF;
    IF v_size > 32767 THEN
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
    SELECT (SELECT p.state FROM ledger_period p WHERE p.organisation_id = p_organisation AND p.month = v_month),
           count(*) = v_size
               AND bool_and(da.postable AND da.in_force @> p_on AND da.mandatory & ~ds.filled = 0 AND ds.filled & ~da.permitted = 0
                            AND ca.postable AND ca.in_force @> p_on AND ca.mandatory & ~cs.filled = 0 AND cs.filled & ~ca.permitted = 0
                            AND (da.kind = 'off_balance') = (ca.kind = 'off_balance')),
           array_agg(da.id ORDER BY u.no) || array_agg(ca.id ORDER BY u.no),
           array_agg(ds.classification_id ORDER BY u.no) || array_agg(cs.classification_id ORDER BY u.no)
      INTO v_state, v_sound, v_accounts, v_classifications
      FROM unnest(p_debit, p_credit) WITH ORDINALITY u(debit_id, credit_id, no)
      JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
      JOIN ledger_account da ON da.id = ds.account_id
      JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id
      JOIN ledger_account ca ON ca.id = cs.account_id;
    IF v_state IS DISTINCT FROM 'open' THEN PERFORM ledger_refuse_period(p_organisation, v_month); END IF;
    IF v_sound IS NOT TRUE AND p_kind NOT IN ('storno', 'reversal', 'closing') THEN  -- these go by the chart of what they cancel or close
        PERFORM ledger_refuse_postings(p_organisation, p_on, p_debit, p_credit);
    END IF;

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

    v_flag := set_config('qazyna.posting', 'on', true);
    INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn,
                                memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor)
    SELECT p_organisation, v_year, v_id, u.no, p_on, u.debit_id, u.credit_id, u.amount, u.memo, u.dq, u.cq, u.dc, u.cc
      FROM unnest(p_debit, p_credit, p_amount, p_line_memo, p_debit_quantity, p_credit_quantity, p_debit_currency,
                  p_credit_currency) WITH ORDINALITY u(debit_id, credit_id, amount, memo, dq, cq, dc, cc, no);
    v_flag := set_config('qazyna.posting', '', true);

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
    entry_id := v_id;
    fiscal_year := v_year;
    is_new := true;
END $$;

REVOKE ALL ON FUNCTION ledger_refuse_postings FROM PUBLIC;

-- ---------------------------------------------------------------------------------------------- edition of the registers

CREATE TABLE ledger_edition (
    single boolean NOT NULL DEFAULT true,
    edition bigint NOT NULL,
    CONSTRAINT ledger_edition_pkey PRIMARY KEY (single),
    CONSTRAINT ledger_edition_one_row CHECK (single)
);
COMMENT ON TABLE ledger_edition IS 'Grows whenever a row that postings are checked against is changed or taken away; what a program remembers of the registers holds for one edition.';
INSERT INTO ledger_edition (edition) VALUES (1);
GRANT SELECT ON ledger_edition TO qazyna_app;

CREATE FUNCTION ledger_next_edition() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM gone) THEN UPDATE ledger_edition SET edition = edition + 1; END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION ledger_next_edition FROM PUBLIC;

DO $$
DECLARE t text; act text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_account', 'ledger_journal', 'reference_classification', 'reference_currency', 'reference_counterparty'] LOOP
        FOREACH act IN ARRAY ARRAY['UPDATE', 'DELETE'] LOOP
            EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I REFERENCING OLD TABLE AS gone FOR EACH STATEMENT '
                           'EXECUTE FUNCTION ledger_next_edition()', 'edition_' || lower(act), act, t);
        END LOOP;
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------- subaccounts

-- Every key is a look by the unique index, whatever the planner knows of the tables: thousands come at once.
CREATE OR REPLACE FUNCTION ledger_intern_subaccounts(
    p_organisation int, p_account int[], p_programme text[], p_specific text[], p_source text[], p_counterparty text[],
    p_contract text[], p_item text[], p_project text[], p_person text[], p_currency text[], OUT ids int[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
BEGIN
    PERFORM ledger_require_writable(p_organisation);
    FOR attempt IN 1..2 LOOP
        SELECT array_agg(s.id ORDER BY k.no) INTO ids
          FROM unnest(p_account, p_programme, p_specific, p_source, p_counterparty, p_contract, p_item, p_project, p_person,
                      p_currency) WITH ORDINALITY
               AS k(account_id, programme, specific, source, counterparty, contract, item, project, person, currency, no)
         CROSS JOIN LATERAL (
               SELECT s.id FROM ledger_subaccount s
                WHERE s.organisation_id = p_organisation AND s.account_id = k.account_id
                  AND s.classification_id = (SELECT c.id FROM ledger_classification c
                                              WHERE (c.programme, c.specific, c.source) = (k.programme, k.specific, k.source))
                  AND (s.counterparty, s.contract, s.item, s.project, s.person, s.currency)
                    = (k.counterparty, k.contract, k.item, k.project, k.person, k.currency) OFFSET 0) s;
        IF coalesce(cardinality(ids), 0) = cardinality(p_account) THEN RETURN; END IF;

        -- What is new is inserted in key order, so that two writers cannot deadlock; what another writer is inserting
        -- just now is waited for, and found by the second look.
        INSERT INTO ledger_classification (programme, specific, source)
        SELECT DISTINCT k.programme, k.specific, k.source
          FROM unnest(p_programme, p_specific, p_source) AS k(programme, specific, source)
         WHERE (SELECT c.id FROM ledger_classification c
                 WHERE (c.programme, c.specific, c.source) = (k.programme, k.specific, k.source)) IS NULL
         ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING;

        INSERT INTO ledger_subaccount (organisation_id, account_id, classification_id, counterparty, contract, item,
                                       project, person, currency, filled)
        SELECT DISTINCT p_organisation, k.account_id, k.classification_id, k.counterparty, k.contract, k.item, k.project,
               k.person, k.currency, 0
          FROM (SELECT k.*, (SELECT c.id FROM ledger_classification c
                              WHERE (c.programme, c.specific, c.source) = (k.programme, k.specific, k.source)) AS classification_id
                  FROM unnest(p_account, p_programme, p_specific, p_source, p_counterparty, p_contract, p_item, p_project,
                              p_person, p_currency)
                       AS k(account_id, programme, specific, source, counterparty, contract, item, project, person, currency)
                OFFSET 0) k
         WHERE (SELECT s.id FROM ledger_subaccount s
                 WHERE s.organisation_id = p_organisation AND s.account_id = k.account_id
                   AND s.classification_id = k.classification_id
                   AND (s.counterparty, s.contract, s.item, s.project, s.person, s.currency)
                     = (k.counterparty, k.contract, k.item, k.project, k.person, k.currency)) IS NULL
         ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        ON CONFLICT DO NOTHING;
    END LOOP;
    RAISE EXCEPTION 'an account id is not in the chart: %', p_account;
END $$;
