-- Taking an institution over from another program, and the parallel run.

-- ---------------------------------------------------------------------------------------------- what is taken over

CREATE TABLE finance_takeover (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    starts_on date NOT NULL,
    source_program text NOT NULL,
    state text NOT NULL DEFAULT 'under-way',
    begun_by int NOT NULL,
    origin text NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_state_known CHECK (state IN ('under-way', 'finished', 'given-up')),
    CONSTRAINT finance_takeover_first_of_month CHECK (extract(day FROM starts_on) = 1),
    CONSTRAINT finance_takeover_named CHECK (length(btrim(source_program)) BETWEEN 1 AND 120)
);
CREATE UNIQUE INDEX finance_takeover_one_under_way ON finance_takeover (organisation_id) WHERE state = 'under-way';
COMMENT ON TABLE finance_takeover IS 'An institution that moves over from another program: its balances, its entries, and the months in which both keep its books.';
COMMENT ON COLUMN finance_takeover.starts_on IS 'First day of the books kept here; the balances taken over stand at its beginning.';
COMMENT ON COLUMN finance_takeover.source_program IS 'The program the books come from, as the accountant calls it.';

CREATE TABLE finance_takeover_file (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    first_on date,
    last_on date,
    head_row int NOT NULL,
    recognised jsonb NOT NULL,
    row_count int NOT NULL,
    amount_tiyn numeric(24) NOT NULL,
    taken_by int NOT NULL,
    origin text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_aside_by int,
    set_aside_at timestamptz,
    CONSTRAINT finance_takeover_file_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_file_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover,
    CONSTRAINT finance_takeover_file_kind_known CHECK (kind IN ('chart', 'balance', 'journal', 'counterparties')),
    CONSTRAINT finance_takeover_file_dated CHECK ((kind IN ('balance', 'journal')) = (first_on IS NOT NULL) AND (first_on IS NULL) = (last_on IS NULL) AND first_on <= last_on),
    CONSTRAINT finance_takeover_file_set_aside_by_somebody CHECK ((set_aside_at IS NULL) = (set_aside_by IS NULL)),
    CONSTRAINT finance_takeover_file_no_overlap EXCLUDE USING gist (organisation_id WITH =, takeover_id WITH =, kind WITH =, daterange(first_on, last_on, '[]') WITH &&)
        WHERE (set_aside_at IS NULL AND kind IN ('balance', 'journal'))
);
CREATE UNIQUE INDEX finance_takeover_file_once ON finance_takeover_file (organisation_id, takeover_id, kind, sha256) WHERE set_aside_at IS NULL;
COMMENT ON TABLE finance_takeover_file IS 'Files taken in: what each was recognised as. The content itself is an attachment of the takeover.';
COMMENT ON COLUMN finance_takeover_file.first_on IS 'First day of the months that the file tells of; null where it tells of none.';
COMMENT ON COLUMN finance_takeover_file.last_on IS 'Last day of them.';
COMMENT ON COLUMN finance_takeover_file.head_row IS 'Number of the row in the sheet where the headings begin.';
COMMENT ON COLUMN finance_takeover_file.recognised IS 'What each column was recognised as: {"columns": [[field, letter, heading]], "ignored": [heading]}.';
COMMENT ON COLUMN finance_takeover_file.amount_tiyn IS 'Sum of the turnovers of a trial balance on the debit side, or of the postings; 0 for the others.';
COMMENT ON COLUMN finance_takeover_file.set_aside_at IS 'When the file was put aside: its rows stay and count no more.';

CREATE TABLE finance_takeover_account (
    organisation_id int NOT NULL,
    takeover_id int NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    nature text NOT NULL,
    off_balance boolean NOT NULL,
    subconto text[] NOT NULL,
    CONSTRAINT finance_takeover_account_pkey PRIMARY KEY (organisation_id, takeover_id, code),
    CONSTRAINT finance_takeover_account_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover,
    CONSTRAINT finance_takeover_account_nature_known CHECK (nature IN ('', 'active', 'passive', 'both'))
);
COMMENT ON TABLE finance_takeover_account IS 'Accounts of the other program, as its files name them.';
COMMENT ON COLUMN finance_takeover_account.name IS 'As in the file; words of old fonts are repaired where it is shown.';
COMMENT ON COLUMN finance_takeover_account.subconto IS 'Kinds of analysis that the other program keeps the account by, in its order.';

CREATE TABLE finance_takeover_side (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    account text NOT NULL,
    subconto text[] NOT NULL,
    CONSTRAINT finance_takeover_side_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_side_once UNIQUE (organisation_id, takeover_id, account, subconto),
    CONSTRAINT finance_takeover_side_account_fkey FOREIGN KEY (organisation_id, takeover_id, account) REFERENCES finance_takeover_account
);
COMMENT ON TABLE finance_takeover_side IS 'Distinct sides of the other program: an account with values of its analysis, once each.';

CREATE TABLE finance_takeover_balance (
    organisation_id int NOT NULL,
    file_id int NOT NULL,
    row_no int NOT NULL,
    side_id int NOT NULL,
    depth smallint NOT NULL,
    counted boolean NOT NULL,
    opening_debit_tiyn bigint NOT NULL,
    opening_credit_tiyn bigint NOT NULL,
    debit_tiyn bigint NOT NULL,
    credit_tiyn bigint NOT NULL,
    closing_debit_tiyn bigint NOT NULL,
    closing_credit_tiyn bigint NOT NULL,
    opening_quantity_milli bigint,
    cells text[] NOT NULL,
    CONSTRAINT finance_takeover_balance_pkey PRIMARY KEY (organisation_id, file_id, row_no),
    CONSTRAINT finance_takeover_balance_file_fkey FOREIGN KEY (organisation_id, file_id) REFERENCES finance_takeover_file,
    CONSTRAINT finance_takeover_balance_side_fkey FOREIGN KEY (organisation_id, side_id) REFERENCES finance_takeover_side
);
CREATE INDEX finance_takeover_balance_by_side ON finance_takeover_balance (organisation_id, side_id);
COMMENT ON TABLE finance_takeover_balance IS 'Rows of trial balances of the other program; append-only.';
COMMENT ON COLUMN finance_takeover_balance.row_no IS 'Number of the row in the sheet; its place is A and this number.';
COMMENT ON COLUMN finance_takeover_balance.counted IS 'Whether no row below tells its parts: sums count only such rows.';
COMMENT ON COLUMN finance_takeover_balance.cells IS 'The row exactly as in the file.';

CREATE TABLE finance_takeover_posting (
    organisation_id int NOT NULL,
    file_id int NOT NULL,
    row_no int NOT NULL,
    document_row int NOT NULL,
    no smallint NOT NULL,
    effective_on date,
    document text NOT NULL,
    document_number text NOT NULL,
    document_on date,
    memo text NOT NULL,
    debit_side_id int,
    credit_side_id int,
    amount_tiyn bigint,
    debit_quantity_milli bigint,
    credit_quantity_milli bigint,
    debit_currency_minor bigint,
    credit_currency_minor bigint,
    fault jsonb,
    cells text[] NOT NULL,
    CONSTRAINT finance_takeover_posting_pkey PRIMARY KEY (organisation_id, file_id, row_no),
    CONSTRAINT finance_takeover_posting_file_fkey FOREIGN KEY (organisation_id, file_id) REFERENCES finance_takeover_file,
    CONSTRAINT finance_takeover_posting_debit_fkey FOREIGN KEY (organisation_id, debit_side_id) REFERENCES finance_takeover_side,
    CONSTRAINT finance_takeover_posting_credit_fkey FOREIGN KEY (organisation_id, credit_side_id) REFERENCES finance_takeover_side,
    CONSTRAINT finance_takeover_posting_read_or_faulty CHECK (fault IS NOT NULL OR effective_on IS NOT NULL AND amount_tiyn IS NOT NULL)
);
CREATE INDEX finance_takeover_posting_by_day ON finance_takeover_posting (organisation_id, file_id, effective_on);
CREATE INDEX finance_takeover_posting_by_debit ON finance_takeover_posting (organisation_id, debit_side_id);
CREATE INDEX finance_takeover_posting_by_credit ON finance_takeover_posting (organisation_id, credit_side_id);
COMMENT ON TABLE finance_takeover_posting IS 'Rows of journals of the other program, every one; append-only.';
COMMENT ON COLUMN finance_takeover_posting.document_row IS 'First row of the document it is of: rows of one document become one entry, whose source names file and row.';
COMMENT ON COLUMN finance_takeover_posting.no IS 'Its number in that entry.';
COMMENT ON COLUMN finance_takeover_posting.fault IS 'Why the row cannot be read, as {"code", "template", "fields"}; null where it can.';
COMMENT ON COLUMN finance_takeover_posting.cells IS 'The row exactly as in the file.';

CREATE TABLE finance_takeover_counterparty (
    organisation_id int NOT NULL,
    file_id int NOT NULL,
    row_no int NOT NULL,
    name text NOT NULL,
    full_name text NOT NULL,
    code text NOT NULL,
    iban text NOT NULL,
    bank text NOT NULL,
    cells text[] NOT NULL,
    CONSTRAINT finance_takeover_counterparty_pkey PRIMARY KEY (organisation_id, file_id, row_no),
    CONSTRAINT finance_takeover_counterparty_file_fkey FOREIGN KEY (organisation_id, file_id) REFERENCES finance_takeover_file
);
COMMENT ON TABLE finance_takeover_counterparty IS 'Rows of lists of counterparties of the other program; append-only.';
COMMENT ON COLUMN finance_takeover_counterparty.code IS 'BIN or IIN as written there, right or wrong; empty where there is none.';

-- ---------------------------------------------------------------------------------------------- what people decided

CREATE TABLE finance_takeover_mapping (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    account text NOT NULL,
    ours text NOT NULL,
    dimensions text[] NOT NULL,
    fixed jsonb NOT NULL,
    score smallint,
    why text NOT NULL,
    decided_by int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_mapping_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_mapping_account_fkey FOREIGN KEY (organisation_id, takeover_id, account) REFERENCES finance_takeover_account,
    CONSTRAINT finance_takeover_mapping_ours_given CHECK (ours <> ''),
    CONSTRAINT finance_takeover_mapping_score_range CHECK (score BETWEEN 0 AND 100)
);
CREATE INDEX finance_takeover_mapping_latest ON finance_takeover_mapping (organisation_id, takeover_id, account, id);
COMMENT ON TABLE finance_takeover_mapping IS 'What accounts of the other program become here, each decision by a person; append-only, the last one counts.';
COMMENT ON COLUMN finance_takeover_mapping.ours IS 'Code of our account.';
COMMENT ON COLUMN finance_takeover_mapping.dimensions IS 'By place of the analysis the dimension its values become; empty where they are not kept.';
COMMENT ON COLUMN finance_takeover_mapping.fixed IS 'Values that all of the account gets: {"programme": "464.003"}.';
COMMENT ON COLUMN finance_takeover_mapping.score IS 'How sure the suggestion was that was accepted; null where the person chose.';

CREATE TABLE finance_takeover_value (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    dimension text NOT NULL,
    said text NOT NULL,
    code text NOT NULL,
    why text NOT NULL,
    decided_by int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_value_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_value_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover,
    CONSTRAINT finance_takeover_value_dimension_known CHECK (dimension IN
        ('programme', 'specific', 'source', 'counterparty', 'contract', 'item', 'project', 'person', 'currency'))
);
CREATE INDEX finance_takeover_value_latest ON finance_takeover_value (organisation_id, takeover_id, dimension, said, id);
COMMENT ON TABLE finance_takeover_value IS 'What values of the other program''s analysis become here: a name its BIN; append-only, the last one counts.';
COMMENT ON COLUMN finance_takeover_value.said IS 'As the files write it.';
COMMENT ON COLUMN finance_takeover_value.code IS 'Code of the dimension here; empty where the decision was taken back.';

CREATE TABLE finance_takeover_word (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    decided_by int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_word_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_word_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover
);
CREATE INDEX finance_takeover_word_latest ON finance_takeover_word (organisation_id, takeover_id, before, id);
COMMENT ON TABLE finance_takeover_word IS 'Words written with letters of an old font and what they are; append-only, the last one counts.';
COMMENT ON COLUMN finance_takeover_word.after IS 'The word with its Kazakh letters; the same as before where it is to stay as it is.';

-- ---------------------------------------------------------------------------------------------- what was posted, what agrees

CREATE TABLE finance_takeover_batch (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    file_id int NOT NULL,
    kind text NOT NULL,
    month date NOT NULL,
    key uuid NOT NULL,
    entries int NOT NULL,
    postings int NOT NULL,
    amount_tiyn numeric(24) NOT NULL,
    rows_left int NOT NULL,
    actor_id int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_batch_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_batch_key UNIQUE (organisation_id, key),
    CONSTRAINT finance_takeover_batch_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover,
    CONSTRAINT finance_takeover_batch_file_fkey FOREIGN KEY (organisation_id, file_id) REFERENCES finance_takeover_file,
    CONSTRAINT finance_takeover_batch_kind_known CHECK (kind IN ('opening', 'month', 'taken-back'))
);
CREATE INDEX finance_takeover_batch_by_takeover ON finance_takeover_batch (organisation_id, takeover_id);
COMMENT ON TABLE finance_takeover_batch IS 'What a takeover posted, each time in one batch: opening balances, entries of a month; append-only.';
COMMENT ON COLUMN finance_takeover_batch.key IS 'Idempotency key of the batch in ledger_command.';
COMMENT ON COLUMN finance_takeover_batch.rows_left IS 'Rows of the file and the month that were refused and not posted.';

CREATE TABLE finance_takeover_explanation (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    file_id int NOT NULL,
    account text NOT NULL,
    codes text[] NOT NULL,
    opening_tiyn bigint NOT NULL,
    debit_tiyn bigint NOT NULL,
    credit_tiyn bigint NOT NULL,
    reason text NOT NULL,
    explained_by int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    explained_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_explanation_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_explanation_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover,
    CONSTRAINT finance_takeover_explanation_file_fkey FOREIGN KEY (organisation_id, file_id) REFERENCES finance_takeover_file,
    CONSTRAINT finance_takeover_explanation_reason_given CHECK (length(btrim(reason)) >= 3)
);
CREATE INDEX finance_takeover_explanation_by_file ON finance_takeover_explanation (organisation_id, file_id);
COMMENT ON TABLE finance_takeover_explanation IS 'Differences of the parallel run that somebody explained: they count as explained while they are the same; append-only.';
COMMENT ON COLUMN finance_takeover_explanation.account IS 'Our account, or with a question mark before it one of the other program that is mapped to none.';
COMMENT ON COLUMN finance_takeover_explanation.codes IS 'Codes of its dimensions, one a dimension in their order; empty where not told apart.';
COMMENT ON COLUMN finance_takeover_explanation.opening_tiyn IS 'The difference explained: ours less theirs.';

CREATE TABLE finance_takeover_agreement (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    takeover_id int NOT NULL,
    file_id int NOT NULL,
    sides int NOT NULL,
    turnover_tiyn numeric(24) NOT NULL,
    agreed_by int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    agreed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_takeover_agreement_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_takeover_agreement_takeover_fkey FOREIGN KEY (organisation_id, takeover_id) REFERENCES finance_takeover,
    CONSTRAINT finance_takeover_agreement_file_fkey FOREIGN KEY (organisation_id, file_id) REFERENCES finance_takeover_file
);
CREATE INDEX finance_takeover_agreement_by_file ON finance_takeover_agreement (organisation_id, file_id);
COMMENT ON TABLE finance_takeover_agreement IS 'Trial balances of the other program that ours was found equal to, by whom and when; append-only.';
COMMENT ON COLUMN finance_takeover_agreement.sides IS 'How many sides were compared.';
COMMENT ON COLUMN finance_takeover_agreement.turnover_tiyn IS 'Debit turnover compared.';

-- ---------------------------------------------------------------------------------------------- guards

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_takeover_side', 'finance_takeover_balance', 'finance_takeover_posting', 'finance_takeover_counterparty',
                             'finance_takeover_mapping', 'finance_takeover_value', 'finance_takeover_word', 'finance_takeover_batch',
                             'finance_takeover_explanation', 'finance_takeover_agreement'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['finance_takeover', 'finance_takeover_file', 'finance_takeover_account'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['finance_takeover', 'finance_takeover_file', 'finance_takeover_account', 'finance_takeover_side',
                             'finance_takeover_balance', 'finance_takeover_posting', 'finance_takeover_counterparty',
                             'finance_takeover_mapping', 'finance_takeover_value', 'finance_takeover_word', 'finance_takeover_batch',
                             'finance_takeover_explanation', 'finance_takeover_agreement'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['finance_takeover', 'finance_takeover_file', 'finance_takeover_account'] LOOP
        EXECUTE format('CREATE POLICY changes ON %I FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[])) '
                       'WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
    END LOOP;
END $$;

CREATE FUNCTION finance_takeover_ends_once() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION 'what is ended or set aside stays so: %', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
REVOKE ALL ON FUNCTION finance_takeover_ends_once FROM PUBLIC;
COMMENT ON FUNCTION finance_takeover_ends_once() IS 'A takeover that was finished or given up, and a file set aside, stay so.';
CREATE TRIGGER ends_once BEFORE UPDATE ON finance_takeover FOR EACH ROW WHEN (OLD.state <> 'under-way')
    EXECUTE FUNCTION finance_takeover_ends_once();
CREATE TRIGGER ends_once BEFORE UPDATE ON finance_takeover_file FOR EACH ROW WHEN (OLD.set_aside_at IS NOT NULL)
    EXECUTE FUNCTION finance_takeover_ends_once();

GRANT SELECT ON finance_takeover, finance_takeover_file, finance_takeover_account, finance_takeover_side, finance_takeover_balance,
    finance_takeover_posting, finance_takeover_counterparty, finance_takeover_mapping, finance_takeover_value, finance_takeover_word,
    finance_takeover_batch, finance_takeover_explanation, finance_takeover_agreement TO qazyna_app;
GRANT INSERT (organisation_id, starts_on, source_program, begun_by, origin), UPDATE (state) ON finance_takeover TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, kind, name, sha256, first_on, last_on, head_row, recognised, row_count, amount_tiyn, taken_by,
              origin), UPDATE (set_aside_by, set_aside_at) ON finance_takeover_file TO qazyna_app;
GRANT INSERT, UPDATE (name, nature, off_balance, subconto) ON finance_takeover_account TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, account, subconto) ON finance_takeover_side TO qazyna_app;
GRANT INSERT ON finance_takeover_balance, finance_takeover_posting, finance_takeover_counterparty TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, account, ours, dimensions, fixed, score, why, decided_by, on_behalf_of, origin)
    ON finance_takeover_mapping TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, dimension, said, code, why, decided_by, on_behalf_of, origin)
    ON finance_takeover_value TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, before, after, decided_by, on_behalf_of, origin) ON finance_takeover_word TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, file_id, kind, month, key, entries, postings, amount_tiyn, rows_left, actor_id, on_behalf_of,
              origin) ON finance_takeover_batch TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, file_id, account, codes, opening_tiyn, debit_tiyn, credit_tiyn, reason, explained_by,
              on_behalf_of, origin) ON finance_takeover_explanation TO qazyna_app;
GRANT INSERT (organisation_id, takeover_id, file_id, sides, turnover_tiyn, agreed_by, on_behalf_of, origin)
    ON finance_takeover_agreement TO qazyna_app;
