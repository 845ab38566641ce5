-- Files that journal entries were imported from.

CREATE TABLE finance_journal_import (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    file_name text NOT NULL,
    sha256 bytea NOT NULL,
    entries int NOT NULL,
    postings int NOT NULL,
    amount_tiyn numeric(24) NOT NULL,
    actor_id int NOT NULL,
    origin text NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_journal_import_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_journal_import_file_once UNIQUE (organisation_id, sha256)
);
COMMENT ON TABLE finance_journal_import IS 'Files whose entries were posted, whole, in one batch; a file is imported once.';
COMMENT ON COLUMN finance_journal_import.amount_tiyn IS 'Sum of the amounts, tiyn.';

ALTER TABLE finance_journal_import ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_journal_import FOR SELECT USING (organisation_id = ANY ((SELECT ledger_readable())::int[]));
CREATE POLICY writes ON finance_journal_import FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
GRANT SELECT, INSERT ON finance_journal_import TO qazyna_app;
