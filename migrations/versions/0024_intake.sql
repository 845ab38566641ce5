-- Tables that people bring from elsewhere, before anything is made of them, and what their columns are known to mean.

CREATE TABLE finance_intake (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    key uuid NOT NULL,
    origin text NOT NULL,
    name text NOT NULL,
    brought jsonb NOT NULL,
    settings jsonb NOT NULL,
    mended jsonb NOT NULL DEFAULT '{}',
    version int NOT NULL DEFAULT 1,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted_at timestamptz,
    became jsonb,
    CONSTRAINT finance_intake_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_intake_key_key UNIQUE (organisation_id, owner_id, key),
    CONSTRAINT finance_intake_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT finance_intake_origin_known CHECK (origin IN ('paste', 'file')),
    CONSTRAINT finance_intake_name_short CHECK (length(name) <= 200),
    CONSTRAINT finance_intake_form CHECK (jsonb_typeof(brought) = 'array' AND jsonb_typeof(settings) = 'object' AND jsonb_typeof(mended) = 'object'),
    CONSTRAINT finance_intake_accepted CHECK ((accepted_at IS NULL) = (became IS NULL))
);
CREATE INDEX finance_intake_by_owner ON finance_intake (organisation_id, owner_id, id);
COMMENT ON TABLE finance_intake IS 'Tables that a person pasted or sent as a file: no fact before they are accepted; nobody but their owner sees them.';
COMMENT ON COLUMN finance_intake.key IS 'Idempotency key: the same table sent twice is one.';
COMMENT ON COLUMN finance_intake.brought IS 'Its sheets as they came: names, rows of cells with their numbers, which cells are one; never changed.';
COMMENT ON COLUMN finance_intake.settings IS 'How it is read: the sheet, where its heads stand, what each column means, what makes an entry.';
COMMENT ON COLUMN finance_intake.mended IS 'What the person wrote over cells, by address (B7), and rows they left out, by number (7: null).';
COMMENT ON COLUMN finance_intake.version IS 'Grows with every change; who saves names the one that they saw.';
COMMENT ON COLUMN finance_intake.became IS 'What was made of it: drafts, a job, counterparties.';

CREATE TABLE finance_intake_mapping (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    purpose text NOT NULL,
    signature bytea NOT NULL,
    name text NOT NULL,
    heads jsonb NOT NULL,
    columns jsonb NOT NULL,
    grouping text NOT NULL,
    remembered_by int NOT NULL,
    remembered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_intake_mapping_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_intake_mapping_once UNIQUE (organisation_id, purpose, signature),
    CONSTRAINT finance_intake_mapping_person_fkey FOREIGN KEY (remembered_by) REFERENCES reference_user,
    CONSTRAINT finance_intake_mapping_purpose_known CHECK (purpose IN ('entries', 'counterparties')),
    CONSTRAINT finance_intake_mapping_named CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    CONSTRAINT finance_intake_mapping_signature CHECK (octet_length(signature) = 32),
    CONSTRAINT finance_intake_mapping_form CHECK (jsonb_typeof(heads) = 'array' AND jsonb_typeof(columns) = 'array'
                                                  AND jsonb_array_length(heads) = jsonb_array_length(columns))
);
COMMENT ON TABLE finance_intake_mapping IS 'What the columns of tables with certain heads mean to an organisation: the last that somebody said; the trail keeps the earlier ones.';
COMMENT ON COLUMN finance_intake_mapping.signature IS 'SHA-256 of the heads as they are compared: tables with the same heads are read alike.';
COMMENT ON COLUMN finance_intake_mapping.heads IS 'The heads as the table wrote them.';
COMMENT ON COLUMN finance_intake_mapping.columns IS 'Under each head the field that it means; empty where it means none.';

DO $$
DECLARE own text := 'organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor())';
BEGIN
    ALTER TABLE finance_intake ENABLE ROW LEVEL SECURITY;
    CREATE POLICY reads ON finance_intake FOR SELECT
        USING (organisation_id IN (SELECT unnest(ledger_readable())) AND owner_id = (SELECT reference_actor()));
    EXECUTE format('CREATE POLICY writes ON finance_intake FOR INSERT WITH CHECK (%s)', own);
    EXECUTE format('CREATE POLICY changes ON finance_intake FOR UPDATE USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY removes ON finance_intake FOR DELETE USING (%s)', own);
END $$;

ALTER TABLE finance_intake_mapping ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_intake_mapping FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY writes ON finance_intake_mapping FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
CREATE POLICY changes ON finance_intake_mapping FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[]))
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
CREATE POLICY removes ON finance_intake_mapping FOR DELETE USING (organisation_id = ANY ((SELECT ledger_writable())::int[]));

GRANT SELECT, INSERT (organisation_id, owner_id, key, origin, name, brought, settings),
    UPDATE (settings, mended, version, updated_at, accepted_at, became), DELETE ON finance_intake TO qazyna_app;
GRANT SELECT, INSERT (organisation_id, purpose, signature, name, heads, columns, grouping, remembered_by),
    UPDATE (name, heads, columns, grouping, remembered_by, remembered_at), DELETE ON finance_intake_mapping TO qazyna_app;
