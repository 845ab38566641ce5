-- Own templates of entries, with amounts by formula; and those that fall due again and again.

CREATE TABLE finance_template (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    key uuid NOT NULL,
    name text NOT NULL,
    shared boolean NOT NULL,
    sheet jsonb NOT NULL,
    version int NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at timestamptz,
    CONSTRAINT finance_template_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_template_key_key UNIQUE (organisation_id, owner_id, key),
    CONSTRAINT finance_template_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT finance_template_named CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    CONSTRAINT finance_template_sheet_form CHECK ((jsonb_typeof(sheet -> 'rows') = 'array' AND jsonb_array_length(sheet -> 'rows') BETWEEN 1 AND 200) IS TRUE)
);
CREATE UNIQUE INDEX finance_template_one_of_a_name ON finance_template (organisation_id, owner_id, lower(btrim(name))) WHERE retired_at IS NULL;
COMMENT ON TABLE finance_template IS 'Entries to be typed again: as typed, but that amounts may be formulas; every change is in the trail.';
COMMENT ON COLUMN finance_template.key IS 'Of the command that made it: sent twice, it makes one.';
COMMENT ON COLUMN finance_template.shared IS 'Whether all who post here see and may change it, or its owner alone.';
COMMENT ON COLUMN finance_template.sheet IS 'The rows as typed; an amount that begins with = is a formula.';
COMMENT ON COLUMN finance_template.retired_at IS 'Since when it is offered no more.';

CREATE TABLE finance_recurrence (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    template_id int NOT NULL,
    owner_id int NOT NULL,
    key uuid NOT NULL,
    inputs jsonb NOT NULL,
    every text NOT NULL,
    day smallint NOT NULL,
    in_force daterange NOT NULL,
    CONSTRAINT finance_recurrence_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_recurrence_key_key UNIQUE (organisation_id, owner_id, key),
    CONSTRAINT finance_recurrence_template_fkey FOREIGN KEY (organisation_id, template_id) REFERENCES finance_template,
    CONSTRAINT finance_recurrence_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT finance_recurrence_every_known CHECK (every IN ('month', 'quarter', 'year')),
    CONSTRAINT finance_recurrence_day CHECK (day BETWEEN 1 AND 31),
    CONSTRAINT finance_recurrence_begins CHECK (NOT lower_inf(in_force) AND NOT isempty(in_force)),
    CONSTRAINT finance_recurrence_inputs_form CHECK (jsonb_typeof(inputs) = 'object')
);
CREATE INDEX finance_recurrence_by_template ON finance_recurrence (organisation_id, template_id);
COMMENT ON TABLE finance_recurrence IS 'Templates that fall due again and again, who drafts them, and what their names stand for then.';
COMMENT ON COLUMN finance_recurrence.day IS 'Of the month in which it falls due; in shorter months their last one.';
COMMENT ON COLUMN finance_recurrence.in_force IS 'Days on which it may fall due; the first due month is that of the first day.';

CREATE TABLE finance_occurrence (
    organisation_id int NOT NULL,
    recurrence_id int NOT NULL,
    due_on date NOT NULL,
    key uuid,
    reason text NOT NULL DEFAULT '',
    done_by int NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_occurrence_pkey PRIMARY KEY (organisation_id, recurrence_id, due_on),
    CONSTRAINT finance_occurrence_recurrence_fkey FOREIGN KEY (organisation_id, recurrence_id) REFERENCES finance_recurrence,
    CONSTRAINT finance_occurrence_user_fkey FOREIGN KEY (done_by) REFERENCES reference_user,
    CONSTRAINT finance_occurrence_left_out_why CHECK (key IS NOT NULL OR length(btrim(reason)) >= 3)
);
COMMENT ON TABLE finance_occurrence IS 'Due days that were drafted, or left out for a reason; append-only.';
COMMENT ON COLUMN finance_occurrence.key IS 'Of the draft, and so of the posting; null where it was left out.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON finance_occurrence FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON finance_occurrence FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- A template of one's own is seen by nobody else; what recurs is everybody's business who reads the books.
ALTER TABLE finance_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE finance_recurrence ENABLE ROW LEVEL SECURITY;
ALTER TABLE finance_occurrence ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON finance_template FOR SELECT
    USING (organisation_id IN (SELECT unnest(ledger_readable())) AND (shared OR owner_id = (SELECT reference_actor())));
CREATE POLICY writes ON finance_template FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor()));
CREATE POLICY changes ON finance_template FOR UPDATE
    USING (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND (shared OR owner_id = (SELECT reference_actor())))
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND (shared OR owner_id = (SELECT reference_actor())));
CREATE POLICY reads ON finance_recurrence FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY writes ON finance_recurrence FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND owner_id = (SELECT reference_actor()));
CREATE POLICY changes ON finance_recurrence FOR UPDATE
    USING (organisation_id = ANY ((SELECT ledger_writable())::int[])) WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
CREATE POLICY reads ON finance_occurrence FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY writes ON finance_occurrence FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND done_by = (SELECT reference_actor()));
GRANT SELECT, INSERT (organisation_id, owner_id, key, name, shared, sheet), UPDATE (name, shared, sheet, version, changed_at, retired_at)
    ON finance_template TO qazyna_app;
GRANT SELECT, INSERT (organisation_id, template_id, owner_id, key, inputs, every, day, in_force), UPDATE (in_force)
    ON finance_recurrence TO qazyna_app;
GRANT SELECT, INSERT (organisation_id, recurrence_id, due_on, key, reason, done_by) ON finance_occurrence TO qazyna_app;
