-- Recalls: what is given back by consent, and what as a correction.

ALTER TABLE hr_request_act
    ADD COLUMN consent_on date,
    ADD COLUMN consent_document text NOT NULL DEFAULT '',
    ADD COLUMN is_correction boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT hr_request_act_consent_named CHECK ((consent_on IS NOT NULL) = (length(btrim(consent_document)) >= 3)),
    ADD CONSTRAINT hr_request_act_of_recall
        CHECK (act IN ('recalled', 'cancelled') OR consent_on IS NULL AND consent_document = '' AND NOT is_correction);
COMMENT ON COLUMN hr_request_act.consent_on IS 'Of a recall: the day on which the person agreed in writing; null where no consent was given.';
COMMENT ON COLUMN hr_request_act.consent_document IS 'By what paper they did; empty in recalls recorded before it was asked for.';
COMMENT ON COLUMN hr_request_act.is_correction IS 'Of a recall: whether days that were over are given back, because they were not taken.';

-- Labour Code (RK), art. 95: leave is recalled by written consent alone, that of minors not at all.  Days that are over, and days
-- on which the person does not serve, call nobody back.
CREATE FUNCTION hr_recall_terms(p_organisation int, p_request int, p_back daterange, OUT needs_consent boolean, OUT too_young boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE r hr_request%ROWTYPE;
BEGIN
    SELECT * INTO r FROM hr_request
     WHERE organisation_id = p_organisation AND id = p_request AND organisation_id = ANY (hr_deciding() || hr_writable());
    needs_consent := coalesce(r.kind = 'leave', false) AND EXISTS (
        SELECT FROM hr_service s
         WHERE s.organisation_id = r.organisation_id AND s.person_id = r.person_id AND s.valid && p_back * daterange(reference_today(), NULL));
    too_young := needs_consent AND EXISTS (
        SELECT FROM hr_person_fact f JOIN reference_leave_rule l ON l.code = 'recall_from_age' AND l.in_force @> lower(p_back)
         WHERE f.person_id = r.person_id AND f.superseded_xid IS NULL AND f.birth_on + make_interval(years => l.value) > lower(p_back));
END $$;
COMMENT ON FUNCTION hr_recall_terms IS 'Whether days of a request are given back by written consent alone, and whether not even so, because of the age of the person.';

-- The one place that moves a request on, and the line of days with it.
CREATE OR REPLACE FUNCTION hr_request_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    r hr_request%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'submitted' THEN '{draft, submitted, returned}' WHEN 'withdrawn' THEN '{submitted, returned}'
                     WHEN 'recalled' THEN '{approved, recalled}' WHEN 'cancelled' THEN '{approved, recalled}' ELSE '{submitted}' END;
    v_decides boolean;
    v_own boolean;
    v_back daterange;
    v_needs_consent boolean;
    v_too_young boolean;
BEGIN
    SELECT * INTO r FROM hr_request WHERE organisation_id = NEW.organisation_id AND id = NEW.request_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM r.version + 1 OR NOT r.state = ANY (v_from) THEN
        RAISE EXCEPTION 'request %/% is % after act %: it cannot be % by act %', NEW.organisation_id, NEW.request_id, r.state, r.version,
            NEW.act, NEW.version USING ERRCODE = 'check_violation';
    END IF;
    NEW.actor_id := reference_actor();
    NEW.at := clock_timestamp();
    IF NEW.act IN ('submitted', 'withdrawn') THEN
        NEW.on_behalf_of := ledger_on_behalf_of();
        NEW.lenders := coalesce(hr_request_lenders(NEW.actor_id, NEW.organisation_id, NEW.on_behalf_of), '{}');
    ELSE
        SELECT h.decides, h.is_own, h.on_behalf_of, h.lenders INTO v_decides, v_own, NEW.on_behalf_of, NEW.lenders
          FROM hr_request_hand(NEW.organisation_id, NEW.request_id) h;
        IF v_own OR NOT v_decides THEN
            RAISE EXCEPTION 'request %/% is not for user % to decide on', NEW.organisation_id, NEW.request_id, NEW.actor_id
                USING ERRCODE = 'insufficient_privilege', HINT = 'nobody decides on what they asked for, nor stands for who did';
        END IF;
    END IF;
    IF NEW.act IN ('recalled', 'cancelled') THEN
        v_back := CASE NEW.act WHEN 'cancelled' THEN r.days ELSE daterange(upper(NEW.days), upper(r.days)) END;
        SELECT t.needs_consent, t.too_young INTO v_needs_consent, v_too_young
          FROM hr_recall_terms(NEW.organisation_id, NEW.request_id, v_back) t;
        NEW.has_consent := NEW.consent_on IS NOT NULL;
        IF v_too_young OR v_needs_consent AND NOT NEW.has_consent OR NEW.consent_on > reference_today() THEN
            RAISE EXCEPTION 'request %/%: days from % on are not given back without written consent', NEW.organisation_id, NEW.request_id,
                lower(v_back) USING ERRCODE = 'check_violation';
        END IF;
        IF lower(v_back) < reference_today() AND NOT NEW.is_correction THEN
            RAISE EXCEPTION 'request %/%: % is over: it is given back as a correction alone', NEW.organisation_id, NEW.request_id, lower(v_back)
                USING ERRCODE = 'check_violation';
        END IF;
        NEW.is_correction := lower(v_back) < reference_today();
    END IF;
    IF NEW.act = 'approved' THEN
        NEW.days := r.days;
        INSERT INTO hr_absence (organisation_id, request_id, person_id, kind, days)
        VALUES (r.organisation_id, r.id, r.person_id, r.kind, r.days);
    ELSIF NEW.act = 'recalled' THEN
        IF (lower(NEW.days) = lower(r.days) AND NEW.days <@ r.days AND NEW.days <> r.days AND NOT isempty(NEW.days)) IS NOT TRUE THEN
            RAISE EXCEPTION 'request %/%: % is not what is left of % after a recall', NEW.organisation_id, NEW.request_id, NEW.days, r.days
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE hr_absence SET days = NEW.days WHERE organisation_id = r.organisation_id AND request_id = r.id;
    ELSIF NEW.act = 'cancelled' THEN
        DELETE FROM hr_absence WHERE organisation_id = r.organisation_id AND request_id = r.id;
    END IF;
    UPDATE hr_request
       SET state = NEW.act, version = NEW.version,
           days = CASE WHEN NEW.act IN ('submitted', 'recalled') THEN NEW.days ELSE days END,
           approver_id = CASE NEW.act WHEN 'submitted' THEN NEW.approver_id ELSE approver_id END,
           facts = CASE NEW.act WHEN 'submitted' THEN NEW.facts ELSE facts END
     WHERE organisation_id = NEW.organisation_id AND id = NEW.request_id;
    RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION hr_recall_terms FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_recall_terms TO qazyna_app;
REVOKE INSERT (has_consent) ON hr_request_act FROM qazyna_app;
GRANT INSERT (consent_on, consent_document, is_correction) ON hr_request_act TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- the ledger of leave

-- Nobody moves their own days but with everybody's, and nobody in another's name.
DROP POLICY keeps ON hr_leave_movement;
CREATE POLICY keeps ON hr_leave_movement FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable())::int[]) AND act <> 'use' AND actor_id = (SELECT reference_actor())
                AND (key IS NULL AND act IN ('grant', 'give-back') OR person_id IS DISTINCT FROM (SELECT hr_self())));
DROP POLICY decides ON hr_leave_movement;
CREATE POLICY decides ON hr_leave_movement FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_deciding())::int[]) AND act IN ('use', 'give-back')
                AND actor_id = (SELECT reference_actor()));

CREATE FUNCTION hr_leave_was_used() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM hr_request r
                WHERE r.organisation_id = NEW.organisation_id AND r.id = NEW.request_id AND r.kind = 'leave' AND r.facts->>'draws' = 'true')
       AND NOT EXISTS (SELECT FROM hr_leave_movement m
                        WHERE m.organisation_id = NEW.organisation_id AND m.request_id = NEW.request_id AND m.act = 'use') THEN
        RAISE EXCEPTION 'leave %/% is approved and uses no days', NEW.organisation_id, NEW.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_leave_was_used() IS 'A leave that draws on working years is approved together with what it uses.';
CREATE CONSTRAINT TRIGGER was_used AFTER INSERT ON hr_request_act DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.act = 'approved') EXECUTE FUNCTION hr_leave_was_used();
REVOKE ALL ON FUNCTION hr_leave_was_used() FROM PUBLIC;

-- ---------------------------------------------------------------------------------------------- settlements

-- As 0038 has it; an entry that was cancelled since pays nothing.
CREATE OR REPLACE FUNCTION finance_settlements_standing(p_organisation int, p_keys uuid[])
RETURNS TABLE (key uuid, id int, state text, reason text, amount_tiyn bigint, entry_id bigint, journal text, number int, effective_on date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF NOT coalesce(p_organisation = ANY (hr_readable() || hr_deciding() || hr_serving() || ledger_readable()), false) THEN RETURN; END IF;
    RETURN QUERY
    SELECT s.key, s.id, CASE WHEN k.entry_id IS NOT NULL THEN 'reversed' WHEN e.id IS NOT NULL THEN 'posted' ELSE s.state END, s.reason,
           s.amount_tiyn, e.id::bigint, j.code, e.number::int, e.effective_on
      FROM finance_settlement s
      LEFT JOIN ledger_command c ON c.organisation_id = s.organisation_id AND c.key = s.key
      LEFT JOIN ledger_entry e ON (e.organisation_id, e.fiscal_year, e.id) = (c.organisation_id, c.fiscal_year, c.entry_id)
      LEFT JOIN ledger_journal j ON j.id = e.journal_id
      LEFT JOIN ledger_correction k ON k.organisation_id = s.organisation_id AND k.entry_id = e.id
     WHERE s.organisation_id = p_organisation AND s.key = ANY (p_keys)
     ORDER BY s.id;
END $$;
