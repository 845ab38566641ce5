-- A side knows on which days the chart allows postings to it, so that an entry is checked by its sides alone.

ALTER TABLE ledger_subaccount ADD COLUMN usable daterange, ADD COLUMN off_balance boolean;
COMMENT ON COLUMN ledger_subaccount.usable IS 'Days on which the chart allows postings here; empty where the account takes none, or not with these dimensions.';
COMMENT ON COLUMN ledger_subaccount.off_balance IS 'Whether the account stands off the balance: such sides meet only each other.';

CREATE FUNCTION ledger_usable(a ledger_account, p_filled int) RETURNS daterange LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN a.postable AND a.mandatory & ~p_filled = 0 AND p_filled & ~a.permitted = 0 THEN a.in_force ELSE 'empty' END $$;
COMMENT ON FUNCTION ledger_usable IS 'Days on which an account may be posted to with these dimensions filled.';
REVOKE ALL ON FUNCTION ledger_usable FROM PUBLIC;

UPDATE ledger_subaccount s SET usable = ledger_usable(a, s.filled), off_balance = a.kind = 'off_balance'
  FROM ledger_account a WHERE a.id = s.account_id;
ALTER TABLE ledger_subaccount ALTER COLUMN usable SET NOT NULL, ALTER COLUMN off_balance SET NOT NULL;

CREATE OR REPLACE FUNCTION ledger_subaccount_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    a ledger_account%ROWTYPE;
    c ledger_classification%ROWTYPE;
BEGIN
    SELECT * INTO a FROM ledger_account WHERE id = NEW.account_id FOR SHARE;  -- a change of the account waits, then finds this side
    SELECT * INTO c FROM ledger_classification WHERE id = NEW.classification_id;
    NEW.filled := (c.programme <> '')::int + (c.specific <> '')::int * 2 + (c.source <> '')::int * 4
        + (NEW.counterparty <> '')::int * 8 + (NEW.contract <> '')::int * 16 + (NEW.item <> '')::int * 32
        + (NEW.project <> '')::int * 64 + (NEW.person <> '')::int * 128 + (NEW.currency <> '')::int * 256;
    IF NOT a.postable THEN
        PERFORM ledger_refuse('QZ005', 'account-not-postable', jsonb_build_object('account', a.code));
    ELSIF a.mandatory & ~NEW.filled <> 0 THEN
        PERFORM ledger_refuse('QZ006', 'dimension-missing',
            jsonb_build_object('account', a.code, 'dimensions', a.mandatory & ~NEW.filled));
    ELSIF NEW.filled & ~a.permitted <> 0 THEN
        PERFORM ledger_refuse('QZ007', 'dimension-not-permitted',
            jsonb_build_object('account', a.code, 'dimensions', NEW.filled & ~a.permitted));
    END IF;
    NEW.usable := ledger_usable(a, NEW.filled);
    NEW.off_balance := a.kind = 'off_balance';
    RETURN NEW;
END $$;

CREATE FUNCTION ledger_account_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    UPDATE ledger_subaccount s SET usable = ledger_usable(a, s.filled), off_balance = a.kind = 'off_balance'
      FROM ledger_account a JOIN fresh USING (id) JOIN gone USING (id)
     WHERE s.account_id = a.id
       AND (fresh.postable, fresh.mandatory, fresh.permitted, fresh.in_force, fresh.kind)
        IS DISTINCT FROM (gone.postable, gone.mandatory, gone.permitted, gone.in_force, gone.kind);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION ledger_account_changed FROM PUBLIC;
CREATE TRIGGER sides AFTER UPDATE ON ledger_account REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_account_changed();

-- On the day of the effect an ended account takes what moves its balance away, and nothing else: the sides that hold balances
-- of one organisation stay usable for that day, only inside the transaction that moves them, and the chart is not touched.
CREATE FUNCTION finance_recoding_hold(p_organisation int, p_recoding int, p_sides int[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT ledger_require_writable(p_organisation);
    UPDATE ledger_subaccount s SET usable = daterange(lower(s.usable), r.effective_on + 1)
      FROM finance_recoding r
      JOIN finance_recoding_line l ON l.recoding_id = r.id AND l.what = 'account'
      JOIN ledger_account a ON a.code = l.old_code AND upper(a.in_force) = r.effective_on
     WHERE r.id = p_recoding AND (r.books_of IS NULL OR r.books_of = p_organisation)
       AND s.organisation_id = p_organisation AND s.id = ANY (p_sides) AND s.account_id = a.id AND upper(s.usable) = r.effective_on;
$$;
COMMENT ON FUNCTION finance_recoding_hold IS 'Keeps sides of accounts that end on the day of a recoding usable on that day, until finance_recoding_release in the same transaction.';

CREATE FUNCTION finance_recoding_release(p_organisation int, p_sides int[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT ledger_require_writable(p_organisation);
    UPDATE ledger_subaccount s SET usable = ledger_usable(a, s.filled)
      FROM ledger_account a
     WHERE a.id = s.account_id AND s.organisation_id = p_organisation AND s.id = ANY (p_sides)
       AND s.usable <> ledger_usable(a, s.filled);
$$;
COMMENT ON FUNCTION finance_recoding_release IS 'Makes sides usable on the days that the chart says.';
REVOKE ALL ON FUNCTION finance_recoding_hold, finance_recoding_release FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finance_recoding_hold, finance_recoding_release TO qazyna_app;

-- Statements cost some 15 µs and sets of arrays as much again, so there are few of either.  Order matters: key, month lock,
-- checks, balances (coarse rows by key, fine rows by key), postings, and the counter row last; nothing slow follows it.
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
    -- an entry of one posting between two accounts, by far the most, needs no sets
    v_pair boolean := false;
    v_debit int := p_debit[1];
    v_credit int := p_credit[1];
    v_amount bigint := p_amount[1];
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
    IF v_size = 1 THEN
        SELECT p.state, ds.usable @> p_on AND cs.usable @> p_on AND ds.off_balance = cs.off_balance,
               (ds.account_id, ds.classification_id) <> (cs.account_id, cs.classification_id),
               ARRAY[ds.account_id, cs.account_id], ARRAY[ds.classification_id, cs.classification_id]
          INTO v_state, v_sound, v_pair, v_accounts, v_classifications
          FROM ledger_period p, ledger_subaccount ds, ledger_subaccount cs
         WHERE p.organisation_id = p_organisation AND p.month = v_month
           AND ds.organisation_id = p_organisation AND ds.id = v_debit AND cs.organisation_id = p_organisation AND cs.id = v_credit;
    ELSE
        SELECT (SELECT p.state FROM ledger_period p WHERE p.organisation_id = p_organisation AND p.month = v_month),
               count(*) = v_size AND bool_and(ds.usable @> p_on AND cs.usable @> p_on AND ds.off_balance = cs.off_balance),
               array_agg(ds.account_id ORDER BY u.no) || array_agg(cs.account_id ORDER BY u.no),
               array_agg(ds.classification_id ORDER BY u.no) || array_agg(cs.classification_id ORDER BY u.no)
          INTO v_state, v_sound, v_accounts, v_classifications
          FROM unnest(p_debit, p_credit) WITH ORDINALITY u(debit_id, credit_id, no)
          JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
          JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id;
    END IF;
    IF v_state IS DISTINCT FROM 'open' THEN PERFORM ledger_refuse_period(p_organisation, v_month); END IF;
    IF v_sound IS NOT TRUE AND p_kind NOT IN ('storno', 'reversal', 'closing') THEN  -- these go by the chart of what they cancel or close
        PERFORM ledger_refuse_postings(p_organisation, p_on, p_debit, p_credit);
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
