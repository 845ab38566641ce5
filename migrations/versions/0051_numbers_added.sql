-- A list of people says how many identity numbers it added to people on record.

ALTER TABLE hr_intake
    ADD COLUMN identities int NOT NULL DEFAULT 0,
    ADD CONSTRAINT hr_intake_identities_counted CHECK (identities >= 0);
COMMENT ON COLUMN hr_intake.identities IS 'Identity numbers that its rows added to people on record; of lists accepted before this column, none is told.';
GRANT UPDATE (identities) ON hr_intake TO qazyna_app;
