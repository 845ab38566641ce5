-- A scenario is saved by an edit of its version, of no cells where no figure moves: who freezes the version names the
-- last edit that they saw, and with it the assumptions and the formulas; who saved them alone freezes them not.

ALTER TABLE economy_edit
    DROP CONSTRAINT economy_edit_of_something,
    ADD CONSTRAINT economy_edit_counted CHECK (cells >= 0);
COMMENT ON COLUMN economy_edit.cells IS 'How many cells it changed; none where it saved a scenario whose figures did not move, or undid that.';

-- Rows written before are left as they are.
ALTER TABLE economy_scenario ADD CONSTRAINT economy_scenario_saved_by_edit CHECK (revision = 1 OR edit_no IS NOT NULL) NOT VALID;
COMMENT ON COLUMN economy_scenario.edit_no IS 'The edit of the version by which it was saved; null of the first, and before schema 0056 where no cell changed.';

-- An edit is refused in a version that is frozen or put away, so a revision is too.
CREATE OR REPLACE FUNCTION economy_scenario_follows() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE v_version record;
BEGIN
    SELECT v.kind, v.frozen_at, v.put_away_at, v.edits INTO v_version FROM economy_version v
     WHERE v.organisation_id = NEW.organisation_id AND v.plan_id = NEW.plan_id AND v.id = NEW.version_id;
    IF v_version.kind IS DISTINCT FROM 'scenario' OR num_nonnulls(v_version.frozen_at, v_version.put_away_at) > 0
       OR NEW.edit_no IS DISTINCT FROM nullif(v_version.edits, 0)
       OR NEW.revision > 1 AND NOT EXISTS (
            SELECT FROM economy_edit e WHERE e.organisation_id = NEW.organisation_id AND e.plan_id = NEW.plan_id
               AND e.version_id = NEW.version_id AND e.no = NEW.edit_no AND e.made_in = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'revision % of %/%/% is not saved by the edit that is being made of an open scenario', NEW.revision,
            NEW.organisation_id, NEW.plan_id, NEW.version_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.revision > 1 AND NOT EXISTS (
            SELECT FROM economy_scenario s WHERE s.organisation_id = NEW.organisation_id AND s.plan_id = NEW.plan_id
               AND s.version_id = NEW.version_id AND s.revision = NEW.revision - 1) THEN
        RAISE EXCEPTION 'revision % of scenario %/%/% follows none', NEW.revision, NEW.organisation_id, NEW.plan_id, NEW.version_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION economy_scenario_follows() IS 'Refuses a revision that follows none, or is not saved by the edit that is being made of an open scenario.';
