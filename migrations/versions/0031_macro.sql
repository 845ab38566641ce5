-- Series of drivers: what is published of them, and what an organisation expects.

CREATE TABLE reference_driver_value (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    series text NOT NULL,
    unit text NOT NULL,
    year smallint NOT NULL,
    vintage date NOT NULL,
    value numeric NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_driver_value_pkey PRIMARY KEY (id),
    CONSTRAINT reference_driver_value_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_driver_value_coded CHECK (code = series || '.' || year || '.' || vintage),
    CONSTRAINT reference_driver_value_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_driver_value IS 'Yearly values of macroeconomic series as published, loaded from a data package.';
COMMENT ON COLUMN reference_driver_value.code IS 'Series, year and vintage.';
COMMENT ON COLUMN reference_driver_value.unit IS 'As formulas write it: %, USD/bbl, bn KZT.';
COMMENT ON COLUMN reference_driver_value.vintage IS 'The day of which the value was published, or gathered where that is not known.';
GRANT SELECT ON reference_driver_value TO qazyna_app;

CREATE TABLE economy_expected (
    organisation_id int NOT NULL,
    series text NOT NULL,
    vintage date NOT NULL,
    year smallint NOT NULL,
    value numeric(20, 6) NOT NULL,
    source text NOT NULL,
    said_by int NOT NULL DEFAULT reference_actor(),
    on_behalf_of int,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT economy_expected_pkey PRIMARY KEY (organisation_id, series, vintage, year),
    CONSTRAINT economy_expected_year_near CHECK (year BETWEEN 2000 AND 2199),
    CONSTRAINT economy_expected_sourced CHECK (length(btrim(source)) >= 3)
);
COMMENT ON TABLE economy_expected IS 'What an organisation expects of a series: its own forecasts by the day on which each was made; append-only.';
COMMENT ON COLUMN economy_expected.vintage IS 'The day on which it was said; a series is said once a day.';
COMMENT ON COLUMN economy_expected.value IS 'In the unit of the published series.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON economy_expected FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON economy_expected FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();
ALTER TABLE economy_expected ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON economy_expected FOR SELECT USING (organisation_id = ANY ((SELECT economy_readable())::int[]));
CREATE POLICY writes ON economy_expected FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT economy_writable())::int[]));
GRANT SELECT ON economy_expected TO qazyna_app;
GRANT INSERT (organisation_id, series, vintage, year, value, source, on_behalf_of) ON economy_expected TO qazyna_app;
