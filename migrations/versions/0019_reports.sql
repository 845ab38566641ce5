-- Reports that people keep: what they ask for, under a name; for themselves, or for all who hold a role here.

CREATE TABLE finance_report_view (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    name text NOT NULL,
    report text NOT NULL,
    query text NOT NULL,
    shared_with text,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_report_view_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_report_view_name_key UNIQUE (organisation_id, owner_id, name),
    CONSTRAINT finance_report_view_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT finance_report_view_named CHECK (length(btrim(name)) BETWEEN 1 AND 120),
    CONSTRAINT finance_report_view_short CHECK (length(report) <= 100 AND length(query) <= 2000)
);
COMMENT ON TABLE finance_report_view IS 'What somebody asks of a report, kept under a name.';
COMMENT ON COLUMN finance_report_view.report IS 'The report''s address below the organisation''s: reports/chessboard.';
COMMENT ON COLUMN finance_report_view.query IS 'What the address asks for, without what is of one moment (page, way back).';
COMMENT ON COLUMN finance_report_view.shared_with IS 'Role whose holders at the organisation see it too; null: only its owner.';

CREATE TABLE finance_report_start (
    organisation_id int NOT NULL,
    user_id int NOT NULL,
    view_id int NOT NULL,
    CONSTRAINT finance_report_start_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT finance_report_start_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT finance_report_start_view_fkey FOREIGN KEY (organisation_id, view_id) REFERENCES finance_report_view ON DELETE CASCADE
);
CREATE INDEX finance_report_start_by_view ON finance_report_start (organisation_id, view_id);
COMMENT ON TABLE finance_report_start IS 'The view that a person begins with at an organisation.';

-- Whoever reads the books keeps views of them, and changes only their own.
DO $$
DECLARE
    t text[];
    own text;
BEGIN
    FOREACH t SLICE 1 IN ARRAY ARRAY[['finance_report_view', 'owner_id'], ['finance_report_start', 'user_id']] LOOP
        own := format('organisation_id IN (SELECT unnest(ledger_readable())) AND %I = (SELECT reference_actor())', t[2]);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t[1]);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t[1]);
        EXECUTE format('CREATE POLICY keeps ON %I FOR INSERT WITH CHECK (%s)', t[1], own);
        EXECUTE format('CREATE POLICY changes ON %I FOR UPDATE USING (%s) WITH CHECK (%s)', t[1], own, own);
        EXECUTE format('CREATE POLICY removes ON %I FOR DELETE USING (%s)', t[1], own);
    END LOOP;
END $$;
GRANT SELECT, INSERT (organisation_id, owner_id, name, report, query, shared_with), UPDATE (report, query, shared_with), DELETE
    ON finance_report_view TO qazyna_app;
GRANT SELECT, INSERT, UPDATE (view_id), DELETE ON finance_report_start TO qazyna_app;
