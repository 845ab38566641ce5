-- Scenarios: the paths of the drivers, and the formulas, from which a version of a plan is computed.

-- ---------------------------------------------------------------------------------------------- formulas

CREATE TABLE economy_model (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    hash bytea NOT NULL,
    name text NOT NULL,
    edition text NOT NULL,
    source text NOT NULL,
    confidence text NOT NULL,
    body text NOT NULL,
    written_by int NOT NULL DEFAULT reference_actor(),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT economy_model_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT economy_model_once UNIQUE (organisation_id, hash),
    CONSTRAINT economy_model_hash_of_body CHECK (hash = sha256(convert_to(body, 'UTF8'))),
    CONSTRAINT economy_model_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low', 'own')),
    CONSTRAINT economy_model_not_blank CHECK (length(btrim(name)) > 0 AND length(btrim(body)) > 0)
);
COMMENT ON TABLE economy_model IS 'Texts of formulas as scenarios use them: each text is kept once, under its hash; append-only.';
COMMENT ON COLUMN economy_model.hash IS 'SHA-256 of the text in UTF-8.';
COMMENT ON COLUMN economy_model.edition IS 'Edition of the data package that it came with; empty where it was written here.';
COMMENT ON COLUMN economy_model.confidence IS 'How sure the package is of it; own: written here.';

-- ---------------------------------------------------------------------------------------------- scenarios

CREATE TABLE economy_scenario (
    organisation_id int NOT NULL,
    plan_id int NOT NULL,
    version_id int NOT NULL,
    revision int NOT NULL,
    key uuid NOT NULL,
    model_id int NOT NULL,
    edit_no int,
    uncertainty jsonb NOT NULL,
    reason text NOT NULL DEFAULT '',
    saved_by int NOT NULL DEFAULT reference_actor(),
    on_behalf_of int,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT economy_scenario_pkey PRIMARY KEY (organisation_id, plan_id, version_id, revision),
    CONSTRAINT economy_scenario_key UNIQUE (organisation_id, key),
    CONSTRAINT economy_scenario_version_fkey FOREIGN KEY (organisation_id, plan_id, version_id) REFERENCES economy_version,
    CONSTRAINT economy_scenario_model_fkey FOREIGN KEY (organisation_id, model_id) REFERENCES economy_model,
    CONSTRAINT economy_scenario_edit_fkey FOREIGN KEY (organisation_id, plan_id, version_id, edit_no) REFERENCES economy_edit,
    CONSTRAINT economy_scenario_counted CHECK (revision > 0),
    CONSTRAINT economy_scenario_saved_why CHECK (revision = 1 OR length(btrim(reason)) >= 3)
);
COMMENT ON TABLE economy_scenario IS 'What a scenario is computed from, each time that it was saved: the last revision counts; append-only.';
COMMENT ON COLUMN economy_scenario.revision IS '1 is how it began: what the version above it assumes. Formulas compare with it.';
COMMENT ON COLUMN economy_scenario.key IS 'Idempotency key of the command that saved it.';
COMMENT ON COLUMN economy_scenario.edit_no IS 'The edit of the version by which the computed cells were saved; null where none changed.';
COMMENT ON COLUMN economy_scenario.uncertainty IS 'Seed of its draws with the spread and the correlation of the drivers, and the years they are measured over.';

CREATE TABLE economy_assumption (
    organisation_id int NOT NULL,
    plan_id int NOT NULL,
    version_id int NOT NULL,
    revision int NOT NULL,
    driver text NOT NULL,
    year smallint NOT NULL,
    value numeric(20, 6) NOT NULL,
    origin text NOT NULL,
    series text,
    vintage date,
    series_year smallint,
    confidence text,
    said_by int NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT economy_assumption_pkey PRIMARY KEY (organisation_id, plan_id, version_id, revision, driver, year),
    CONSTRAINT economy_assumption_scenario_fkey FOREIGN KEY (organisation_id, plan_id, version_id, revision) REFERENCES economy_scenario,
    CONSTRAINT economy_assumption_origin_known CHECK (origin IN ('published', 'carried', 'typed')),
    CONSTRAINT economy_assumption_sourced CHECK ((origin = 'typed') = (series IS NULL) AND (series IS NULL) = (vintage IS NULL)
                                                 AND (series IS NULL) = (series_year IS NULL) AND (series IS NULL) = (confidence IS NULL)),
    CONSTRAINT economy_assumption_carried CHECK (CASE origin WHEN 'published' THEN series_year = year WHEN 'carried' THEN series_year < year ELSE true END),
    CONSTRAINT economy_assumption_driver_named CHECK (driver ~ '^[a-z][a-z0-9_]{0,59}$')
);
COMMENT ON TABLE economy_assumption IS 'The value of a driver in a year, as a revision of a scenario takes it, with where it comes from; append-only.';
COMMENT ON COLUMN economy_assumption.value IS 'In the unit that the formulas declare for the driver.';
COMMENT ON COLUMN economy_assumption.origin IS 'published: of the series for that year; carried: the last published year held; typed: said by a person.';
COMMENT ON COLUMN economy_assumption.vintage IS 'Edition of the series.';
COMMENT ON COLUMN economy_assumption.series_year IS 'The year of the series from which the value was taken.';
COMMENT ON COLUMN economy_assumption.confidence IS 'How sure the published value is.';
COMMENT ON COLUMN economy_assumption.said_by IS 'Who typed it, or took it from the series.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['economy_model', 'economy_scenario', 'economy_assumption'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id = ANY ((SELECT economy_readable())::int[]))', t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT economy_writable())::int[]))', t);
    END LOOP;
END $$;
GRANT SELECT ON economy_model, economy_scenario, economy_assumption TO qazyna_app;
GRANT INSERT (organisation_id, hash, name, edition, source, confidence, body) ON economy_model TO qazyna_app;
GRANT INSERT (organisation_id, plan_id, version_id, revision, key, model_id, edit_no, uncertainty, reason, on_behalf_of)
    ON economy_scenario TO qazyna_app;
GRANT INSERT (organisation_id, plan_id, version_id, revision, driver, year, value, origin, series, vintage, series_year, confidence, said_by, said_at)
    ON economy_assumption TO qazyna_app;

-- A scenario is saved revision by revision, while its version is open.
CREATE FUNCTION economy_scenario_follows() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE v_version record;
BEGIN
    SELECT v.kind, v.frozen_at INTO v_version FROM economy_version v
     WHERE v.organisation_id = NEW.organisation_id AND v.plan_id = NEW.plan_id AND v.id = NEW.version_id;
    IF v_version.kind IS DISTINCT FROM 'scenario' OR v_version.frozen_at IS NOT NULL THEN
        RAISE EXCEPTION 'version %/%/% is no open scenario', NEW.organisation_id, NEW.plan_id, NEW.version_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.revision > 1 AND NOT EXISTS (
            SELECT FROM economy_scenario s WHERE s.organisation_id = NEW.organisation_id AND s.plan_id = NEW.plan_id
               AND s.version_id = NEW.version_id AND s.revision = NEW.revision - 1) THEN
        RAISE EXCEPTION 'revision % of scenario %/%/% follows none', NEW.revision, NEW.organisation_id, NEW.plan_id, NEW.version_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION economy_scenario_follows() IS 'Refuses a revision of a version that is frozen or no scenario, and one that follows none.';
REVOKE ALL ON FUNCTION economy_scenario_follows() FROM PUBLIC;
CREATE TRIGGER follows BEFORE INSERT ON economy_scenario FOR EACH ROW EXECUTE FUNCTION economy_scenario_follows();
