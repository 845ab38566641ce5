-- Notes on shipped formulas in three languages; views of plans renamed; a kind of version that nothing ever made is gone;
-- what was saved changes no more: cells and assumptions are written by the transaction that saves them, and no other.

ALTER TABLE economy_model
    ADD COLUMN source_kk text NOT NULL DEFAULT '',
    ADD COLUMN source_ru text NOT NULL DEFAULT '';
COMMENT ON COLUMN economy_model.source IS 'Where the text comes from and what nobody has checked, in English; empty where it was written here.';
COMMENT ON COLUMN economy_model.source_kk IS 'The same in Kazakh; empty where the package did not say it.';
COMMENT ON COLUMN economy_model.source_ru IS 'The same in Russian.';
GRANT INSERT (source_kk, source_ru) ON economy_model TO qazyna_app;

-- The one edition that was shipped without them.
ALTER TABLE economy_model DISABLE TRIGGER append_only;
UPDATE economy_model
   SET source_kk = 'Кең қолданылатын теңдеулердің өз тұжырымы; үлестер Ұлттық экономика министрлігінің әдістемесімен салыстырылмаған',
       source_ru = 'Собственная запись общеупотребительных уравнений; доли не сверены с методикой Министерства национальной экономики'
 WHERE edition = '2026-11'
   AND source = 'Own wording of equations in common use; shares not checked against a method of the Ministry of National Economy';
ALTER TABLE economy_model ENABLE TRIGGER append_only;

GRANT UPDATE (name) ON economy_layout TO qazyna_app;

ALTER TABLE economy_version
    DROP CONSTRAINT economy_version_kind_known,
    ADD CONSTRAINT economy_version_kind_known CHECK (kind IN ('base', 'draft', 'scenario', 'sandbox'));

-- ---------------------------------------------------------------------------------------------- codes of their sections

-- Rows written before are left as they are: what counted below zero is put right by an edit.
ALTER TABLE economy_leaf ADD CONSTRAINT economy_leaf_code_of_section CHECK (
    CASE section WHEN 'revenue' THEN length(economic) <> 3 OR strpos(economic, '.') > 0
                 WHEN 'expenditure' THEN length(economic) = 3 AND strpos(economic, '.') = 0
                 ELSE true END) NOT VALID;

-- ---------------------------------------------------------------------------------------------- who writes what was saved

ALTER TABLE economy_edit ADD COLUMN made_in bigint NOT NULL DEFAULT 0;
ALTER TABLE economy_edit ALTER COLUMN made_in SET DEFAULT pg_current_xact_id()::text::bigint;
COMMENT ON COLUMN economy_edit.made_in IS 'The transaction that made it: no other writes its cells. 0: before schema 0043.';
ALTER TABLE economy_scenario ADD COLUMN made_in bigint NOT NULL DEFAULT 0;
ALTER TABLE economy_scenario ALTER COLUMN made_in SET DEFAULT pg_current_xact_id()::text::bigint;
COMMENT ON COLUMN economy_scenario.made_in IS 'The transaction that saved it: no other writes its assumptions. 0: before schema 0043.';

CREATE OR REPLACE FUNCTION economy_cell_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT organisation_id, plan_id, version_id,
                                            CASE TG_OP WHEN 'INSERT' THEN edit_no ELSE until_no END AS no FROM said) c
                WHERE NOT EXISTS (SELECT FROM economy_version v
                                    JOIN economy_edit e ON e.organisation_id = v.organisation_id AND e.plan_id = v.plan_id
                                                       AND e.version_id = v.id AND e.no = v.edits
                                   WHERE v.organisation_id = c.organisation_id AND v.plan_id = c.plan_id AND v.id = c.version_id
                                     AND v.edits = c.no AND v.frozen_at IS NULL
                                     AND e.made_in = pg_current_xact_id()::text::bigint)) THEN
        RAISE EXCEPTION 'cells change only by the edit that is being made of a version that is not frozen' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' AND EXISTS (
           SELECT FROM said c JOIN economy_plan p ON p.organisation_id = c.organisation_id AND p.id = c.plan_id
             LEFT JOIN economy_leaf l ON l.organisation_id = c.organisation_id AND l.plan_id = c.plan_id AND l.id = c.leaf_id
            WHERE l.id IS NULL OR c.year NOT BETWEEN p.base_year AND p.last_year OR c.until_no <> 2147483647) THEN
        RAISE EXCEPTION 'a cell is of a leaf and of a year of its own plan' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION economy_assumption_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM said a
                 JOIN economy_scenario s ON s.organisation_id = a.organisation_id AND s.plan_id = a.plan_id
                                        AND s.version_id = a.version_id AND s.revision = a.revision
                WHERE s.made_in <> pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'assumptions are written with their revision, and never later' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION economy_assumption_guard() IS 'What a saved revision assumes changes no more.';
REVOKE ALL ON FUNCTION economy_assumption_guard() FROM PUBLIC;
CREATE TRIGGER guard AFTER INSERT ON economy_assumption REFERENCING NEW TABLE AS said FOR EACH STATEMENT EXECUTE FUNCTION economy_assumption_guard();

CREATE OR REPLACE FUNCTION economy_version_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND OLD.frozen_at IS NULL THEN
        IF NEW.edits = OLD.edits + 1 AND pg_trigger_depth() > 1
           AND to_jsonb(NEW) - '{edits,edited_at}'::text[] = to_jsonb(OLD) - '{edits,edited_at}'::text[] THEN
            RETURN NEW;
        END IF;
        IF NEW.frozen_at IS NOT NULL AND NEW.frozen_by = reference_actor()
           AND to_jsonb(NEW) - '{frozen_at,frozen_by,content_hash}'::text[] = to_jsonb(OLD) - '{frozen_at,frozen_by,content_hash}'::text[]
           AND NOT economy_edited_by(OLD.organisation_id, OLD.plan_id, OLD.id) && economy_people(OLD.organisation_id) THEN
            NEW.frozen_at := clock_timestamp();
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'version %/%/%: only an edit moves it on, and only who edited nothing of it freezes it, once',
        OLD.organisation_id, OLD.plan_id, OLD.id USING ERRCODE = 'check_violation';
END $$;

-- ---------------------------------------------------------------------------------------------- expectations

-- A slip is said anew at once: of a day the last that was said counts.
ALTER TABLE economy_expected
    DROP CONSTRAINT economy_expected_pkey,
    ADD CONSTRAINT economy_expected_pkey PRIMARY KEY (organisation_id, series, vintage, year, said_at);
COMMENT ON COLUMN economy_expected.vintage IS 'The day on which it was said; of a day the last that was said of a year counts.';
