-- Month locks of two strengths, the close of a year, reversals, corrections of earlier years.

-- ---------------------------------------------------------------------------------------------- roles of accounts

ALTER TABLE ledger_account ADD COLUMN role text NOT NULL DEFAULT '';
ALTER TABLE ledger_account
    ADD CONSTRAINT ledger_account_role_fits CHECK (CASE role
        WHEN '' THEN true
        WHEN 'contra' THEN postable AND kind = 'off_balance'
        WHEN 'year_result' THEN postable AND kind = 'net_assets'
        WHEN 'earlier_years' THEN postable AND kind = 'net_assets'
        ELSE false END),
    ADD CONSTRAINT ledger_account_role_once EXCLUDE USING gist (role WITH =, in_force WITH &&) WHERE (role <> '')
        DEFERRABLE;
COMMENT ON COLUMN ledger_account.role IS 'What the program itself posts to it: year_result and earlier_years by the close of a year, contra as the other side of off-balance entries; mostly empty.';

CREATE FUNCTION ledger_account_of_role(p_role text, p_on date) RETURNS int LANGUAGE plpgsql STABLE AS
$$
DECLARE found_id int;
BEGIN
    SELECT id INTO found_id FROM ledger_account WHERE role = p_role AND in_force @> p_on;
    IF found_id IS NULL THEN
        PERFORM ledger_refuse('QZ037', 'role-account-missing', jsonb_build_object('role', p_role, 'day', p_on));
    END IF;
    RETURN found_id;
END $$;

CREATE FUNCTION ledger_moved_subaccounts(p_organisation int, p_subaccounts int[], p_account int) RETURNS int[]
LANGUAGE plpgsql AS
$$
DECLARE
    k record;  -- the keys asked for, each once, and of each subaccount the place of its key
    ids int[];
BEGIN
    IF coalesce(cardinality(p_subaccounts), 0) = 0 THEN RETURN '{}'; END IF;
    WITH kept AS (
        SELECT u.no, CASE WHEN a.permitted & 1 <> 0 THEN s.programme ELSE '' END AS programme,
               CASE WHEN a.permitted & 2 <> 0 THEN s.specific ELSE '' END AS specific,
               CASE WHEN a.permitted & 4 <> 0 THEN s.source ELSE '' END AS source,
               CASE WHEN a.permitted & 8 <> 0 THEN s.counterparty ELSE '' END AS counterparty,
               CASE WHEN a.permitted & 16 <> 0 THEN s.contract ELSE '' END AS contract,
               CASE WHEN a.permitted & 32 <> 0 THEN s.item ELSE '' END AS item,
               CASE WHEN a.permitted & 64 <> 0 THEN s.project ELSE '' END AS project,
               CASE WHEN a.permitted & 128 <> 0 THEN s.person ELSE '' END AS person,
               CASE WHEN a.permitted & 256 <> 0 THEN s.currency ELSE '' END AS currency
          FROM unnest(p_subaccounts) WITH ORDINALITY u(id, no)
         CROSS JOIN LATERAL (SELECT * FROM ledger_side s WHERE s.organisation_id = p_organisation AND s.id = u.id OFFSET 0) s
          JOIN ledger_account a ON a.id = p_account
    ), placed AS (
        SELECT *, dense_rank() OVER (ORDER BY programme, specific, source, counterparty, contract, item, project, person,
                                              currency) AS place
          FROM kept
    ), first AS (
        SELECT *, row_number() OVER (PARTITION BY place ORDER BY no) = 1 AS is_first FROM placed
    )
    SELECT array_agg(place ORDER BY no) AS places, array_agg(p_account) FILTER (WHERE is_first) AS account,
           array_agg(programme ORDER BY place) FILTER (WHERE is_first) AS programme,
           array_agg(specific ORDER BY place) FILTER (WHERE is_first) AS specific,
           array_agg(source ORDER BY place) FILTER (WHERE is_first) AS source,
           array_agg(counterparty ORDER BY place) FILTER (WHERE is_first) AS counterparty,
           array_agg(contract ORDER BY place) FILTER (WHERE is_first) AS contract,
           array_agg(item ORDER BY place) FILTER (WHERE is_first) AS item,
           array_agg(project ORDER BY place) FILTER (WHERE is_first) AS project,
           array_agg(person ORDER BY place) FILTER (WHERE is_first) AS person,
           array_agg(currency ORDER BY place) FILTER (WHERE is_first) AS currency
      INTO k FROM first;
    ids := ledger_intern_subaccounts(p_organisation, k.account, k.programme, k.specific, k.source, k.counterparty,
                                     k.contract, k.item, k.project, k.person, k.currency);
    RETURN ARRAY(SELECT ids[u.place] FROM unnest(k.places) WITH ORDINALITY u(place, no) ORDER BY u.no);
END $$;
COMMENT ON FUNCTION ledger_moved_subaccounts IS 'Subaccounts of another account that keep those dimensions it permits, in the order asked; made where they are new.';

-- ---------------------------------------------------------------------------------------------- locks

CREATE FUNCTION ledger_adjustable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.adjusts', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION ledger_adjustable() IS 'Organisations whose restricted months this transaction may post into.';

ALTER TABLE ledger_period DROP CONSTRAINT ledger_period_state_known;
ALTER TABLE ledger_period
    ADD CONSTRAINT ledger_period_state_known CHECK (state IN ('open', 'restricted', 'closed'));
COMMENT ON COLUMN ledger_period.state IS 'open: posted into by all who may post; restricted: only by who may adjust; closed: by nobody.';

CREATE OR REPLACE FUNCTION ledger_refuse_period(p_organisation int, p_month date) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE found_state text;
BEGIN
    SELECT state INTO found_state FROM ledger_period WHERE organisation_id = p_organisation AND month = p_month;
    IF found_state IS NULL THEN
        PERFORM ledger_refuse('QZ008', 'period-not-opened', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    ELSIF found_state = 'closed' THEN
        PERFORM ledger_refuse('QZ001', 'period-closed', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    ELSIF found_state = 'restricted' AND (p_organisation = ANY (ledger_adjustable())) IS NOT TRUE THEN
        PERFORM ledger_refuse('QZ030', 'period-restricted', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    END IF;
END $$;
COMMENT ON FUNCTION ledger_refuse_period IS 'Refuses where this transaction may not post into the month; returns where it may.';

CREATE TABLE ledger_period_change (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    month date NOT NULL,
    was text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    actor_id int NOT NULL,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_period_change_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT ledger_period_change_month_fkey FOREIGN KEY (organisation_id, month) REFERENCES ledger_period
);
COMMENT ON TABLE ledger_period_change IS 'Every closing, restricting and reopening of a month: who, when, from where, why; append-only.';

CREATE TABLE ledger_year (
    organisation_id int NOT NULL,
    fiscal_year int NOT NULL,
    state text NOT NULL,
    result_tiyn bigint,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by int NOT NULL,
    CONSTRAINT ledger_year_pkey PRIMARY KEY (organisation_id, fiscal_year),
    CONSTRAINT ledger_year_state_known CHECK (state IN ('open', 'closed')),
    CONSTRAINT ledger_year_closed_has_result CHECK ((state = 'closed') = (result_tiyn IS NOT NULL))
);
COMMENT ON TABLE ledger_year IS 'Years that were closed at least once; a year without a row is open.';
COMMENT ON COLUMN ledger_year.result_tiyn IS 'Surplus of a closed year in tiyn, a deficit negative: what the account of the year''s result holds after the close.';

CREATE TABLE ledger_year_change (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    fiscal_year int NOT NULL,
    state text NOT NULL,
    key uuid NOT NULL,
    content_hash bytea NOT NULL,
    entries int NOT NULL,
    postings int NOT NULL,
    result_tiyn bigint NOT NULL,
    reason text NOT NULL,
    actor_id int NOT NULL,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_year_change_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT ledger_year_change_key UNIQUE (organisation_id, key),
    CONSTRAINT ledger_year_change_year_fkey FOREIGN KEY (organisation_id, fiscal_year) REFERENCES ledger_year
);
COMMENT ON TABLE ledger_year_change IS 'Every close and reopening of a year: who, when, from where, why, under which key, and what was posted; append-only.';
COMMENT ON COLUMN ledger_year_change.content_hash IS 'SHA-256 of the command; the same key with other content is refused.';
COMMENT ON COLUMN ledger_year_change.result_tiyn IS 'Surplus of the year in tiyn: as closed, or as it was before it was reopened.';

-- The years of an organisation change one at a time, and no month is loosened meanwhile: month keys begin above zero.
CREATE FUNCTION ledger_period_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE closed_year int;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM ledger_refuse('QZ022', 'snapshot-too-old');
    END IF;
    PERFORM pg_advisory_xact_lock_shared(NEW.organisation_id, 0);
    IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM ledger_period p
                                     WHERE (p.organisation_id, p.month) = (NEW.organisation_id, NEW.month)) THEN
        RETURN NEW;  -- opened before: whoever opens it again changes nothing
    END IF;
    SELECT max(fiscal_year) INTO closed_year FROM ledger_year
     WHERE organisation_id = NEW.organisation_id AND state = 'closed' AND fiscal_year >= extract(year FROM NEW.month);
    IF closed_year IS NOT NULL THEN
        PERFORM ledger_refuse('QZ031', 'year-closed', jsonb_build_object('year', closed_year, 'month', NEW.month));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON ledger_period FOR EACH ROW
    WHEN (NEW.state <> 'closed') EXECUTE FUNCTION ledger_period_guard();

CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_period_change FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_year_change FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_period_change FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_year_change FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();

CREATE FUNCTION ledger_require_reason(p_reason text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    IF length(btrim(p_reason)) >= 3 THEN RETURN; END IF;
    PERFORM ledger_refuse('QZ040', 'reason-missing');
END $$;

DROP FUNCTION ledger_set_period(int, date, text, int);
CREATE FUNCTION ledger_set_period(p_organisation int, p_month date, p_state text, p_actor int, p_reason text, p_origin text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    v_was text;
    v_states text[] := '{open, restricted, closed}';
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    PERFORM pg_advisory_xact_lock_shared(p_organisation, 0);
    PERFORM pg_advisory_xact_lock(p_organisation, ledger_month_key(p_month));
    SELECT state INTO v_was FROM ledger_period WHERE organisation_id = p_organisation AND month = p_month;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('QZ008', 'period-not-opened', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    END IF;
    IF v_was = p_state THEN RETURN; END IF;
    UPDATE ledger_period SET state = p_state, changed_at = clock_timestamp(), changed_by = p_actor
     WHERE organisation_id = p_organisation AND month = p_month;
    IF array_position(v_states, p_state) < array_position(v_states, v_was) THEN
        PERFORM ledger_require_reason(p_reason);
    END IF;
    INSERT INTO ledger_period_change (organisation_id, month, was, state, reason, actor_id, origin)
    VALUES (p_organisation, p_month, v_was, p_state, coalesce(p_reason, ''), p_actor, p_origin);
END $$;
COMMENT ON FUNCTION ledger_set_period IS 'Opens, restricts or closes a month, waiting for the postings under way in it; a lock is loosened only with a reason, and never in a closed year.';

-- ---------------------------------------------------------------------------------------------- corrections

CREATE OR REPLACE FUNCTION ledger_require_own_kind(p_kind text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    IF p_kind IN ('ordinary', 'opening') THEN RETURN; END IF;
    PERFORM ledger_refuse('QZ024', 'kind-not-posted', jsonb_build_object('kind', p_kind));
END $$;
COMMENT ON FUNCTION ledger_require_own_kind(text) IS 'Stornos and reversals come only from what knows what they cancel, closing entries only from the close of a year.';

ALTER TABLE ledger_correction ADD COLUMN through_earlier_years boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ledger_correction.through_earlier_years IS 'Whether revenue and expense of a closed year were corrected through the result of earlier years.';

CREATE FUNCTION ledger_record_correction(
    p_key uuid, p_hash bytea, o ledger_entry, p_on date, p_actor int, p_origin text, p_reason text, p_kind text,
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean, OUT postings int)
LANGUAGE plpgsql AS
$$
#variable_conflict use_column
DECLARE
    v_sign int := CASE p_kind WHEN 'storno' THEN -1 ELSE 1 END;
    v_through boolean;
    v_own int[] := '{}';
    v_moved int[] := '{}';
    p record;
    by_whom ledger_correction%ROWTYPE;
BEGIN
    v_through := extract(year FROM p_on) > o.fiscal_year AND EXISTS (
        SELECT FROM ledger_year y WHERE (y.organisation_id, y.fiscal_year, y.state) = (o.organisation_id, o.fiscal_year, 'closed'));
    IF v_through THEN
        v_own := ARRAY(
            SELECT DISTINCT s.id
              FROM ledger_posting q
              JOIN ledger_subaccount s ON s.organisation_id = q.organisation_id AND s.id IN (q.debit_id, q.credit_id)
              JOIN ledger_account a ON a.id = s.account_id AND a.kind IN ('revenue', 'expense')
             WHERE (q.organisation_id, q.fiscal_year, q.entry_id) = (o.organisation_id, o.fiscal_year, o.id) ORDER BY s.id);
        v_through := v_own <> '{}';
    END IF;
    IF v_through THEN
        v_moved := ledger_moved_subaccounts(o.organisation_id, v_own, ledger_account_of_role('earlier_years', p_on));
    END IF;

    SELECT array_agg(debit_id ORDER BY no) AS debit, array_agg(credit_id ORDER BY no) AS credit,
           array_agg(amount ORDER BY no) AS amount, array_agg(memo ORDER BY no) AS memo,
           array_agg(dq ORDER BY no) AS dq, array_agg(cq ORDER BY no) AS cq,
           array_agg(dc ORDER BY no) AS dc, array_agg(cc ORDER BY no) AS cc
      INTO p
      FROM (SELECT q.no, q.memo, v_sign * q.amount_tiyn AS amount,
                   coalesce(dm.moved, d.id) AS debit_id, coalesce(cm.moved, c.id) AS credit_id,
                   CASE WHEN dm.own IS NULL THEN v_sign * d.quantity END AS dq,
                   CASE WHEN cm.own IS NULL THEN v_sign * c.quantity END AS cq,
                   CASE WHEN dm.own IS NULL THEN v_sign * d.currency END AS dc,
                   CASE WHEN cm.own IS NULL THEN v_sign * c.currency END AS cc
              FROM ledger_posting q
              JOIN LATERAL (VALUES (p_kind = 'storno', q.debit_id, q.debit_quantity_milli, q.debit_currency_minor),
                                   (p_kind = 'reversal', q.credit_id, q.credit_quantity_milli, q.credit_currency_minor))
                   AS d(taken, id, quantity, currency) ON d.taken
              JOIN LATERAL (VALUES (p_kind = 'storno', q.credit_id, q.credit_quantity_milli, q.credit_currency_minor),
                                   (p_kind = 'reversal', q.debit_id, q.debit_quantity_milli, q.debit_currency_minor))
                   AS c(taken, id, quantity, currency) ON c.taken
              LEFT JOIN unnest(v_own, v_moved) AS dm(own, moved) ON dm.own = d.id
              LEFT JOIN unnest(v_own, v_moved) AS cm(own, moved) ON cm.own = c.id
             WHERE (q.organisation_id, q.fiscal_year, q.entry_id) = (o.organisation_id, o.fiscal_year, o.id)) line
     WHERE debit_id <> credit_id;  -- what stood between revenue and expense has no balance left to correct
    IF p.amount IS NULL THEN
        PERFORM ledger_refuse('QZ039', 'nothing-to-correct', jsonb_build_object('number', o.number, 'year', o.fiscal_year));
    END IF;

    SELECT r.* INTO entry_id, fiscal_year, number, is_new
      FROM ledger_record_entry(o.organisation_id, p_key, p_hash, o.journal_id, p_kind, p_on, p_actor, p_origin,
                               o.balance_kind, o.memo, o.document_number, o.document_on, p_kind, o.id,
                               NULL, p.debit, p.credit, p.amount, p.memo, p.dq, p.cq, p.dc, p.cc) r;
    postings := cardinality(p.amount);
    IF is_new THEN
        BEGIN
            INSERT INTO ledger_correction (organisation_id, entry_id, fiscal_year, by_entry_id, by_fiscal_year, kind,
                                           reason, through_earlier_years)
            VALUES (o.organisation_id, o.id, o.fiscal_year, ledger_record_correction.entry_id,
                    ledger_record_correction.fiscal_year, p_kind, p_reason, v_through);
        EXCEPTION WHEN unique_violation THEN
            SELECT * INTO by_whom FROM ledger_correction c WHERE c.organisation_id = o.organisation_id AND c.entry_id = o.id;
            PERFORM ledger_refuse('QZ010', 'already-corrected',
                jsonb_build_object('number', o.number, 'by_entry', by_whom.by_entry_id));
        END;
    END IF;
END $$;
COMMENT ON FUNCTION ledger_record_correction IS 'Posts what cancels an entry, whatever its kind; for the functions of the kernel only.';

DROP FUNCTION ledger_storno;
CREATE FUNCTION ledger_correct(
    p_organisation int, p_key uuid, p_hash bytea, p_entry bigint, p_entry_year int, p_on date, p_actor int, p_origin text,
    p_reason text, p_kind text, OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    o ledger_entry%ROWTYPE;
    v_hash bytea;
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    SELECT c.entry_id, c.fiscal_year, c.content_hash INTO entry_id, fiscal_year, v_hash
      FROM ledger_command c WHERE c.organisation_id = p_organisation AND c.key = p_key;
    IF FOUND THEN
        IF v_hash <> p_hash THEN PERFORM ledger_refuse('QZ003', 'key-reused', jsonb_build_object('key', p_key)); END IF;
        SELECT e.number INTO number FROM ledger_entry e
         WHERE (e.organisation_id, e.fiscal_year, e.id) = (p_organisation, ledger_correct.fiscal_year, ledger_correct.entry_id);
        is_new := false;
        RETURN;
    END IF;
    IF p_kind NOT IN ('storno', 'reversal') THEN
        PERFORM ledger_refuse('QZ024', 'kind-not-posted', jsonb_build_object('kind', p_kind));
    END IF;
    SELECT * INTO o FROM ledger_entry e
     WHERE (e.organisation_id, e.fiscal_year, e.id) = (p_organisation, p_entry_year, p_entry);
    IF NOT FOUND THEN
        PERFORM ledger_refuse('QZ013', 'unknown-entry', jsonb_build_object('entry', p_entry));
    ELSIF o.kind IN ('storno', 'reversal') THEN
        PERFORM ledger_refuse('QZ012', 'not-correctable', jsonb_build_object('entry', p_entry, 'number', o.number));
    ELSIF o.kind = 'closing' THEN
        PERFORM ledger_refuse('QZ038', 'closing-not-correctable', jsonb_build_object('number', o.number, 'year', o.fiscal_year));
    ELSIF p_on < o.effective_on THEN
        PERFORM ledger_refuse('QZ017', 'storno-before-entry', jsonb_build_object('day', p_on, 'entry_day', o.effective_on));
    END IF;
    SELECT r.entry_id, r.fiscal_year, r.number, r.is_new INTO entry_id, fiscal_year, number, is_new
      FROM ledger_record_correction(p_key, p_hash, o, p_on, p_actor, p_origin, p_reason, p_kind) r;
END $$;
COMMENT ON FUNCTION ledger_correct IS 'Cancels an entry, at most once, the original untouched: a storno by the same correspondence with negative amounts, a reversal by the opposite one; of a closed year, through the result of earlier years.';

-- ---------------------------------------------------------------------------------------------- years

CREATE FUNCTION ledger_lock_year(p_organisation int, p_year int) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM ledger_require_writer(p_organisation);
    IF p_year NOT BETWEEN 1991 AND 2199 THEN
        PERFORM ledger_refuse('QZ016', 'year-out-of-range', jsonb_build_object('year', p_year));
    END IF;
    PERFORM pg_advisory_xact_lock(p_organisation, 0);
    FOR m IN 1..12 LOOP
        PERFORM pg_advisory_xact_lock(p_organisation, ledger_month_key(make_date(p_year, m, 1)));
    END LOOP;
END $$;
COMMENT ON FUNCTION ledger_lock_year IS 'Waits for the postings under way in a year, and lets no other begin.';

CREATE FUNCTION ledger_year_change_of(p_organisation int, p_key uuid, p_hash bytea) RETURNS SETOF ledger_year_change
LANGUAGE plpgsql AS
$$
DECLARE found_hash bytea;
BEGIN
    SELECT content_hash INTO found_hash
      FROM (SELECT content_hash FROM ledger_year_change WHERE organisation_id = p_organisation AND key = p_key
             UNION ALL
            SELECT content_hash FROM ledger_command WHERE organisation_id = p_organisation AND key = p_key) said LIMIT 1;
    IF found_hash <> p_hash THEN PERFORM ledger_refuse('QZ003', 'key-reused', jsonb_build_object('key', p_key)); END IF;
    RETURN QUERY SELECT * FROM ledger_year_change WHERE organisation_id = p_organisation AND key = p_key;
END $$;
COMMENT ON FUNCTION ledger_year_change_of IS 'What a command about a year did when its key was first used; no row where it is new.';

CREATE FUNCTION ledger_close_year(
    p_organisation int, p_year int, p_key uuid, p_hash bytea, p_actor int, p_origin text, p_journal smallint, p_memos text[],
    OUT entries int, OUT postings int, OUT result_tiyn bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    v_last date;
    v_december date;
    v_was text;
    v_missing jsonb;
    v_earlier int;
    v_result int[];
    v_carried int[];
    v_targets int[];
    n record;  -- sides to bring to zero: part, subaccount, balance
    e record;
BEGIN
    PERFORM ledger_lock_year(p_organisation, p_year);
    v_last := make_date(p_year, 12, 31);
    v_december := make_date(p_year, 12, 1);
    SELECT c.entries, c.postings, c.result_tiyn, false INTO entries, postings, result_tiyn, is_new
      FROM ledger_year_change_of(p_organisation, p_key, p_hash) c;
    IF FOUND THEN RETURN; END IF;

    IF EXISTS (SELECT FROM ledger_year y WHERE (y.organisation_id, y.fiscal_year, y.state) = (p_organisation, p_year, 'closed')) THEN
        PERFORM ledger_refuse('QZ034', 'year-already-closed', jsonb_build_object('year', p_year));
    END IF;
    SELECT state INTO v_was FROM ledger_period WHERE organisation_id = p_organisation AND month = v_december;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('QZ008', 'period-not-opened', jsonb_build_object('organisation', p_organisation, 'month', v_december));
    END IF;
    SELECT jsonb_agg(to_char(month, 'YYYY-MM') ORDER BY month) INTO v_missing
      FROM ledger_period
     WHERE organisation_id = p_organisation AND state <> 'closed' AND month >= make_date(p_year, 1, 1) AND month < v_december;
    IF v_missing IS NOT NULL THEN
        PERFORM ledger_refuse('QZ032', 'months-not-closed', jsonb_build_object('year', p_year, 'months', v_missing));
    END IF;
    SELECT min(extract(year FROM p.month)) INTO v_earlier
      FROM ledger_period p
      LEFT JOIN ledger_year y ON y.organisation_id = p.organisation_id AND y.fiscal_year = extract(year FROM p.month)
     WHERE p.organisation_id = p_organisation AND p.month < make_date(p_year, 1, 1) AND y.state IS DISTINCT FROM 'closed';
    IF v_earlier IS NOT NULL THEN
        PERFORM ledger_refuse('QZ033', 'earlier-year-open', jsonb_build_object('year', p_year, 'earlier', v_earlier));
    END IF;

    v_result := ARRAY(SELECT s.id FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id AND a.role = 'year_result'
                       WHERE s.organisation_id = p_organisation);
    -- What an earlier year left as its result is carried on; a reformation of this year posted by hand stays.
    -- Quantities and currency amounts of revenue and expense go with the amount.  OFFSET 0 makes each subaccount one
    -- look by its key, also before the tables have statistics.
    WITH held AS (
        SELECT CASE WHEN a.role = 'year_result' THEN 1 WHEN a.kind = 'revenue' THEN 2 ELSE 3 END AS part,
               b.subaccount_id AS id, b.tiyn, b.milli, b.minor
          FROM (SELECT subaccount_id, sum(debit_tiyn - credit_tiyn) AS tiyn,
                       sum(debit_quantity_milli - credit_quantity_milli) AS milli,
                       sum(debit_currency_minor - credit_currency_minor) AS minor
                  FROM ledger_balance WHERE organisation_id = p_organisation AND month <= v_december GROUP BY 1) b
         CROSS JOIN LATERAL (SELECT account_id FROM ledger_subaccount
                              WHERE organisation_id = p_organisation AND id = b.subaccount_id OFFSET 0) s
          JOIN ledger_account a ON a.id = s.account_id AND (a.role = 'year_result' OR a.kind IN ('revenue', 'expense'))
        UNION ALL
        SELECT 1, p.own_id, p.tiyn, 0, 0
          FROM (SELECT debit_id AS own_id, credit_id AS other_id, -amount_tiyn AS tiyn FROM ledger_posting
                 WHERE organisation_id = p_organisation AND fiscal_year = p_year AND debit_id = ANY (v_result)
                UNION ALL
                SELECT credit_id, debit_id, amount_tiyn FROM ledger_posting
                 WHERE organisation_id = p_organisation AND fiscal_year = p_year AND credit_id = ANY (v_result)) p
         CROSS JOIN LATERAL (SELECT account_id FROM ledger_subaccount
                              WHERE organisation_id = p_organisation AND id = p.other_id OFFSET 0) s
          JOIN ledger_account a ON a.id = s.account_id AND a.kind IN ('revenue', 'expense')
    ), due AS (
        SELECT part, id, sum(tiyn)::bigint AS tiyn, sum(milli)::bigint AS milli, sum(minor)::bigint AS minor
          FROM held GROUP BY 1, 2 HAVING sum(tiyn) <> 0
    )
    SELECT coalesce(array_agg(part ORDER BY part, id), '{}') AS part, coalesce(array_agg(id ORDER BY part, id), '{}') AS id,
           array_agg(tiyn ORDER BY part, id) AS tiyn, array_agg(milli ORDER BY part, id) AS milli,
           array_agg(minor ORDER BY part, id) AS minor
      INTO n FROM due;
    v_carried := n.id[:coalesce(array_length(array_positions(n.part, 1), 1), 0)];
    v_targets := ledger_moved_subaccounts(p_organisation, v_carried, ledger_account_of_role('earlier_years', v_last))
              || ledger_moved_subaccounts(p_organisation, n.id[cardinality(v_carried) + 1:],
                                          ledger_account_of_role('year_result', v_last));

    UPDATE ledger_period SET state = 'open' WHERE organisation_id = p_organisation AND month = v_december;
    entries := 0;
    FOR e IN
        SELECT part, array_agg(CASE WHEN tiyn > 0 THEN target ELSE own END ORDER BY no) AS debit,
               array_agg(CASE WHEN tiyn > 0 THEN own ELSE target END ORDER BY no) AS credit,
               array_agg(abs(tiyn) ORDER BY no) AS amount,
               array_agg(CASE WHEN tiyn < 0 THEN nullif(-milli, 0) END ORDER BY no) AS dq,
               array_agg(CASE WHEN tiyn > 0 THEN nullif(milli, 0) END ORDER BY no) AS cq,
               array_agg(CASE WHEN tiyn < 0 THEN nullif(-minor, 0) END ORDER BY no) AS dc,
               array_agg(CASE WHEN tiyn > 0 THEN nullif(minor, 0) END ORDER BY no) AS cc
          FROM (SELECT u.*, row_number() OVER (PARTITION BY part ORDER BY own) - 1 AS no
                  FROM unnest(n.part, n.id, v_targets, n.tiyn, n.milli, n.minor) AS u(part, own, target, tiyn, milli, minor)) line
         GROUP BY part, no / 30000 ORDER BY part, no / 30000
    LOOP
        PERFORM ledger_record_entry(
            p_organisation, CASE entries WHEN 0 THEN p_key ELSE md5(p_key::text || entries)::uuid END, p_hash, p_journal,
            'closing', v_last, p_actor, p_origin, ledger_balance_kind('closing'), p_memos[e.part], '', NULL, 'year-close', p_year,
            NULL, e.debit, e.credit, e.amount, NULL, e.dq, e.cq, e.dc, e.cc);
        entries := entries + 1;
    END LOOP;
    postings := cardinality(n.id);

    SELECT coalesce(sum(b.credit_tiyn - b.debit_tiyn), 0) INTO result_tiyn
      FROM ledger_account_balance b JOIN ledger_account a ON a.id = b.account_id AND a.role = 'year_result'
     WHERE b.organisation_id = p_organisation AND b.month <= v_december;
    UPDATE ledger_period SET state = 'closed' WHERE organisation_id = p_organisation AND month = v_december;
    IF v_was <> 'closed' THEN
        UPDATE ledger_period SET changed_at = clock_timestamp(), changed_by = p_actor
         WHERE organisation_id = p_organisation AND month = v_december;
        INSERT INTO ledger_period_change (organisation_id, month, was, state, reason, actor_id, origin)
        VALUES (p_organisation, v_december, v_was, 'closed', '', p_actor, p_origin);
    END IF;
    INSERT INTO ledger_year AS y (organisation_id, fiscal_year, state, result_tiyn, changed_by)
    VALUES (p_organisation, p_year, 'closed', ledger_close_year.result_tiyn, p_actor)
    ON CONFLICT (organisation_id, fiscal_year) DO UPDATE
       SET state = excluded.state, result_tiyn = excluded.result_tiyn, changed_at = clock_timestamp(), changed_by = p_actor;
    INSERT INTO ledger_year_change (organisation_id, fiscal_year, state, key, content_hash, entries, postings, result_tiyn,
                                    reason, actor_id, origin)
    VALUES (p_organisation, p_year, 'closed', p_key, p_hash, ledger_close_year.entries, ledger_close_year.postings,
            ledger_close_year.result_tiyn, '', p_actor, p_origin);
    is_new := true;
END $$;
COMMENT ON FUNCTION ledger_close_year IS 'Closes a year: the last result is carried to earlier years, revenue and expense are brought to zero against the year''s result, December is closed.  Memos: of the carrying, of revenue, of expense.';

CREATE FUNCTION ledger_reopen_year(
    p_organisation int, p_year int, p_key uuid, p_hash bytea, p_actor int, p_origin text, p_reason text,
    OUT entries int, OUT postings int, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    v_last date;
    v_december date;
    v_result bigint;
    v_later int;
    o ledger_entry%ROWTYPE;
BEGIN
    PERFORM ledger_lock_year(p_organisation, p_year);
    v_last := make_date(p_year, 12, 31);
    v_december := make_date(p_year, 12, 1);
    SELECT c.entries, c.postings, false INTO entries, postings, is_new
      FROM ledger_year_change_of(p_organisation, p_key, p_hash) c;
    IF FOUND THEN RETURN; END IF;

    SELECT y.result_tiyn INTO v_result
      FROM ledger_year y WHERE (y.organisation_id, y.fiscal_year, y.state) = (p_organisation, p_year, 'closed');
    IF NOT FOUND THEN PERFORM ledger_refuse('QZ035', 'year-not-closed', jsonb_build_object('year', p_year)); END IF;
    SELECT max(y.fiscal_year) INTO v_later
      FROM ledger_year y WHERE y.organisation_id = p_organisation AND y.fiscal_year > p_year AND y.state = 'closed';
    IF v_later IS NOT NULL THEN
        PERFORM ledger_refuse('QZ036', 'later-year-closed', jsonb_build_object('year', p_year, 'later', v_later));
    END IF;
    PERFORM ledger_require_reason(p_reason);

    UPDATE ledger_year SET state = 'open', result_tiyn = NULL, changed_at = clock_timestamp(), changed_by = p_actor
     WHERE organisation_id = p_organisation AND fiscal_year = p_year;
    UPDATE ledger_period SET state = 'open' WHERE organisation_id = p_organisation AND month = v_december;
    entries := 0;
    postings := 0;
    FOR o IN
        SELECT * FROM ledger_entry e
         WHERE e.organisation_id = p_organisation AND e.fiscal_year = p_year AND e.effective_on = v_last AND e.kind = 'closing'
           AND NOT EXISTS (SELECT FROM ledger_correction c WHERE c.organisation_id = e.organisation_id AND c.entry_id = e.id)
         ORDER BY e.id DESC
    LOOP
        postings := postings + (
            SELECT r.postings FROM ledger_record_correction(
                CASE entries WHEN 0 THEN p_key ELSE md5(p_key::text || entries)::uuid END, p_hash, o, v_last, p_actor, p_origin,
                p_reason, 'storno') r);
        entries := entries + 1;
    END LOOP;
    UPDATE ledger_period SET state = 'restricted', changed_at = clock_timestamp(), changed_by = p_actor
     WHERE organisation_id = p_organisation AND month = v_december;
    INSERT INTO ledger_period_change (organisation_id, month, was, state, reason, actor_id, origin)
    VALUES (p_organisation, v_december, 'closed', 'restricted', p_reason, p_actor, p_origin);
    INSERT INTO ledger_year_change (organisation_id, fiscal_year, state, key, content_hash, entries, postings, result_tiyn,
                                    reason, actor_id, origin)
    VALUES (p_organisation, p_year, 'open', p_key, p_hash, ledger_reopen_year.entries, ledger_reopen_year.postings, v_result,
            p_reason, p_actor, p_origin);
    is_new := true;
END $$;
COMMENT ON FUNCTION ledger_reopen_year IS 'Cancels the closing entries of a year by stornos of the same day; its December is then restricted, the other months stay closed.';

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_period_change', 'ledger_year', 'ledger_year_change'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id = ANY ((SELECT ledger_readable())::int[]))', t);
    END LOOP;
END $$;
DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger\_%' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT SELECT ON ledger_period_change, ledger_year, ledger_year_change TO qazyna_app;
GRANT EXECUTE ON FUNCTION ledger_correct, ledger_set_period, ledger_close_year, ledger_reopen_year TO qazyna_app;
