-- A version of a plan that leads nowhere is put away: it stays as it is, and is neither offered nor changed until it is brought back.

ALTER TABLE economy_version
    ADD COLUMN put_away_at timestamptz,
    ADD COLUMN put_away_by int,
    ADD COLUMN put_away_reason text,
    ADD CONSTRAINT economy_version_put_away_whole CHECK (num_nonnulls(put_away_at, put_away_by, put_away_reason) IN (0, 3)),
    ADD CONSTRAINT economy_version_put_away_why CHECK (length(btrim(put_away_reason)) >= 3),
    ADD CONSTRAINT economy_version_put_away_or_kept CHECK (put_away_at IS NULL OR parent_id IS NOT NULL AND frozen_at IS NULL);
COMMENT ON COLUMN economy_version.put_away_at IS 'Since when it is put away; null while it is in use.  What was once put away and brought back stands in the trail.';
COMMENT ON COLUMN economy_version.put_away_by IS 'Who put it away.';
COMMENT ON COLUMN economy_version.put_away_reason IS 'Why.';
GRANT UPDATE (put_away_at, put_away_by, put_away_reason) ON economy_version TO qazyna_app;

-- As 0030 has it; nothing begins upon what is put away.
CREATE OR REPLACE FUNCTION economy_version_begins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF (NEW.edits, NEW.author_id) IS DISTINCT FROM (0, reference_actor())
       OR num_nonnulls(NEW.frozen_at, NEW.edited_at, NEW.put_away_at) > 0
       OR NOT coalesce((SELECT NEW.parent_edits BETWEEN 0 AND p.edits FROM economy_version p
                         WHERE p.organisation_id = NEW.organisation_id AND p.plan_id = NEW.plan_id AND p.id = NEW.parent_id
                           AND p.put_away_at IS NULL
                           FOR SHARE), NEW.parent_id IS NULL) THEN
        RAISE EXCEPTION 'version %/%/% begins otherwise than as a branch of what is there', NEW.organisation_id, NEW.plan_id, NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- A version in use stands upon versions in use alone, so whoever puts one away, or brings one back, waits for who stands above it.
CREATE OR REPLACE FUNCTION economy_version_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE changed text[];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.frozen_at IS NULL THEN
        changed := ARRAY(SELECT n.key FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key) WHERE n.value <> o.value);
        IF OLD.put_away_at IS NOT NULL THEN
            IF changed <@ '{put_away_at,put_away_by,put_away_reason}' AND NEW.put_away_at IS NULL
               AND EXISTS (SELECT FROM economy_version p
                            WHERE p.organisation_id = OLD.organisation_id AND p.plan_id = OLD.plan_id AND p.id = OLD.parent_id
                              AND p.put_away_at IS NULL
                              FOR SHARE) THEN
                RETURN NEW;
            END IF;
        ELSIF changed <@ '{edits,edited_at}' THEN
            IF NEW.edits = OLD.edits + 1 AND pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
        ELSIF changed <@ '{frozen_at,frozen_by,content_hash}' THEN
            IF NEW.frozen_by = reference_actor()
               AND NOT economy_edited_by(OLD.organisation_id, OLD.plan_id, OLD.id) && economy_people(OLD.organisation_id) THEN
                NEW.frozen_at := clock_timestamp();
                RETURN NEW;
            END IF;
        ELSIF changed <@ '{put_away_at,put_away_by,put_away_reason}' THEN
            IF NEW.put_away_by = reference_actor()
               AND NOT EXISTS (SELECT FROM economy_version c
                                WHERE c.organisation_id = OLD.organisation_id AND c.plan_id = OLD.plan_id AND c.parent_id = OLD.id
                                  AND c.put_away_at IS NULL) THEN
                NEW.put_away_at := clock_timestamp();
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'version %/%/%: only an edit moves it on, only who edited nothing of it freezes it, once, and what others stand upon stays in use',
        OLD.organisation_id, OLD.plan_id, OLD.id USING ERRCODE = 'check_violation';
END $$;
