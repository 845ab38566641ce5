-- A workbook of figures is kept with all its sheets, and says which of them is read.

ALTER TABLE economy_intake
    ADD COLUMN sheet int NOT NULL DEFAULT 0,
    ADD CONSTRAINT economy_intake_sheet_counted CHECK (sheet >= 0);
UPDATE economy_intake SET brought = jsonb_build_array(jsonb_build_object('name', '', 'rows', brought));
COMMENT ON COLUMN economy_intake.brought IS 'Sheets as they came: the name of each and its rows, of a row its number and the texts of its cells; never changed.';
COMMENT ON COLUMN economy_intake.sheet IS 'The place of the sheet that is read, from 0.';
GRANT INSERT (sheet), UPDATE (sheet) ON economy_intake TO qazyna_app;
