-- Calendar, typical entries, recoding.

-- ---------------------------------------------------------------------------------------------- packages

ALTER TABLE reference_package
    ADD COLUMN loaded_by int NOT NULL DEFAULT 0,
    ADD COLUMN origin text NOT NULL DEFAULT '';
COMMENT ON COLUMN reference_package.loaded_by IS 'Who loaded it; 0 is the program itself.';
COMMENT ON COLUMN reference_package.origin IS 'Where the command came from: network address or program.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reference_package FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON reference_package
    FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

CREATE TABLE reference_package_offer (
    sha256 text NOT NULL,
    files jsonb NOT NULL,
    offered_by int NOT NULL,
    offered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reference_package_offer_pkey PRIMARY KEY (sha256),
    CONSTRAINT reference_package_offer_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE reference_package_offer IS 'Packages sent by an administrator whose differences are being looked at; gone when taken, or after a day.';
COMMENT ON COLUMN reference_package_offer.files IS 'The texts of package.toml and of the files it lists, by name.';
GRANT SELECT, INSERT, DELETE ON reference_package_offer TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- calendar

CREATE TABLE reference_holiday (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    moves boolean NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_holiday_pkey PRIMARY KEY (id),
    CONSTRAINT reference_holiday_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_holiday_code_form CHECK (code ~ '^[0-9]{2}-[0-9]{2}$'),
    CONSTRAINT reference_holiday_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_holiday IS 'Days free of work in every year, dated: loaded from a data package.';
COMMENT ON COLUMN reference_holiday.code IS 'Month and day, 12-16.';
COMMENT ON COLUMN reference_holiday.moves IS 'Whether the next working day is free where it falls on a day off.';

CREATE TABLE reference_calendar_day (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    kind text NOT NULL,
    instead_of text NOT NULL DEFAULT '',
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_calendar_day_pkey PRIMARY KEY (id),
    CONSTRAINT reference_calendar_day_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_calendar_day_code_form CHECK (code ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    CONSTRAINT reference_calendar_day_kind_known CHECK (kind IN ('holiday', 'day_off', 'working')),
    CONSTRAINT reference_calendar_day_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_calendar_day IS 'Single days that differ from the rule: floating holidays, days off moved by an act; loaded from a data package.';
COMMENT ON COLUMN reference_calendar_day.code IS 'The day, 2026-05-27; it counts where the row is in force on that very day.';
COMMENT ON COLUMN reference_calendar_day.kind IS 'holiday, day_off (a working day made free), working (a day off made working).';
COMMENT ON COLUMN reference_calendar_day.instead_of IS 'The day it was exchanged for; empty where there is none.';

-- ---------------------------------------------------------------------------------------------- typical entries

CREATE TABLE reference_typical_entry (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    parent_code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    debit text[] NOT NULL,
    credit text[] NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    search_text text NOT NULL GENERATED ALWAYS AS
        (base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)) STORED,
    CONSTRAINT reference_typical_entry_pkey PRIMARY KEY (id),
    CONSTRAINT reference_typical_entry_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_typical_entry_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_typical_entry IS 'Typical correspondences of accounts by the life of an institution, dated; loaded from a data package.';
COMMENT ON COLUMN reference_typical_entry.parent_code IS 'The section it stands in; empty for a section, which has no accounts.';
COMMENT ON COLUMN reference_typical_entry.debit IS 'Accounts of the debit side, any one of them; empty where single-sided.';
COMMENT ON COLUMN reference_typical_entry.credit IS 'Accounts of the credit side, any one of them; empty where single-sided.';
COMMENT ON COLUMN reference_typical_entry.search_text IS 'Code and the three names, folded for searching.';

GRANT SELECT ON reference_holiday, reference_calendar_day, reference_typical_entry TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- loading

-- A register with one row a code and interval becomes what the rows say from the edition's first day.  A row that
-- began before keeps its beginning; what is no longer there ends; a code whose p_meaning changed becomes a new row, so
-- that old documents keep the old name.  Nothing is deleted: what never counted is left an empty interval.
CREATE FUNCTION reference_apply_register(
    p_table regclass, p_kind text, p_rows jsonb, p_from date, p_meaning text[],
    OUT added text[], OUT changed text[], OUT closed text[])
LANGUAGE plpgsql AS
$$
DECLARE
    own text[] := ARRAY(SELECT attname FROM pg_attribute
                         WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
                           AND attidentity = '' AND attname <> 'parent_id' ORDER BY attnum);
    said text[] := array_remove(own, 'in_force');
    rows text := format('(SELECT * FROM jsonb_populate_recordset(NULL::%s, $1))', p_table);
    present text := 'a.in_force && daterange($2, NULL)'
        || CASE WHEN p_kind IS NULL THEN '' ELSE format(' AND a.kind = %L', p_kind) END;
    began_before text := '(lower_inf(a.in_force) OR lower(a.in_force) < $2)';
    continued text := format(
        'daterange(CASE WHEN %s THEN lower(a.in_force) ELSE lower(r.in_force) END, upper(r.in_force))', began_before);
    ended text := 'daterange(lower(a.in_force), greatest($2, lower(a.in_force)))';
    otherwise text := (SELECT format('(%s) IS DISTINCT FROM (%s)', string_agg(format('a.%I', c), ', '),
                                     string_agg(format('r.%I', c), ', ')) FROM unnest(p_meaning) c);
    superseded text[];
BEGIN
    EXECUTE format('WITH done AS (UPDATE %s a SET in_force = %s WHERE %s AND NOT EXISTS (SELECT FROM %s r WHERE r.code = a.code)
                                   RETURNING a.code) SELECT coalesce(array_agg(code), ''{}'') FROM done',
                   p_table, ended, present, rows) INTO closed USING p_rows, p_from;
    superseded := '{}';
    IF cardinality(p_meaning) > 0 THEN
        EXECUTE format('WITH done AS (UPDATE %s a SET in_force = %s FROM %s r WHERE a.code = r.code AND %s AND %s AND %s
                                       RETURNING a.code) SELECT coalesce(array_agg(code), ''{}'') FROM done',
                       p_table, ended, rows, present, began_before, otherwise) INTO superseded USING p_rows, p_from;
    END IF;
    EXECUTE format('WITH done AS (UPDATE %s a SET (%s, in_force) = ROW(%s, %s) FROM %s r
                                   WHERE a.code = r.code AND %s AND (%s, a.in_force) IS DISTINCT FROM (%s, %s)
                                   RETURNING a.code) SELECT coalesce(array_agg(code), ''{}'') FROM done',
                   p_table, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(said) c),
                   (SELECT string_agg(format('r.%I', c), ', ') FROM unnest(said) c), continued, rows, present,
                   (SELECT string_agg(format('a.%I', c), ', ') FROM unnest(said) c),
                   (SELECT string_agg(format('r.%I', c), ', ') FROM unnest(said) c), continued)
       INTO changed USING p_rows, p_from;
    EXECUTE format('WITH done AS (INSERT INTO %s (%s) SELECT %s FROM %s r
                                   WHERE NOT EXISTS (SELECT FROM %s a WHERE a.code = r.code AND %s) ORDER BY r.code
                                  RETURNING code) SELECT coalesce(array_agg(code), ''{}'') FROM done',
                   p_table, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(own) c),
                   (SELECT string_agg(format('r.%I', c), ', ') FROM unnest(own) c), rows, p_table, present)
       INTO added USING p_rows, p_from;
    changed := changed || superseded;
    added := ARRAY(SELECT code FROM unnest(added) code WHERE code <> ALL (superseded));
END $$;
COMMENT ON FUNCTION reference_apply_register IS 'One dated register becomes what the rows of a package say; returns the codes touched.';

CREATE FUNCTION reference_apply_accounts(p_rows jsonb, p_from date, OUT added text[], OUT changed text[], OUT closed text[])
LANGUAGE plpgsql AS
$$
DECLARE linked text[];
BEGIN
    SELECT * INTO added, changed, closed FROM reference_apply_register('ledger_account', NULL, p_rows, p_from, '{}');
    WITH link AS (
        SELECT r.code, p.id AS parent_id
          FROM jsonb_to_recordset(p_rows) AS r(code text, parent_code text)
          LEFT JOIN ledger_account p ON p.code = r.parent_code AND p.in_force && daterange(p_from, NULL)
    ), done AS (
        UPDATE ledger_account a SET parent_id = l.parent_id FROM link l
         WHERE a.code = l.code AND a.in_force && daterange(p_from, NULL) AND a.parent_id IS DISTINCT FROM l.parent_id
        RETURNING a.code
    )
    SELECT coalesce(array_agg(code), '{}') INTO linked FROM done;
    changed := ARRAY(SELECT code FROM unnest(changed || linked) code EXCEPT SELECT unnest(added));
END $$;
COMMENT ON FUNCTION reference_apply_accounts IS 'The chart becomes what the rows say; an account keeps its id, and so its balances.';

CREATE FUNCTION reference_apply_currencies(p_rows jsonb, p_from date, OUT added text[], OUT changed text[], OUT closed text[])
LANGUAGE sql
BEGIN ATOMIC
    WITH r AS (
        SELECT * FROM jsonb_populate_recordset(NULL::reference_currency, p_rows)
    ), gone AS (
        UPDATE reference_currency a
           SET in_force = daterange(lower(a.in_force), greatest(p_from, lower(a.in_force)))
         WHERE a.in_force && daterange(p_from, NULL) AND NOT EXISTS (SELECT FROM r WHERE r.code = a.code)
        RETURNING a.code
    ), done AS (
        INSERT INTO reference_currency AS a (code, number, minor_units, name_kk, name_ru, name_en, in_force, confidence, source)
        SELECT code, number, minor_units, name_kk, name_ru, name_en, in_force, confidence, source FROM r ORDER BY code
            ON CONFLICT (code) DO UPDATE
           SET number = excluded.number, minor_units = excluded.minor_units, name_kk = excluded.name_kk,
               name_ru = excluded.name_ru, name_en = excluded.name_en, confidence = excluded.confidence,
               source = excluded.source,
               in_force = daterange(least(lower(a.in_force), lower(excluded.in_force)), upper(excluded.in_force))
         WHERE (a.number, a.minor_units, a.name_kk, a.name_ru, a.name_en, a.confidence, a.source, upper(a.in_force))
               IS DISTINCT FROM (excluded.number, excluded.minor_units, excluded.name_kk, excluded.name_ru,
                excluded.name_en, excluded.confidence, excluded.source, upper(excluded.in_force))
        RETURNING a.code, xmax = 0 AS is_new
    )
    SELECT coalesce((SELECT array_agg(code) FROM done WHERE is_new), '{}'),
           coalesce((SELECT array_agg(code) FROM done WHERE NOT is_new), '{}'),
           coalesce((SELECT array_agg(code) FROM gone), '{}');
END;
COMMENT ON FUNCTION reference_apply_currencies IS 'The currencies become what the rows say.';

CREATE FUNCTION reference_apply_journals(p_rows jsonb, OUT added text[], OUT changed text[], OUT closed text[])
LANGUAGE sql
BEGIN ATOMIC
    WITH done AS (
        INSERT INTO ledger_journal AS a (code, name_kk, name_ru, name_en, confidence)
        SELECT r.code, r.name_kk, r.name_ru, r.name_en, r.confidence
          FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (code text, name_kk text, name_ru text, name_en text, confidence text))
               WITH ORDINALITY AS r
         ORDER BY r.ordinality
            ON CONFLICT (code) DO UPDATE
           SET name_kk = excluded.name_kk, name_ru = excluded.name_ru, name_en = excluded.name_en,
               confidence = excluded.confidence
         WHERE (a.name_kk, a.name_ru, a.name_en, a.confidence)
               IS DISTINCT FROM (excluded.name_kk, excluded.name_ru, excluded.name_en, excluded.confidence)
        RETURNING a.code, xmax = 0 AS is_new
    )
    SELECT coalesce((SELECT array_agg(code) FROM done WHERE is_new), '{}'),
           coalesce((SELECT array_agg(code) FROM done WHERE NOT is_new), '{}'), '{}'::text[];
END;
COMMENT ON FUNCTION reference_apply_journals IS 'Journals are added and renamed; a journal that numbered entries never goes away.';

CREATE FUNCTION reference_heads_all() RETURNS boolean LANGUAGE sql STABLE AS
$$
    SELECT EXISTS (SELECT FROM reference_grants_of(reference_actor(), reference_today()) g
                    WHERE g.role = 'administrator' AND reference_is_on_top(g.organisation_id, reference_today()))
$$;
COMMENT ON FUNCTION reference_heads_all() IS 'Whether who acts is an administrator of a body on top, and so may change what is everybody''s.';

CREATE FUNCTION reference_require_administrator(p_actor int) RETURNS void LANGUAGE plpgsql STABLE AS
$$ BEGIN
    IF p_actor = 0 AND 'qazyna_app' NOT IN (session_user, current_setting('role')) THEN RETURN; END IF;  -- the owner himself
    IF p_actor = reference_actor() AND reference_heads_all() THEN RETURN; END IF;
    RAISE EXCEPTION 'user % is no administrator', p_actor USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION reference_require_administrator IS 'Refuses who may not change what is everybody''s: the second witness of the policy.';

CREATE FUNCTION reference_recast_accounts(p_rows jsonb, p_from date) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT a.code
      FROM ledger_account a
      JOIN jsonb_to_recordset(p_rows) AS r(code text, kind text, normal_side text, postable boolean) USING (code)
     WHERE a.in_force && daterange(p_from, NULL)
       AND (a.kind, a.normal_side, a.postable) IS DISTINCT FROM (r.kind, r.normal_side, r.postable)
       AND EXISTS (SELECT FROM ledger_subaccount s WHERE s.account_id = a.id)
     ORDER BY a.code
$$;
COMMENT ON FUNCTION reference_recast_accounts IS 'Accounts already in use that the rows of a package would turn into something else.';

CREATE FUNCTION reference_load(p_package jsonb, p_actor int, p_origin text)
RETURNS TABLE (content text, added text[], changed text[], closed text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    v_from date := CAST(p_package ->> 'first' AS date);
    v_content text;
    v_rows jsonb;
    v_table regclass;
BEGIN
    PERFORM reference_require_administrator(p_actor);
    FOR v_content, v_rows IN SELECT key, value FROM jsonb_each(p_package -> 'contents') LOOP
        content := v_content;
        CASE
            WHEN v_content = 'accounts' THEN
                SELECT * INTO added, changed, closed FROM reference_apply_accounts(v_rows, v_from);
            WHEN v_content = 'currencies' THEN
                SELECT * INTO added, changed, closed FROM reference_apply_currencies(v_rows, v_from);
            WHEN v_content = 'journals' THEN
                SELECT * INTO added, changed, closed FROM reference_apply_journals(v_rows);
            WHEN v_content IN ('functional', 'economic', 'revenue') THEN
                SELECT * INTO added, changed, closed FROM reference_apply_register(
                    'reference_classification', v_content, v_rows, v_from,
                    '{parent_code,level,name_kk,name_ru,name_en}');
            ELSE
                v_table := CASE v_content WHEN 'holidays' THEN 'reference_holiday'::regclass
                                          WHEN 'days' THEN 'reference_calendar_day'::regclass
                                          WHEN 'typical_entries' THEN 'reference_typical_entry'::regclass END;
                SELECT * INTO added, changed, closed FROM reference_apply_register(v_table, NULL, v_rows, v_from, '{}');
        END CASE;
        RETURN NEXT;
    END LOOP;
    INSERT INTO reference_package (name, edition, title_kk, title_ru, title_en, act, in_force, contents, sha256, rows,
                                   not_verified, loaded_by, origin)
    VALUES (p_package ->> 'name', p_package ->> 'edition', p_package ->> 'title_kk', p_package ->> 'title_ru',
            p_package ->> 'title_en', p_package ->> 'act', daterange(v_from, CAST(p_package ->> 'last' AS date)),
            ARRAY(SELECT jsonb_object_keys(p_package -> 'contents')), p_package ->> 'sha256',
            CAST(p_package ->> 'rows' AS int), CAST(p_package ->> 'not_verified' AS int), p_actor, p_origin);
END $$;
COMMENT ON FUNCTION reference_load IS 'The registers that a package fills become what it says; an administrator''s act, or the owner''s.';

REVOKE ALL ON FUNCTION reference_apply_register, reference_apply_accounts, reference_apply_currencies,
    reference_apply_journals, reference_heads_all(), reference_require_administrator, reference_recast_accounts, reference_load
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reference_heads_all(), reference_recast_accounts, reference_load TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- counterparties

CREATE FUNCTION reference_iban_holds(p_iban text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_iban !~ '^KZ[0-9]{5}[0-9A-Z]{13}$' THEN false ELSE (
    SELECT CAST(string_agg(CASE WHEN sign BETWEEN '0' AND '9' THEN sign ELSE (ascii(sign) - 55)::text END, '' ORDER BY no)
                AS numeric) % 97 = 1
      FROM regexp_split_to_table(substr(p_iban, 5) || left(p_iban, 4), '') WITH ORDINALITY AS s(sign, no)) END;
COMMENT ON FUNCTION reference_iban_holds(text) IS 'Whether a text is an IBAN of Kazakhstan: KZ, check digits, bank (3), account (13), modulo 97 (ISO 13616).';

CREATE TABLE reference_individual (
    organisation_id int NOT NULL,
    code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL DEFAULT '(,)',
    version int NOT NULL DEFAULT 1,
    search_text text NOT NULL GENERATED ALWAYS AS
        (base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)) STORED,
    CONSTRAINT reference_individual_pkey PRIMARY KEY (organisation_id, code),
    CONSTRAINT reference_individual_check_digit CHECK (reference_check_digit_holds(code)),
    CONSTRAINT reference_individual_is_iin CHECK (substr(code, 5, 1) BETWEEN '0' AND '3'),
    CONSTRAINT reference_individual_named CHECK (name_ru <> '')
);
COMMENT ON TABLE reference_individual IS 'Natural persons an institution deals with, by IIN: each institution''s own, because they are personal data.';
COMMENT ON COLUMN reference_individual.organisation_id IS 'Whose register it is; 0 keeps those registered before, whom no books name: nobody sees them.';
COMMENT ON COLUMN reference_individual.version IS 'Grows with every change; who edits says which one was read.';
COMMENT ON COLUMN reference_individual.search_text IS 'IIN and the three names, folded for searching.';

INSERT INTO reference_individual (organisation_id, code, name_kk, name_ru, name_en, in_force)
SELECT DISTINCT coalesce(s.organisation_id, 0), c.code, c.name_kk, c.name_ru, c.name_en, c.in_force
  FROM reference_counterparty c LEFT JOIN ledger_subaccount s ON s.counterparty = c.code
 WHERE c.kind = 'individual';
DELETE FROM reference_counterparty WHERE kind = 'individual';
ALTER TABLE reference_counterparty
    DROP COLUMN kind,
    ADD COLUMN version int NOT NULL DEFAULT 1,
    ADD CONSTRAINT reference_counterparty_is_bin CHECK (substr(code, 5, 1) BETWEEN '4' AND '6');
COMMENT ON TABLE reference_counterparty IS 'Bodies that institutions deal with, by BIN; shared by all.';
COMMENT ON COLUMN reference_counterparty.code IS 'BIN, 12 digits; the fifth is 4 to 6.';
COMMENT ON COLUMN reference_counterparty.version IS 'Grows with every change; who edits says which one was read.';

CREATE TABLE reference_bank_account (
    organisation_id int NOT NULL,
    counterparty text NOT NULL,
    iban text NOT NULL,
    bank text NOT NULL DEFAULT '',
    in_use boolean NOT NULL DEFAULT true,
    CONSTRAINT reference_bank_account_pkey PRIMARY KEY (organisation_id, counterparty, iban),
    CONSTRAINT reference_bank_account_iban_holds CHECK (reference_iban_holds(iban)),
    CONSTRAINT reference_bank_account_check_digit CHECK (reference_check_digit_holds(counterparty))
);
COMMENT ON TABLE reference_bank_account IS 'Bank accounts of counterparties, as an institution knows them: its own, not shared.';
COMMENT ON COLUMN reference_bank_account.counterparty IS 'BIN or IIN of whose account it is.';
COMMENT ON COLUMN reference_bank_account.bank IS 'Name of the bank, as people write it; may be empty.';
COMMENT ON COLUMN reference_bank_account.in_use IS 'False once the account is no longer paid to.';

CREATE INDEX ledger_subaccount_by_counterparty ON ledger_subaccount (counterparty) WHERE counterparty <> '';
CREATE FUNCTION reference_body_used_by(p_code text) RETURNS int[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT coalesce(array_agg(organisation_id ORDER BY organisation_id), '{}')
      FROM (SELECT organisation_id FROM ledger_subaccount WHERE counterparty = p_code AND counterparty <> ''
             UNION SELECT organisation_id FROM reference_bank_account WHERE counterparty = p_code) used;
$$;
COMMENT ON FUNCTION reference_body_used_by IS 'Organisations whose books name a body, or who keep a bank account of it; no sums.';
REVOKE ALL ON FUNCTION reference_body_used_by FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reference_body_used_by TO qazyna_app;

CREATE FUNCTION reference_body_rename() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF reference_body_used_by(OLD.code) <@ coalesce(ledger_writable(), '{}') OR reference_heads_all()
       OR 'qazyna_app' NOT IN (session_user, current_setting('role')) THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'others use the body %', OLD.code USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION reference_body_rename IS 'A body that other organisations use is renamed by an administrator of a body on top: the second witness of the rule.';
REVOKE ALL ON FUNCTION reference_body_rename FROM PUBLIC;
CREATE TRIGGER rename BEFORE UPDATE OF name_kk, name_ru, name_en ON reference_counterparty
    FOR EACH ROW EXECUTE FUNCTION reference_body_rename();

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['reference_individual', 'reference_bank_account'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
        EXECUTE format('CREATE POLICY adds ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
        EXECUTE format('CREATE POLICY changes ON %I FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[]))
                        WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON reference_individual, reference_bank_account TO qazyna_app;
GRANT UPDATE (name_kk, name_ru, name_en, version) ON reference_individual TO qazyna_app;
GRANT UPDATE (bank, in_use) ON reference_bank_account TO qazyna_app;
REVOKE UPDATE ON reference_counterparty FROM qazyna_app;
GRANT UPDATE (name_kk, name_ru, name_en, version) ON reference_counterparty TO qazyna_app;
REVOKE ALL ON FUNCTION reference_iban_holds(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reference_iban_holds(text) TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- recoding

CREATE TABLE finance_recoding (
    id int GENERATED ALWAYS AS IDENTITY,
    books_of int,
    title text NOT NULL,
    effective_on date NOT NULL,
    created_by int NOT NULL,
    origin text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    CONSTRAINT finance_recoding_pkey PRIMARY KEY (id),
    CONSTRAINT finance_recoding_titled CHECK (title <> ''),
    CONSTRAINT finance_recoding_first_of_month CHECK (extract(day FROM effective_on) = 1)
);
COMMENT ON TABLE finance_recoding IS 'Mapping tables of codes with the day they take effect: a new edition of a chart or classification, or one institution''s own.';
COMMENT ON COLUMN finance_recoding.books_of IS 'The one organisation whose books it recodes; null: everybody''s.';
COMMENT ON COLUMN finance_recoding.effective_on IS 'The first day of the new codes, the first of a month: balances of the old ones are moved on it.';
COMMENT ON COLUMN finance_recoding.ended_at IS 'When the old codes of a recoding for everybody were ended; null while they are not.';

CREATE TABLE finance_recoding_line (
    recoding_id int NOT NULL,
    what text NOT NULL,
    old_code text NOT NULL,
    new_code text NOT NULL,
    CONSTRAINT finance_recoding_line_pkey PRIMARY KEY (recoding_id, what, old_code),
    CONSTRAINT finance_recoding_line_recoding_fkey FOREIGN KEY (recoding_id) REFERENCES finance_recoding,
    CONSTRAINT finance_recoding_line_what_known CHECK (what IN ('account', 'programme', 'specific', 'source', 'counterparty',
        'contract', 'item', 'project')),
    CONSTRAINT finance_recoding_line_differs CHECK (old_code <> new_code)
);
COMMENT ON TABLE finance_recoding_line IS 'One old code and what it becomes; append-only.';
COMMENT ON COLUMN finance_recoding_line.what IS 'account, or the dimension the code is a value of.';

CREATE TABLE finance_recoding_transfer (
    organisation_id int NOT NULL,
    recoding_id int NOT NULL,
    round int NOT NULL,
    key uuid NOT NULL,
    postings int NOT NULL,
    actor_id int NOT NULL,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_recoding_transfer_pkey PRIMARY KEY (organisation_id, recoding_id, round),
    CONSTRAINT finance_recoding_transfer_recoding_fkey FOREIGN KEY (recoding_id) REFERENCES finance_recoding
);
COMMENT ON TABLE finance_recoding_transfer IS 'Balances of an organisation moved to the new codes, each time there were any; append-only.';
COMMENT ON COLUMN finance_recoding_transfer.round IS 'From 1; a correction dated before the effect leaves a rest, which the next round moves.';
COMMENT ON COLUMN finance_recoding_transfer.key IS 'Idempotency key of the round, fixed by recoding, organisation and round; its entries have keys made of it.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_recoding_line', 'finance_recoding_transfer'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;

ALTER TABLE finance_recoding ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_recoding FOR SELECT
    USING (books_of IS NULL OR books_of IN (SELECT unnest(ledger_readable())));
CREATE POLICY adds ON finance_recoding FOR INSERT
    WITH CHECK (created_by = (SELECT reference_actor())
                AND (CASE WHEN books_of IS NULL THEN (SELECT reference_heads_all())
                          ELSE books_of = ANY ((SELECT ledger_writable())::int[]) END));
ALTER TABLE finance_recoding_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_recoding_line FOR SELECT USING (recoding_id IN (SELECT id FROM finance_recoding));
CREATE POLICY adds ON finance_recoding_line FOR INSERT  -- a mapping is whole from the first: none is added to later
    WITH CHECK (recoding_id IN (SELECT id FROM finance_recoding WHERE created_by = reference_actor() AND created_at >= now()));
ALTER TABLE finance_recoding_transfer ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_recoding_transfer FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY adds ON finance_recoding_transfer FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
GRANT SELECT, INSERT ON finance_recoding_line, finance_recoding_transfer TO qazyna_app;
GRANT SELECT, INSERT (books_of, title, effective_on, created_by, origin) ON finance_recoding TO qazyna_app;

CREATE FUNCTION finance_recoding_end(p_recoding int, p_actor int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE ended_accounts int; ended_codes int;
BEGIN
    PERFORM reference_require_administrator(p_actor);
    UPDATE ledger_account a SET in_force = daterange(lower(a.in_force), r.effective_on)
      FROM finance_recoding r JOIN finance_recoding_line l ON l.recoding_id = r.id AND l.what = 'account'
     WHERE r.id = p_recoding AND r.books_of IS NULL AND a.code = l.old_code AND a.in_force @> r.effective_on
       AND (lower_inf(a.in_force) OR lower(a.in_force) < r.effective_on);
    GET DIAGNOSTICS ended_accounts = ROW_COUNT;
    UPDATE reference_classification a SET in_force = daterange(lower(a.in_force), r.effective_on)
      FROM finance_recoding r JOIN finance_recoding_line l ON l.recoding_id = r.id
     WHERE r.id = p_recoding AND r.books_of IS NULL AND a.code = l.old_code AND a.in_force @> r.effective_on
       AND (a.kind, a.level) IN (('functional', 'programme'), ('economic', 'specific'))
       AND l.what = CASE a.kind WHEN 'functional' THEN 'programme' ELSE 'specific' END
       AND (lower_inf(a.in_force) OR lower(a.in_force) < r.effective_on);
    GET DIAGNOSTICS ended_codes = ROW_COUNT;
    UPDATE finance_recoding SET ended_at = clock_timestamp() WHERE id = p_recoding AND books_of IS NULL;
    RETURN ended_accounts + ended_codes;
END $$;
COMMENT ON FUNCTION finance_recoding_end IS 'Ends the old codes of a recoding for everybody on its day; returns how many.';

CREATE FUNCTION finance_recoding_progress(p_recoding int)
RETURNS TABLE (organisation_id int, unmoved bigint, rounds bigint, moved_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    WITH concerned AS (
        SELECT s.organisation_id, s.id
          FROM finance_recoding r
          JOIN finance_recoding_line l ON l.recoding_id = r.id
          JOIN ledger_side s ON l.old_code = CASE l.what
               WHEN 'account' THEN (SELECT a.code FROM ledger_account a WHERE a.id = s.account_id
                                       AND (lower_inf(a.in_force) OR lower(a.in_force) < r.effective_on))
               WHEN 'programme' THEN s.programme WHEN 'specific' THEN s.specific WHEN 'source' THEN s.source
               WHEN 'counterparty' THEN s.counterparty WHEN 'contract' THEN s.contract WHEN 'item' THEN s.item
               WHEN 'project' THEN s.project END
         WHERE r.id = p_recoding AND r.books_of IS NULL
         GROUP BY 1, 2
    ), standing AS (
        SELECT c.organisation_id, c.id
          FROM concerned c JOIN ledger_balance b ON b.organisation_id = c.organisation_id AND b.subaccount_id = c.id
         GROUP BY 1, 2
        HAVING (sum(b.debit_tiyn - b.credit_tiyn), sum(b.debit_quantity_milli - b.credit_quantity_milli),
                sum(b.debit_currency_minor - b.credit_currency_minor)) <> (0, 0, 0)
    ), moved AS (
        SELECT t.organisation_id, count(*) AS rounds, max(t.at) AS moved_at
          FROM finance_recoding_transfer t WHERE t.recoding_id = p_recoding GROUP BY 1
    )
    SELECT coalesce(s.organisation_id, m.organisation_id), coalesce(s.unmoved, 0), coalesce(m.rounds, 0), m.moved_at
      FROM (SELECT organisation_id, count(*) AS unmoved FROM standing GROUP BY 1) s
      FULL JOIN moved m ON m.organisation_id = s.organisation_id
     ORDER BY 1
$$;
COMMENT ON FUNCTION finance_recoding_progress IS 'Organisations that a recoding for everybody concerns: how many balances still stand on old codes, and when they were moved; no sums.';

REVOKE ALL ON FUNCTION finance_recoding_end, finance_recoding_progress FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finance_recoding_end, finance_recoding_progress TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- reorganisation

CREATE TABLE finance_reorganisation (
    id int GENERATED ALWAYS AS IDENTITY,
    from_id int NOT NULL,
    to_id int NOT NULL,
    effective_on date NOT NULL,
    act text NOT NULL,
    transit text NOT NULL,
    created_by int NOT NULL,
    origin text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    left_at timestamptz,
    joined_at timestamptz,
    left_rounds int NOT NULL DEFAULT 0,
    joined_rounds int NOT NULL DEFAULT 0,
    CONSTRAINT finance_reorganisation_pkey PRIMARY KEY (id),
    CONSTRAINT finance_reorganisation_from_fkey FOREIGN KEY (from_id) REFERENCES reference_organisation,
    CONSTRAINT finance_reorganisation_to_fkey FOREIGN KEY (to_id) REFERENCES reference_organisation,
    CONSTRAINT finance_reorganisation_once UNIQUE (from_id),
    CONSTRAINT finance_reorganisation_not_itself CHECK (from_id <> to_id),
    CONSTRAINT finance_reorganisation_first_of_month CHECK (extract(day FROM effective_on) = 1),
    CONSTRAINT finance_reorganisation_in_order CHECK (0 <= joined_rounds AND joined_rounds <= left_rounds
        AND (left_rounds = 0) = (left_at IS NULL) AND (joined_at IS NULL OR left_rounds > 0 AND joined_rounds = left_rounds))
);
CREATE INDEX finance_reorganisation_by_successor ON finance_reorganisation (to_id);
COMMENT ON TABLE finance_reorganisation IS 'Institutions that joined another: which, into which, on which day, by which act.  Holds no money; that state bodies are merged is public.';
COMMENT ON COLUMN finance_reorganisation.act IS 'The act that merges them, as people cite it.';
COMMENT ON COLUMN finance_reorganisation.transit IS 'Code of the account through which balances leave one book and enter the other; it stands at zero in both afterwards.';
COMMENT ON COLUMN finance_reorganisation.left_at IS 'When balances last left the books of from_id; null until then.';
COMMENT ON COLUMN finance_reorganisation.joined_at IS 'When all that left had entered the books of to_id; null until then, and again while a rest is on its way.';
COMMENT ON COLUMN finance_reorganisation.left_rounds IS 'How often balances left: a correction dated before the day leaves a rest, which goes in the next round.';
COMMENT ON COLUMN finance_reorganisation.joined_rounds IS 'How many of these rounds have entered the books of to_id.';

CREATE FUNCTION finance_reorganisation_own_step() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF (NEW.left_at, NEW.left_rounds) IS DISTINCT FROM (OLD.left_at, OLD.left_rounds) THEN
        PERFORM ledger_require_writable(NEW.from_id);
    END IF;
    IF NEW.joined_rounds <> OLD.joined_rounds THEN PERFORM ledger_require_writable(NEW.to_id); END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION finance_reorganisation_own_step FROM PUBLIC;
CREATE TRIGGER own_step BEFORE UPDATE ON finance_reorganisation
    FOR EACH ROW EXECUTE FUNCTION finance_reorganisation_own_step();

-- Which state bodies merged is public; each of the two institutions marks its own step.
ALTER TABLE finance_reorganisation ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_reorganisation FOR SELECT USING (true);
CREATE POLICY adds ON finance_reorganisation FOR INSERT WITH CHECK (from_id = ANY ((SELECT ledger_writable())::int[]));
CREATE POLICY changes ON finance_reorganisation FOR UPDATE
    USING (from_id = ANY ((SELECT ledger_writable())::int[]) OR to_id = ANY ((SELECT ledger_writable())::int[]));
GRANT SELECT, INSERT (from_id, to_id, effective_on, act, transit, created_by, origin) ON finance_reorganisation TO qazyna_app;
GRANT UPDATE (left_at, joined_at, left_rounds, joined_rounds) ON finance_reorganisation TO qazyna_app;

-- What left one book is read by the accountant of the other, who may not read the rest of it.
CREATE FUNCTION finance_reorganisation_left(p_reorganisation int)
RETURNS TABLE (account_id int, programme text, specific text, source text, counterparty text, contract text, item text,
               project text, person text, currency text, balance_tiyn bigint, quantity_milli bigint, currency_minor bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE r finance_reorganisation;
BEGIN
    SELECT * INTO r FROM finance_reorganisation WHERE id = p_reorganisation;
    PERFORM ledger_require_writable(r.to_id);
    RETURN QUERY
        SELECT s.account_id, s.programme, s.specific, s.source, s.counterparty, s.contract, s.item, s.project, s.person,
               s.currency, CASE WHEN m.was_debit THEN p.amount_tiyn ELSE -p.amount_tiyn END,
               coalesce(CASE WHEN m.was_debit THEN p.credit_quantity_milli ELSE -p.debit_quantity_milli END, 0),
               coalesce(CASE WHEN m.was_debit THEN p.credit_currency_minor ELSE -p.debit_currency_minor END, 0)
          FROM ledger_entry e
          JOIN ledger_posting p
            ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
          JOIN ledger_side d ON (d.organisation_id, d.id) = (p.organisation_id, p.debit_id)
          JOIN ledger_account da ON da.id = d.account_id
          JOIN reference_organisation o ON o.id = r.to_id
         -- the transit account may itself hold balances with others, which leave too
         CROSS JOIN LATERAL (SELECT da.code = r.transit AND d.counterparty IN ('', o.code) OR da.role = 'contra' AS was_debit) m
          JOIN ledger_side s ON (s.organisation_id, s.id)
               = (p.organisation_id, CASE WHEN m.was_debit THEN p.credit_id ELSE p.debit_id END)
         WHERE e.organisation_id = r.from_id AND e.fiscal_year = extract(year FROM r.effective_on)
           AND e.effective_on = r.effective_on AND e.source_kind = 'reorganisation' AND e.source_id = r.id
           AND e.source_line > r.joined_rounds
         ORDER BY e.id, p.no;
END $$;
COMMENT ON FUNCTION finance_reorganisation_left IS 'The balances that left the book of an institution for another''s and have not entered there yet, for who keeps the latter; debit positive.';
REVOKE ALL ON FUNCTION finance_reorganisation_left FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finance_reorganisation_left TO qazyna_app;
