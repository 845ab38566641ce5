-- The ledger kernel.  PostgreSQL 15 to 18.
--
-- An entry is a document header with one or more postings; a posting is one debit side, one credit side and
-- one amount, so every entry balances by construction.  A side is a subaccount: an account with its dimensions,
-- interned.  The application role may read and may call the functions below; it has no other way to write.
--
-- Refusals carry SQLSTATE QZ001..QZ0nn, the slug as message and the facts as JSON detail (ledger/errors.py).

CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$ BEGIN  -- roles belong to the server, not to one database
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'qazyna_app') THEN
        CREATE ROLE qazyna_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database is being migrated just now
END $$;
DO $$ BEGIN
    IF NOT pg_has_role(current_user, 'qazyna_app', 'member') THEN
        EXECUTE format('GRANT qazyna_app TO %I', current_user);
    END IF;
END $$;

-- ---------------------------------------------------------------------------------------------- scope

CREATE FUNCTION ledger_readable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.reads', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION ledger_readable() IS 'Organisations whose books this transaction may read.';

CREATE FUNCTION ledger_writable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.writes', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION ledger_writable() IS 'Organisations whose books this transaction may write.';

CREATE FUNCTION ledger_refuse(p_state text, p_slug text, p_facts jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION USING ERRCODE = p_state, MESSAGE = p_slug, DETAIL = p_facts::text;
END $$;

CREATE FUNCTION ledger_require_writable(p_organisation int) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    IF p_organisation = ANY (ledger_writable()) THEN RETURN; END IF;
    PERFORM ledger_refuse('QZ004', 'foreign-organisation', jsonb_build_object('organisation', p_organisation));
END $$;

-- An older snapshot could still see a month open that has been closed since: writers read what is committed now.
CREATE FUNCTION ledger_require_writer(p_organisation int) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM ledger_refuse('QZ022', 'snapshot-too-old');
    END IF;
    PERFORM ledger_require_writable(p_organisation);
END $$;

CREATE FUNCTION ledger_require_own_kind(p_kind text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    IF p_kind IN ('ordinary', 'opening', 'closing') THEN RETURN; END IF;
    PERFORM ledger_refuse('QZ024', 'kind-not-posted', jsonb_build_object('kind', p_kind));
END $$;
COMMENT ON FUNCTION ledger_require_own_kind(text) IS 'Stornos and reversals come only from the functions that know what they cancel.';

-- ---------------------------------------------------------------------------------------------- accounts

CREATE TABLE ledger_account (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    parent_id int,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    kind text NOT NULL,
    normal_side text NOT NULL,
    postable boolean NOT NULL,
    mandatory int NOT NULL DEFAULT 0,
    permitted int NOT NULL DEFAULT 0,
    keeps_quantity boolean NOT NULL DEFAULT false,
    in_force daterange NOT NULL DEFAULT '(,)',
    source text NOT NULL DEFAULT '',
    confidence text NOT NULL,
    CONSTRAINT ledger_account_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_account_parent_fkey FOREIGN KEY (parent_id) REFERENCES ledger_account,
    CONSTRAINT ledger_account_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT ledger_account_kind_known CHECK (kind IN ('asset', 'liability', 'net_assets', 'revenue',
        'expense', 'budgetary', 'production', 'off_balance')),
    CONSTRAINT ledger_account_normal_side_known CHECK (normal_side IN ('debit', 'credit')),
    CONSTRAINT ledger_account_mandatory_is_permitted CHECK (mandatory & permitted = mandatory),
    CONSTRAINT ledger_account_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE ledger_account IS 'Chart of accounts, dated; loaded from a data package, one row an account and edition.';
COMMENT ON COLUMN ledger_account.mandatory IS 'Dimensions a subaccount must name; bits: programme 1, specific 2, source 4, counterparty 8, contract 16, item 32, project 64, person 128, currency 256.';
COMMENT ON COLUMN ledger_account.permitted IS 'Dimensions a subaccount may name; same bits.';
COMMENT ON COLUMN ledger_account.confidence IS 'How sure the package is of this row; below high it shows as not verified.';

CREATE TABLE ledger_journal (
    id smallint GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    confidence text NOT NULL,
    CONSTRAINT ledger_journal_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_journal_code_key UNIQUE (code),
    CONSTRAINT ledger_journal_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE ledger_journal IS 'Journals (memorial orders and our own); each numbers its entries by organisation and year.';

CREATE TABLE ledger_classification (
    id int GENERATED ALWAYS AS IDENTITY,
    programme text NOT NULL,
    specific text NOT NULL,
    source text NOT NULL,
    CONSTRAINT ledger_classification_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_classification_codes_key UNIQUE (programme, specific, source)
);
COMMENT ON TABLE ledger_classification IS 'Budget classification keys in use, interned; the coarse grain of period balances.';

CREATE TABLE ledger_subaccount (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    account_id int NOT NULL,
    classification_id int NOT NULL,
    counterparty text NOT NULL,
    contract text NOT NULL,
    item text NOT NULL,
    project text NOT NULL,
    person text NOT NULL,
    currency text NOT NULL,
    filled int NOT NULL,
    CONSTRAINT ledger_subaccount_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT ledger_subaccount_key UNIQUE (organisation_id, account_id, classification_id, counterparty, contract,
                                              item, project, person, currency),
    CONSTRAINT ledger_subaccount_account_fkey FOREIGN KEY (account_id) REFERENCES ledger_account,
    CONSTRAINT ledger_subaccount_classification_fkey FOREIGN KEY (classification_id) REFERENCES ledger_classification
);
COMMENT ON TABLE ledger_subaccount IS 'An account with its dimensions, interned: the side of a posting. An absent dimension is the empty text.';
COMMENT ON COLUMN ledger_subaccount.filled IS 'Bit set of the dimensions that are named; set by the table''s guard.';

-- ---------------------------------------------------------------------------------------------- periods, numbers

CREATE TABLE ledger_period (
    organisation_id int NOT NULL,
    month date NOT NULL,
    state text NOT NULL DEFAULT 'open',
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by int NOT NULL,
    CONSTRAINT ledger_period_pkey PRIMARY KEY (organisation_id, month),
    CONSTRAINT ledger_period_first_of_month CHECK (extract(day FROM month) = 1),
    CONSTRAINT ledger_period_state_known CHECK (state IN ('open', 'closed'))
) WITH (fillfactor = 70);
COMMENT ON TABLE ledger_period IS 'Months an organisation keeps books for; a month without a row is not open yet.';

CREATE TABLE ledger_number (
    organisation_id int NOT NULL,
    journal_id smallint NOT NULL,
    fiscal_year int NOT NULL,
    last_number bigint NOT NULL,
    CONSTRAINT ledger_number_pkey PRIMARY KEY (organisation_id, journal_id, fiscal_year),
    CONSTRAINT ledger_number_journal_fkey FOREIGN KEY (journal_id) REFERENCES ledger_journal
) WITH (fillfactor = 20);
COMMENT ON TABLE ledger_number IS 'Last legal number drawn, by organisation, journal and year: the row that makes numbers gapless.';

-- ---------------------------------------------------------------------------------------------- entries

CREATE SEQUENCE ledger_entry_id AS bigint CACHE 32;

CREATE TABLE ledger_command (
    organisation_id int NOT NULL,
    key uuid NOT NULL,
    content_hash bytea NOT NULL,
    entry_id bigint NOT NULL,
    fiscal_year int NOT NULL,
    action text NOT NULL,
    actor_id int NOT NULL,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_command_pkey PRIMARY KEY (organisation_id, key)
);
CREATE INDEX ledger_command_by_entry ON ledger_command (organisation_id, entry_id);
COMMENT ON TABLE ledger_command IS 'One row a posting command: its idempotency key and the head of its audit record.';
COMMENT ON COLUMN ledger_command.content_hash IS 'SHA-256 of the command; the same key with other content is refused.';
COMMENT ON COLUMN ledger_command.entry_id IS 'First entry the command made.';
COMMENT ON COLUMN ledger_command.origin IS 'Where the command came from: network address or program.';

CREATE TABLE ledger_entry (
    organisation_id int NOT NULL,
    fiscal_year int NOT NULL,
    id bigint NOT NULL,
    journal_id smallint NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    balance_kind smallint NOT NULL,
    effective_on date NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor_id int NOT NULL,
    memo text NOT NULL,
    document_number text NOT NULL DEFAULT '',
    document_on date,
    source_kind text NOT NULL,
    source_id bigint,
    source_line int,
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (organisation_id, fiscal_year, id),
    CONSTRAINT ledger_entry_number_key UNIQUE (organisation_id, fiscal_year, journal_id, number),
    CONSTRAINT ledger_entry_year_of_day CHECK (fiscal_year = extract(year FROM effective_on)),
    CONSTRAINT ledger_entry_kind_known CHECK (kind IN ('ordinary', 'opening', 'closing', 'storno', 'reversal')),
    CONSTRAINT ledger_entry_balance_kind_known CHECK (balance_kind IN (0, 1, 2))
) PARTITION BY RANGE (fiscal_year);
CREATE INDEX ledger_entry_by_day ON ledger_entry (organisation_id, effective_on, id);
COMMENT ON TABLE ledger_entry IS 'Posted journal entries; append-only, by fiscal year.';
COMMENT ON COLUMN ledger_entry.balance_kind IS 'Kind of the balances it adds to: 0 ordinary, 1 opening, 2 closing; a storno''s is that of what it cancels.';
COMMENT ON COLUMN ledger_entry.effective_on IS 'The day it counts.';
COMMENT ON COLUMN ledger_entry.recorded_at IS 'The instant it became known here.';
COMMENT ON COLUMN ledger_entry.source_kind IS 'What the entry came from (manual, import, demo …); with source_id and source_line, where to look.';

CREATE TABLE ledger_posting (
    organisation_id int NOT NULL,
    fiscal_year int NOT NULL,
    entry_id bigint NOT NULL,
    no smallint NOT NULL,
    effective_on date NOT NULL,
    debit_id int NOT NULL,
    credit_id int NOT NULL,
    amount_tiyn bigint NOT NULL,
    memo text,
    debit_quantity_milli bigint,
    credit_quantity_milli bigint,
    debit_currency_minor bigint,
    credit_currency_minor bigint,
    CONSTRAINT ledger_posting_pkey PRIMARY KEY (organisation_id, fiscal_year, entry_id, no),
    CONSTRAINT ledger_posting_amount_not_zero CHECK (amount_tiyn <> 0),
    CONSTRAINT ledger_posting_two_sides CHECK (debit_id <> credit_id)
) PARTITION BY RANGE (fiscal_year);
CREATE INDEX ledger_posting_by_debit ON ledger_posting (organisation_id, debit_id, effective_on);
CREATE INDEX ledger_posting_by_credit ON ledger_posting (organisation_id, credit_id, effective_on);
COMMENT ON TABLE ledger_posting IS 'One debit side, one credit side, one amount; append-only.';
COMMENT ON COLUMN ledger_posting.amount_tiyn IS 'Amount in tiyn; negative in a storno.';
COMMENT ON COLUMN ledger_posting.memo IS 'Text of the line where it differs from the entry''s.';
COMMENT ON COLUMN ledger_posting.debit_quantity_milli IS 'Quantity on the debit side, thousandths of the item''s unit.';
COMMENT ON COLUMN ledger_posting.debit_currency_minor IS 'Amount in the debit side''s currency, minor units.';

CREATE TABLE ledger_correction (
    organisation_id int NOT NULL,
    entry_id bigint NOT NULL,
    fiscal_year int NOT NULL,
    by_entry_id bigint NOT NULL,
    by_fiscal_year int NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT ledger_correction_pkey PRIMARY KEY (organisation_id, entry_id),
    CONSTRAINT ledger_correction_by_key UNIQUE (organisation_id, by_entry_id),
    CONSTRAINT ledger_correction_entry_fkey FOREIGN KEY (organisation_id, fiscal_year, entry_id) REFERENCES ledger_entry,
    CONSTRAINT ledger_correction_by_entry_fkey FOREIGN KEY (organisation_id, by_fiscal_year, by_entry_id) REFERENCES ledger_entry,
    CONSTRAINT ledger_correction_kind_known CHECK (kind IN ('storno', 'reversal')),
    CONSTRAINT ledger_correction_reason_given CHECK (length(btrim(reason)) >= 3)
);
COMMENT ON TABLE ledger_correction IS 'Which entry cancels which; an entry is cancelled at most once.';

-- ---------------------------------------------------------------------------------------------- period balances

CREATE TABLE ledger_balance (
    organisation_id int NOT NULL,
    subaccount_id int NOT NULL,
    month date NOT NULL,
    kind smallint NOT NULL,
    debit_tiyn bigint NOT NULL,
    credit_tiyn bigint NOT NULL,
    debit_quantity_milli bigint NOT NULL DEFAULT 0,
    credit_quantity_milli bigint NOT NULL DEFAULT 0,
    debit_currency_minor bigint NOT NULL DEFAULT 0,
    credit_currency_minor bigint NOT NULL DEFAULT 0,
    CONSTRAINT ledger_balance_pkey PRIMARY KEY (organisation_id, subaccount_id, month, kind)
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger_balance IS 'Turnovers by subaccount, month and kind; kept in the posting transaction, equal to the postings.';
COMMENT ON COLUMN ledger_balance.kind IS '0 ordinary, 1 opening balances, 2 year closing: set apart so that a closed year can still be reported.';

CREATE TABLE ledger_account_balance (
    organisation_id int NOT NULL,
    account_id int NOT NULL,
    classification_id int NOT NULL,
    month date NOT NULL,
    kind smallint NOT NULL,
    debit_tiyn bigint NOT NULL,
    credit_tiyn bigint NOT NULL,
    CONSTRAINT ledger_account_balance_pkey PRIMARY KEY (organisation_id, account_id, classification_id, month, kind)
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger_account_balance IS 'The same turnovers by account and budget classification: the coarse grain for whole trees.';

CREATE FUNCTION ledger_balance_kind(p_kind text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE p_kind WHEN 'opening' THEN 1 WHEN 'closing' THEN 2 ELSE 0 END::smallint $$;

CREATE FUNCTION ledger_month_key(p_day date) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT (extract(year FROM p_day) * 12 + extract(month FROM p_day))::int $$;
COMMENT ON FUNCTION ledger_month_key(date) IS 'Second key of the advisory lock that posting shares and closing takes alone.';

-- ---------------------------------------------------------------------------------------------- subaccounts

CREATE FUNCTION ledger_subaccount_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    a ledger_account%ROWTYPE;
    c ledger_classification%ROWTYPE;
BEGIN
    SELECT * INTO a FROM ledger_account WHERE id = NEW.account_id;
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
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT ON ledger_subaccount FOR EACH ROW EXECUTE FUNCTION ledger_subaccount_guard();

CREATE FUNCTION ledger_intern_subaccounts(
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
          JOIN ledger_classification c USING (programme, specific, source)
          JOIN ledger_subaccount s ON s.organisation_id = p_organisation AND s.classification_id = c.id
               AND (s.account_id, s.counterparty, s.contract, s.item, s.project, s.person, s.currency)
                 = (k.account_id, k.counterparty, k.contract, k.item, k.project, k.person, k.currency);
        IF coalesce(cardinality(ids), 0) = cardinality(p_account) THEN RETURN; END IF;

        -- What is new is inserted in key order, so that two writers cannot deadlock; what another writer is inserting
        -- just now is waited for, and found by the second look.
        INSERT INTO ledger_classification (programme, specific, source)
        SELECT DISTINCT k.programme, k.specific, k.source
          FROM unnest(p_programme, p_specific, p_source) AS k(programme, specific, source)
         WHERE NOT EXISTS (SELECT FROM ledger_classification c
                            WHERE (c.programme, c.specific, c.source) = (k.programme, k.specific, k.source))
         ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING;

        INSERT INTO ledger_subaccount (organisation_id, account_id, classification_id, counterparty, contract, item,
                                       project, person, currency, filled)
        SELECT DISTINCT p_organisation, k.account_id, c.id, k.counterparty, k.contract, k.item, k.project, k.person,
               k.currency, 0
          FROM unnest(p_account, p_programme, p_specific, p_source, p_counterparty, p_contract, p_item, p_project,
                      p_person, p_currency)
               AS k(account_id, programme, specific, source, counterparty, contract, item, project, person, currency)
          JOIN ledger_classification c USING (programme, specific, source)
         WHERE NOT EXISTS (SELECT FROM ledger_subaccount s
                            WHERE s.organisation_id = p_organisation AND s.classification_id = c.id
                              AND (s.account_id, s.counterparty, s.contract, s.item, s.project, s.person, s.currency)
                                = (k.account_id, k.counterparty, k.contract, k.item, k.project, k.person, k.currency))
         ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        ON CONFLICT DO NOTHING;
    END LOOP;
    RAISE EXCEPTION 'an account id is not in the chart: %', p_account;
END $$;
COMMENT ON FUNCTION ledger_intern_subaccounts IS 'Subaccounts by account and dimensions, in the order asked; made where they are new.';

-- ---------------------------------------------------------------------------------------------- refusals of a posting

CREATE TYPE ledger_fault AS (state text, slug text, facts jsonb);

CREATE FUNCTION ledger_pair_fault(p_no int, d ledger_account, p_debit_filled int, c ledger_account, p_credit_filled int, p_on date)
RETURNS ledger_fault LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
    a ledger_account;
    filled int;
    facts jsonb;
BEGIN
    FOR side IN 1..2 LOOP
        IF side = 1 THEN a := d; filled := p_debit_filled; ELSE a := c; filled := p_credit_filled; END IF;
        IF a.postable AND a.in_force @> p_on AND a.mandatory & ~filled = 0 AND filled & ~a.permitted = 0 THEN CONTINUE; END IF;
        facts := jsonb_build_object('no', p_no, 'side', CASE side WHEN 1 THEN 'debit' ELSE 'credit' END, 'account', a.code);
        IF a.id IS NULL THEN
            RETURN ROW('QZ009', 'unknown-subaccount', facts)::ledger_fault;
        ELSIF NOT a.postable THEN
            RETURN ROW('QZ005', 'account-not-postable', facts)::ledger_fault;
        ELSIF NOT a.in_force @> p_on THEN
            RETURN ROW('QZ014', 'account-not-in-force', facts || jsonb_build_object('day', p_on))::ledger_fault;
        ELSIF a.mandatory & ~filled <> 0 THEN
            RETURN ROW('QZ006', 'dimension-missing', facts || jsonb_build_object('dimensions', a.mandatory & ~filled))::ledger_fault;
        ELSE
            RETURN ROW('QZ007', 'dimension-not-permitted', facts || jsonb_build_object('dimensions', filled & ~a.permitted))::ledger_fault;
        END IF;
    END LOOP;
    IF (d.kind = 'off_balance') <> (c.kind = 'off_balance') THEN
        RETURN ROW('QZ020', 'off-balance-mixed', jsonb_build_object('no', p_no, 'account', c.code))::ledger_fault;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger_pair_fault IS 'What is wrong with a posting''s two accounts and their dimensions on a day; null when nothing is.';

CREATE FUNCTION ledger_refuse_period(p_organisation int, p_month date) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE found_state text;
BEGIN
    SELECT state INTO found_state FROM ledger_period WHERE organisation_id = p_organisation AND month = p_month;
    IF found_state IS NULL THEN
        PERFORM ledger_refuse('QZ008', 'period-not-opened', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    ELSIF found_state <> 'open' THEN
        PERFORM ledger_refuse('QZ001', 'period-closed', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    END IF;
END $$;

-- Every writer but the posting functions meets this trigger: the same refusals and the same balances, from the rows themselves.
CREATE FUNCTION ledger_posting_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    fault ledger_fault;
    m record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM ledger_refuse('QZ022', 'snapshot-too-old');
    END IF;
    FOR m IN SELECT DISTINCT organisation_id, date_trunc('month', effective_on)::date AS month FROM fresh ORDER BY 1, 2 LOOP
        PERFORM pg_advisory_xact_lock_shared(m.organisation_id, ledger_month_key(m.month));
        PERFORM ledger_refuse_period(m.organisation_id, m.month);
    END LOOP;

    SELECT f.* INTO fault
      FROM fresh n
      LEFT JOIN ledger_subaccount ds ON ds.organisation_id = n.organisation_id AND ds.id = n.debit_id
      LEFT JOIN ledger_account da ON da.id = ds.account_id
      LEFT JOIN ledger_subaccount cs ON cs.organisation_id = n.organisation_id AND cs.id = n.credit_id
      LEFT JOIN ledger_account ca ON ca.id = cs.account_id
     CROSS JOIN LATERAL ledger_pair_fault(n.no, da, ds.filled, ca, cs.filled, n.effective_on) f
     WHERE f.state IS NOT NULL
       AND NOT EXISTS (SELECT FROM ledger_entry e  -- what cancels goes by the chart of what it cancels
                        WHERE (e.organisation_id, e.fiscal_year, e.id) = (n.organisation_id, n.fiscal_year, n.entry_id)
                          AND e.kind IN ('storno', 'reversal'))
     LIMIT 1;
    IF FOUND THEN PERFORM ledger_refuse(fault.state, fault.slug, fault.facts); END IF;

    IF EXISTS (SELECT FROM fresh n LEFT JOIN ledger_entry e USING (organisation_id, fiscal_year)
                WHERE e.id = n.entry_id AND e.effective_on <> n.effective_on)
       OR EXISTS (SELECT FROM fresh n WHERE NOT EXISTS (SELECT FROM ledger_entry e
                WHERE (e.organisation_id, e.fiscal_year, e.id) = (n.organisation_id, n.fiscal_year, n.entry_id))) THEN
        PERFORM ledger_refuse('QZ013', 'unknown-entry');
    END IF;

    PERFORM ledger_add_balances(array_agg(n.organisation_id), array_agg(n.effective_on),
                                array_agg(e.balance_kind), array_agg(n.debit_id), array_agg(n.credit_id),
                                array_agg(n.amount_tiyn), array_agg(n.debit_quantity_milli),
                                array_agg(n.credit_quantity_milli), array_agg(n.debit_currency_minor),
                                array_agg(n.credit_currency_minor))
      FROM fresh n JOIN ledger_entry e
        ON (e.organisation_id, e.fiscal_year, e.id) = (n.organisation_id, n.fiscal_year, n.entry_id);
    RETURN NULL;
END $$;

CREATE VIEW ledger_side WITH (security_invoker = true) AS
    SELECT s.organisation_id, s.id, s.account_id, s.classification_id, c.programme, c.specific, c.source,
           s.counterparty, s.contract, s.item, s.project, s.person, s.currency
      FROM ledger_subaccount s JOIN ledger_classification c ON c.id = s.classification_id;
COMMENT ON VIEW ledger_side IS 'Subaccounts with all their dimensions in one row.';

CREATE FUNCTION ledger_add_balances(p_organisation int[], p_on date[], p_kind smallint[], p_debit int[], p_credit int[],
    p_amount bigint[], p_debit_quantity bigint[], p_credit_quantity bigint[], p_debit_currency bigint[], p_credit_currency bigint[])
RETURNS void LANGUAGE plpgsql AS
$$
#variable_conflict use_column
BEGIN
    WITH p AS (
        SELECT u.organisation_id, date_trunc('month', u.effective_on)::date AS month, u.kind, u.debit_id, u.credit_id,
               u.amount, u.dq, u.cq, u.dc, u.cc
          FROM unnest(p_organisation, p_on, p_kind, p_debit, p_credit, p_amount, p_debit_quantity, p_credit_quantity,
                      p_debit_currency, p_credit_currency)
               AS u(organisation_id, effective_on, kind, debit_id, credit_id, amount, dq, cq, dc, cc)
    ), turnover AS (
        SELECT organisation_id, subaccount_id, month, kind, sum(debit) AS debit, sum(credit) AS credit,
               sum(dq) AS dq, sum(cq) AS cq, sum(dc) AS dc, sum(cc) AS cc
          FROM (SELECT organisation_id, debit_id AS subaccount_id, month, kind, amount AS debit, 0 AS credit,
                       coalesce(dq, 0) AS dq, 0 AS cq, coalesce(dc, 0) AS dc, 0 AS cc FROM p
                UNION ALL
                SELECT organisation_id, credit_id, month, kind, 0, amount, 0, coalesce(cq, 0), 0, coalesce(cc, 0) FROM p) s
         GROUP BY 1, 2, 3, 4
    ), fine AS (
        INSERT INTO ledger_balance AS b
        SELECT organisation_id, subaccount_id, month, kind, debit, credit, dq, cq, dc, cc FROM turnover ORDER BY 1, 2, 3, 4
        ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn,
               debit_quantity_milli = b.debit_quantity_milli + excluded.debit_quantity_milli,
               credit_quantity_milli = b.credit_quantity_milli + excluded.credit_quantity_milli,
               debit_currency_minor = b.debit_currency_minor + excluded.debit_currency_minor,
               credit_currency_minor = b.credit_currency_minor + excluded.credit_currency_minor
    )
    INSERT INTO ledger_account_balance AS b
    SELECT t.organisation_id, s.account_id, s.classification_id, t.month, t.kind, sum(t.debit), sum(t.credit)
      FROM turnover t JOIN ledger_subaccount s ON s.organisation_id = t.organisation_id AND s.id = t.subaccount_id
     GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
       SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;
END $$;
COMMENT ON FUNCTION ledger_add_balances IS 'Adds postings to both grains of period balances, in key order.';

CREATE FUNCTION ledger_final() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM ledger_refuse('QZ002', 'posted-is-final', jsonb_build_object('table', TG_TABLE_NAME, 'action', lower(TG_OP)));
    RETURN NULL;
END $$;

CREATE TRIGGER guard AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    WHEN (coalesce(current_setting('qazyna.posting', true), '') <> 'on') EXECUTE FUNCTION ledger_posting_guard();
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_posting FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_command FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_correction FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_posting FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_command FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_correction FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();

-- ---------------------------------------------------------------------------------------------- years and months

CREATE FUNCTION ledger_ensure_year(p_year int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
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
        IF parent = 'ledger_posting' THEN
            EXECUTE format('CREATE TRIGGER guard AFTER INSERT ON %I REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT '
                           'EXECUTE FUNCTION ledger_posting_guard()', part);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION ledger_ensure_year(int) IS 'Makes the partitions of a fiscal year; no grants and no policy on them, so nobody reads a partition by its own name.';

CREATE FUNCTION ledger_open_books(p_organisation int, p_from date, p_to date, p_actor int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE made int;
BEGIN
    PERFORM ledger_require_writable(p_organisation);
    PERFORM ledger_ensure_year(y) FROM generate_series(extract(year FROM p_from)::int, extract(year FROM p_to)::int) y;
    INSERT INTO ledger_period (organisation_id, month, changed_by)
    SELECT p_organisation, m::date, p_actor
      FROM generate_series(date_trunc('month', p_from), date_trunc('month', p_to), '1 month') m
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;
COMMENT ON FUNCTION ledger_open_books IS 'Opens the months from p_from through p_to that were never opened; returns how many.';

CREATE FUNCTION ledger_set_period(p_organisation int, p_month date, p_state text, p_actor int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM ledger_require_writable(p_organisation);
    PERFORM pg_advisory_xact_lock(p_organisation, ledger_month_key(p_month));
    UPDATE ledger_period SET state = p_state, changed_at = clock_timestamp(), changed_by = p_actor
     WHERE organisation_id = p_organisation AND month = p_month;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('QZ008', 'period-not-opened', jsonb_build_object('organisation', p_organisation, 'month', p_month));
    END IF;
END $$;
COMMENT ON FUNCTION ledger_set_period IS 'Closes or reopens a month, waiting for the postings under way in it.';

-- ---------------------------------------------------------------------------------------------- posting

-- Order matters: key, month lock, checks, postings with balances, and the counter row last; nothing slow follows it.
CREATE FUNCTION ledger_record_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_balance_kind smallint, p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[], p_debit_quantity bigint[],
    p_credit_quantity bigint[], p_debit_currency bigint[], p_credit_currency bigint[],
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql AS
$$
#variable_conflict use_column
DECLARE
    v_month date := date_trunc('month', p_on);
    v_hash bytea;
    v_id bigint;
    v_year int := extract(year FROM p_on);
    v_state text;
    fault ledger_fault;
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    IF coalesce(cardinality(p_amount), 0) = 0 THEN PERFORM ledger_refuse('QZ015', 'no-postings'); END IF;
    IF cardinality(p_amount) > 32767 THEN
        PERFORM ledger_refuse('QZ025', 'too-many-postings', jsonb_build_object('found', cardinality(p_amount), 'limit', 32767));
    END IF;

    v_id := nextval('ledger_entry_id');
    INSERT INTO ledger_command (organisation_id, key, content_hash, entry_id, fiscal_year, action, actor_id, origin)
    VALUES (p_organisation, p_key, p_hash, v_id, v_year, p_kind, p_actor, p_origin)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT c.entry_id, c.fiscal_year, c.content_hash INTO entry_id, fiscal_year, v_hash
          FROM ledger_command c WHERE c.organisation_id = p_organisation AND c.key = p_key;
        IF v_hash <> p_hash THEN PERFORM ledger_refuse('QZ003', 'key-reused', jsonb_build_object('key', p_key)); END IF;
        SELECT e.number INTO number FROM ledger_entry e
         WHERE (e.organisation_id, e.fiscal_year, e.id) = (p_organisation, ledger_record_entry.fiscal_year, ledger_record_entry.entry_id);
        is_new := false;
        RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock_shared(p_organisation, ledger_month_key(p_on));
    SELECT state INTO v_state FROM ledger_period WHERE organisation_id = p_organisation AND month = v_month;
    IF v_state IS DISTINCT FROM 'open' THEN PERFORM ledger_refuse_period(p_organisation, v_month); END IF;

    SELECT f.* INTO fault
      FROM unnest(p_debit, p_credit) WITH ORDINALITY u(debit_id, credit_id, no)
      LEFT JOIN ledger_subaccount ds ON ds.organisation_id = p_organisation AND ds.id = u.debit_id
      LEFT JOIN ledger_account da ON da.id = ds.account_id
      LEFT JOIN ledger_subaccount cs ON cs.organisation_id = p_organisation AND cs.id = u.credit_id
      LEFT JOIN ledger_account ca ON ca.id = cs.account_id
     CROSS JOIN LATERAL ledger_pair_fault(u.no::int, da, ds.filled, ca, cs.filled, p_on) f
     WHERE f.state IS NOT NULL
       AND p_kind NOT IN ('storno', 'reversal')  -- what cancels goes by the chart of what it cancels
     ORDER BY u.no LIMIT 1;
    IF FOUND THEN PERFORM ledger_refuse(fault.state, fault.slug, fault.facts); END IF;

    PERFORM set_config('qazyna.posting', 'on', true);
    INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn,
                                memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor)
    SELECT p_organisation, v_year, v_id, u.no, p_on, u.debit_id, u.credit_id, u.amount, u.memo, u.dq, u.cq, u.dc, u.cc
      FROM unnest(p_debit, p_credit, p_amount, p_line_memo, p_debit_quantity, p_credit_quantity, p_debit_currency,
                  p_credit_currency) WITH ORDINALITY u(debit_id, credit_id, amount, memo, dq, cq, dc, cc, no);
    PERFORM set_config('qazyna.posting', '', true);
    PERFORM ledger_add_balances(array_fill(p_organisation, ARRAY[cardinality(p_amount)]),
                                array_fill(p_on, ARRAY[cardinality(p_amount)]),
                                array_fill(p_balance_kind, ARRAY[cardinality(p_amount)]), p_debit, p_credit, p_amount,
                                p_debit_quantity, p_credit_quantity, p_debit_currency, p_credit_currency);

    INSERT INTO ledger_number AS n (organisation_id, journal_id, fiscal_year, last_number)
    VALUES (p_organisation, p_journal, v_year, 1)
    ON CONFLICT (organisation_id, journal_id, fiscal_year) DO UPDATE SET last_number = n.last_number + 1
    RETURNING n.last_number INTO number;
    INSERT INTO ledger_entry (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on,
                              actor_id, memo, document_number, document_on, source_kind, source_id, source_line)
    VALUES (p_organisation, v_year, v_id, p_journal, number, p_kind, p_balance_kind, p_on, p_actor, p_memo, p_document_number,
            p_document_on, p_source_kind, p_source_id, p_source_line);
    entry_id := v_id;
    fiscal_year := v_year;
    is_new := true;
END $$;
COMMENT ON FUNCTION ledger_record_entry IS 'The inner door of posting, for the functions of the kernel only.';

CREATE FUNCTION ledger_post_entry(
    p_organisation int, p_key uuid, p_hash bytea, p_journal smallint, p_kind text, p_on date, p_actor int, p_origin text,
    p_memo text, p_document_number text, p_document_on date, p_source_kind text, p_source_id bigint, p_source_line int,
    p_debit int[], p_credit int[], p_amount bigint[], p_line_memo text[] DEFAULT NULL,
    p_debit_quantity bigint[] DEFAULT NULL, p_credit_quantity bigint[] DEFAULT NULL,
    p_debit_currency bigint[] DEFAULT NULL, p_credit_currency bigint[] DEFAULT NULL,
    OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS
$$ BEGIN
    PERFORM ledger_require_own_kind(p_kind);
    SELECT r.* INTO entry_id, fiscal_year, number, is_new
      FROM ledger_record_entry(p_organisation, p_key, p_hash, p_journal, p_kind, p_on, p_actor, p_origin,
                               ledger_balance_kind(p_kind), p_memo, p_document_number, p_document_on, p_source_kind,
                               p_source_id, p_source_line, p_debit, p_credit, p_amount, p_line_memo, p_debit_quantity,
                               p_credit_quantity, p_debit_currency, p_credit_currency) r;
END $$;
COMMENT ON FUNCTION ledger_post_entry IS 'Posts one entry: the same key with the same content returns the first result; a month lock, every check, postings, balances, then the legal number.';

CREATE FUNCTION ledger_storno(
    p_organisation int, p_key uuid, p_hash bytea, p_entry bigint, p_entry_year int, p_on date, p_actor int, p_origin text,
    p_reason text, OUT entry_id bigint, OUT fiscal_year int, OUT number bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    o ledger_entry%ROWTYPE;
    p record;
    by_whom ledger_correction%ROWTYPE;
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    SELECT * INTO o FROM ledger_entry e
     WHERE (e.organisation_id, e.fiscal_year, e.id) = (p_organisation, p_entry_year, p_entry);
    IF NOT FOUND THEN PERFORM ledger_refuse('QZ013', 'unknown-entry', jsonb_build_object('entry', p_entry)); END IF;
    IF o.kind IN ('storno', 'reversal') THEN
        PERFORM ledger_refuse('QZ012', 'not-correctable', jsonb_build_object('entry', p_entry, 'number', o.number));
    END IF;
    IF p_on < o.effective_on THEN
        PERFORM ledger_refuse('QZ017', 'storno-before-entry', jsonb_build_object('day', p_on, 'entry_day', o.effective_on));
    END IF;
    SELECT array_agg(debit_id ORDER BY no) AS debit, array_agg(credit_id ORDER BY no) AS credit,
           array_agg(-amount_tiyn ORDER BY no) AS amount, array_agg(memo ORDER BY no) AS memo,
           array_agg(-debit_quantity_milli ORDER BY no) AS dq, array_agg(-credit_quantity_milli ORDER BY no) AS cq,
           array_agg(-debit_currency_minor ORDER BY no) AS dc, array_agg(-credit_currency_minor ORDER BY no) AS cc
      INTO p FROM ledger_posting
     WHERE (organisation_id, fiscal_year, entry_id) = (p_organisation, p_entry_year, p_entry);
    SELECT r.* INTO entry_id, fiscal_year, number, is_new
      FROM ledger_record_entry(p_organisation, p_key, p_hash, o.journal_id, 'storno', p_on, p_actor, p_origin,
                               o.balance_kind, o.memo, o.document_number, o.document_on, 'storno', p_entry,
                               NULL, p.debit, p.credit, p.amount, p.memo, p.dq, p.cq, p.dc, p.cc) r;
    IF is_new THEN
        BEGIN
            INSERT INTO ledger_correction (organisation_id, entry_id, fiscal_year, by_entry_id, by_fiscal_year, kind, reason)
            VALUES (p_organisation, p_entry, p_entry_year, ledger_storno.entry_id, ledger_storno.fiscal_year, 'storno', p_reason);
        EXCEPTION WHEN unique_violation THEN
            SELECT * INTO by_whom FROM ledger_correction c WHERE c.organisation_id = p_organisation AND c.entry_id = p_entry;
            PERFORM ledger_refuse('QZ010', 'already-corrected',
                jsonb_build_object('number', o.number, 'by_entry', by_whom.by_entry_id));
        END;
    END IF;
END $$;
COMMENT ON FUNCTION ledger_storno IS 'Cancels an entry by the same correspondence with negative amounts; at most once, the original untouched.';

CREATE FUNCTION ledger_lock_balances(p_organisation int, p_subaccounts int[], p_months date[], p_kinds smallint[],
                                     p_cancelled bigint[], p_cancelled_in date[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM ledger_require_writer(p_organisation);
    INSERT INTO ledger_account_balance AS b
    SELECT DISTINCT p_organisation, s.account_id, s.classification_id, k.month, k.kind, 0, 0
      FROM (SELECT * FROM unnest(p_subaccounts, p_months, p_kinds) AS u(id, month, kind)
             UNION
            SELECT unnest(ARRAY[p.debit_id, p.credit_id]), c.month, e.balance_kind
              FROM unnest(p_cancelled, p_cancelled_in) AS c(entry_id, month)
              JOIN ledger_entry e ON e.organisation_id = p_organisation AND e.id = c.entry_id
              JOIN ledger_posting p ON p.organisation_id = p_organisation AND p.fiscal_year = e.fiscal_year AND p.entry_id = e.id
           ) k
      JOIN ledger_subaccount s ON s.organisation_id = p_organisation AND s.id = k.id
     ORDER BY 2, 3, 4, 5
    ON CONFLICT (organisation_id, account_id, classification_id, month, kind)
    DO UPDATE SET debit_tiyn = b.debit_tiyn WHERE false;  -- a row that is there is locked, not changed
END $$;
COMMENT ON FUNCTION ledger_lock_balances IS 'For a command that posts several entries: takes the coarse balance rows they will add to, in key order, so that two such commands cannot deadlock. Every fine row hangs under one of them.';

-- ---------------------------------------------------------------------------------------------- bulk

CREATE UNLOGGED TABLE ledger_stage (
    batch uuid NOT NULL,
    row_no int NOT NULL,
    entry_no int NOT NULL,
    no smallint NOT NULL,
    journal_id smallint NOT NULL,
    kind text NOT NULL,
    effective_on date NOT NULL,
    memo text NOT NULL,
    document_number text NOT NULL,
    document_on date,
    source_line int,
    debit_id int NOT NULL,
    credit_id int NOT NULL,
    amount_tiyn bigint NOT NULL,
    line_memo text,
    debit_quantity_milli bigint,
    credit_quantity_milli bigint,
    debit_currency_minor bigint,
    credit_currency_minor bigint,
    CONSTRAINT ledger_stage_pkey PRIMARY KEY (batch, row_no)
);
COMMENT ON TABLE ledger_stage IS 'Where bulk postings are copied to before one statement group posts them; written by all, read by none.';

CREATE FUNCTION ledger_post_batch(
    p_organisation int, p_batch uuid, p_key uuid, p_hash bytea, p_actor int, p_origin text, p_source_kind text, p_source_id bigint,
    OUT entries bigint, OUT postings bigint, OUT amount_tiyn numeric, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    v_hash bytea;
    v_ids bigint[];
    v_first_year int;
    m record;
    fault ledger_fault;
BEGIN
    PERFORM ledger_require_writer(p_organisation);
    SELECT count(*), max(entry_no), sum(s.amount_tiyn), min(extract(year FROM effective_on)) FILTER (WHERE entry_no = 1)
      INTO postings, entries, amount_tiyn, v_first_year
      FROM ledger_stage s WHERE batch = p_batch;
    IF postings = 0 THEN PERFORM ledger_refuse('QZ015', 'no-postings'); END IF;
    PERFORM ledger_require_own_kind(k) FROM (SELECT DISTINCT kind AS k FROM ledger_stage WHERE batch = p_batch) kinds;
    IF entries <> (SELECT count(DISTINCT entry_no) FROM ledger_stage WHERE batch = p_batch) THEN
        PERFORM ledger_refuse('QZ015', 'no-postings');
    ELSIF EXISTS (SELECT FROM ledger_stage WHERE batch = p_batch GROUP BY entry_no
               HAVING (min(effective_on), min(kind), min(journal_id)) <> (max(effective_on), max(kind), max(journal_id))) THEN
        PERFORM ledger_refuse('QZ023', 'entry-divided');
    END IF;
    v_ids := ARRAY(SELECT nextval('ledger_entry_id') FROM generate_series(1, entries));

    INSERT INTO ledger_command (organisation_id, key, content_hash, entry_id, fiscal_year, action, actor_id, origin)
    VALUES (p_organisation, p_key, p_hash, v_ids[1], v_first_year, 'batch', p_actor, p_origin)
    ON CONFLICT DO NOTHING;
    is_new := FOUND;
    IF NOT is_new THEN
        SELECT content_hash INTO v_hash FROM ledger_command WHERE organisation_id = p_organisation AND key = p_key;
        DELETE FROM ledger_stage WHERE batch = p_batch;
        IF v_hash <> p_hash THEN PERFORM ledger_refuse('QZ003', 'key-reused', jsonb_build_object('key', p_key)); END IF;
        RETURN;
    END IF;

    FOR m IN SELECT DISTINCT date_trunc('month', effective_on)::date AS month FROM ledger_stage WHERE batch = p_batch ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(p_organisation, ledger_month_key(m.month));
        PERFORM ledger_refuse_period(p_organisation, m.month);
    END LOOP;

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

    PERFORM set_config('qazyna.posting', 'on', true);
    INSERT INTO ledger_posting (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn, memo,
                                debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor)
    SELECT p_organisation, extract(year FROM effective_on), v_ids[entry_no], no, effective_on, debit_id, credit_id,
           s.amount_tiyn, line_memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor
      FROM ledger_stage s WHERE batch = p_batch ORDER BY entry_no, no;
    PERFORM set_config('qazyna.posting', '', true);

    WITH turnover AS (
        SELECT subaccount_id, month, kind, sum(debit) AS debit, sum(credit) AS credit, sum(dq) AS dq, sum(cq) AS cq,
               sum(dc) AS dc, sum(cc) AS cc
          FROM (SELECT debit_id AS subaccount_id, date_trunc('month', effective_on)::date AS month,
                       ledger_balance_kind(kind) AS kind, s.amount_tiyn AS debit, 0::bigint AS credit,
                       coalesce(debit_quantity_milli, 0) AS dq, 0::bigint AS cq,
                       coalesce(debit_currency_minor, 0) AS dc, 0::bigint AS cc
                  FROM ledger_stage s WHERE batch = p_batch
                UNION ALL
                SELECT credit_id, date_trunc('month', effective_on)::date, ledger_balance_kind(kind), 0, s.amount_tiyn,
                       0, coalesce(credit_quantity_milli, 0), 0, coalesce(credit_currency_minor, 0)
                  FROM ledger_stage s WHERE batch = p_batch) x
         GROUP BY 1, 2, 3
    ), fine AS (
        INSERT INTO ledger_balance AS b
        SELECT p_organisation, subaccount_id, month, kind, debit, credit, dq, cq, dc, cc FROM turnover ORDER BY 2, 3, 4
        ON CONFLICT (organisation_id, subaccount_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn,
               debit_quantity_milli = b.debit_quantity_milli + excluded.debit_quantity_milli,
               credit_quantity_milli = b.credit_quantity_milli + excluded.credit_quantity_milli,
               debit_currency_minor = b.debit_currency_minor + excluded.debit_currency_minor,
               credit_currency_minor = b.credit_currency_minor + excluded.credit_currency_minor
    )
    INSERT INTO ledger_account_balance AS b
    SELECT p_organisation, s.account_id, s.classification_id, t.month, t.kind, sum(t.debit), sum(t.credit)
      FROM turnover t JOIN ledger_subaccount s ON s.organisation_id = p_organisation AND s.id = t.subaccount_id
     GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5
    ON CONFLICT (organisation_id, account_id, classification_id, month, kind) DO UPDATE
       SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn;

    WITH heads AS (
        SELECT DISTINCT ON (entry_no) entry_no, journal_id, extract(year FROM effective_on)::int AS fiscal_year, kind,
               effective_on, memo, document_number, document_on, source_line
          FROM ledger_stage WHERE batch = p_batch ORDER BY entry_no, no
    ), drawn AS (
        INSERT INTO ledger_number AS n (organisation_id, journal_id, fiscal_year, last_number)
        SELECT p_organisation, journal_id, fiscal_year, count(*) FROM heads GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT (organisation_id, journal_id, fiscal_year) DO UPDATE SET last_number = n.last_number + excluded.last_number
        RETURNING n.journal_id, n.fiscal_year, n.last_number
    )
    INSERT INTO ledger_entry (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on,
                              actor_id, memo, document_number, document_on, source_kind, source_id, source_line)
    SELECT p_organisation, h.fiscal_year, v_ids[h.entry_no], h.journal_id,
           d.last_number - count(*) OVER w + row_number() OVER (w ORDER BY h.effective_on, h.entry_no),
           h.kind, ledger_balance_kind(h.kind), h.effective_on, p_actor, h.memo, h.document_number, h.document_on, p_source_kind, p_source_id, h.source_line
      FROM heads h JOIN drawn d USING (journal_id, fiscal_year)
    WINDOW w AS (PARTITION BY h.journal_id, h.fiscal_year);
    DELETE FROM ledger_stage WHERE batch = p_batch;
END $$;
COMMENT ON FUNCTION ledger_post_batch IS 'Posts everything staged under one batch, all or nothing, in one statement group; entry_no counts 1..n without gaps.';

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_subaccount', 'ledger_period', 'ledger_number', 'ledger_command', 'ledger_entry',
                             'ledger_posting', 'ledger_correction', 'ledger_balance', 'ledger_account_balance'] LOOP
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
GRANT USAGE ON SCHEMA public TO qazyna_app;
GRANT SELECT ON ledger_account, ledger_journal, ledger_classification, ledger_subaccount, ledger_period, ledger_number,
    ledger_command, ledger_entry, ledger_posting, ledger_correction, ledger_balance, ledger_account_balance, ledger_side
    TO qazyna_app;
GRANT INSERT ON ledger_stage TO qazyna_app;
GRANT EXECUTE ON FUNCTION ledger_readable(), ledger_writable(), ledger_intern_subaccounts, ledger_post_entry,
    ledger_storno, ledger_lock_balances, ledger_post_batch, ledger_open_books, ledger_set_period, ledger_refuse, ledger_require_writable,
    ledger_balance_kind, ledger_month_key TO qazyna_app;
