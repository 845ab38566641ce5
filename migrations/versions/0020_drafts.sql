-- Drafts of journal entries: what a person is typing, kept as typed, seen by nobody else.

CREATE TABLE finance_draft (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    key uuid NOT NULL,
    origin text NOT NULL,
    note text NOT NULL,
    sheet jsonb NOT NULL,
    version int NOT NULL DEFAULT 1,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    discarded_at timestamptz,
    CONSTRAINT finance_draft_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_draft_key_key UNIQUE (organisation_id, owner_id, key),
    CONSTRAINT finance_draft_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT finance_draft_origin_known CHECK (origin IN ('grid', 'paste', 'file', 'template', 'takeover')),
    CONSTRAINT finance_draft_note_short CHECK (length(note) <= 1000),
    CONSTRAINT finance_draft_sheet_form CHECK ((jsonb_typeof(sheet -> 'rows') = 'array' AND jsonb_array_length(sheet -> 'rows') <= 1000) IS TRUE)
);
CREATE INDEX finance_draft_by_owner ON finance_draft (organisation_id, owner_id, id);
COMMENT ON TABLE finance_draft IS 'Entries that a person is still typing: no fact, so it changes in place; nobody but its owner sees it.';
COMMENT ON COLUMN finance_draft.key IS 'Idempotency key of the posting it is meant for: ledger_command and finance_prepared lead from it to what became of the draft.';
COMMENT ON COLUMN finance_draft.origin IS 'How it began: grid, paste, file, template, takeover.';
COMMENT ON COLUMN finance_draft.note IS 'Where it comes from, in words: a file''s name, a template''s.';
COMMENT ON COLUMN finance_draft.sheet IS 'The head and the rows as they were typed, nothing of it read; what is empty is left out.';
COMMENT ON COLUMN finance_draft.version IS 'Grows with every change; who saves names the one that they saw, so that one window does not undo another''s.';
COMMENT ON COLUMN finance_draft.discarded_at IS 'When its owner threw it away; for thirty days it can be taken back.';

ALTER TABLE finance_draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_draft FOR SELECT
    USING (organisation_id IN (SELECT unnest(ledger_readable())) AND owner_id = (SELECT reference_actor()));
CREATE POLICY writes ON finance_draft FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor()));
CREATE POLICY changes ON finance_draft FOR UPDATE
    USING (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor()))
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor()));
CREATE POLICY removes ON finance_draft FOR DELETE
    USING (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor()));
GRANT SELECT, INSERT (organisation_id, owner_id, key, origin, note, sheet), UPDATE (sheet, version, updated_at, discarded_at), DELETE
    ON finance_draft TO qazyna_app;
