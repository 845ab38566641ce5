-- The route of a prepared entry: checked, first and second signature; who saw a document; acts on many at once.

-- ---------------------------------------------------------------------------------------------- routes

CREATE FUNCTION finance_is_route(p_steps text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$
    SELECT p_steps <@ ARRAY['check', 'first-signature', 'second-signature'] AND cardinality(p_steps) > 0
       AND p_steps = ARRAY(SELECT DISTINCT step COLLATE "C" FROM unnest(p_steps) step ORDER BY 1)
$$;
COMMENT ON FUNCTION finance_is_route IS 'Some of check, first-signature, second-signature, each once and in this order, which is that of the alphabet.';
REVOKE ALL ON FUNCTION finance_is_route FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finance_is_route TO qazyna_app;

ALTER TABLE finance_journal_duty
    ADD COLUMN steps text[] NOT NULL DEFAULT '{second-signature}',
    ADD COLUMN cms text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT finance_journal_duty_route CHECK (finance_is_route(steps)),
    ADD CONSTRAINT finance_journal_duty_cms_of_route CHECK (cms <@ steps);
COMMENT ON TABLE finance_journal_duty IS 'Journals of an organisation whose entries pass several persons before they are posted.';
COMMENT ON COLUMN finance_journal_duty.steps IS 'What follows on the preparation, in this order; the last step posts.';
COMMENT ON COLUMN finance_journal_duty.cms IS 'Steps that need a digital signature (CMS); for the others consent is enough.';
GRANT INSERT (steps, cms) ON finance_journal_duty TO qazyna_app;

ALTER TABLE finance_prepared_revision
    ADD COLUMN steps text[] NOT NULL DEFAULT '{second-signature}',
    ADD COLUMN cms text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT finance_prepared_revision_route CHECK (finance_is_route(steps)),
    ADD CONSTRAINT finance_prepared_revision_cms_of_route CHECK (cms <@ steps);
COMMENT ON COLUMN finance_prepared_revision.steps IS 'Its route, as the journal asked for on the day it was prepared; later settings leave it alone.';
COMMENT ON COLUMN finance_prepared_revision.cms IS 'Steps of its route that need a digital signature (CMS).';

CREATE FUNCTION finance_set_route() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    SELECT d.steps, d.cms INTO NEW.steps, NEW.cms FROM finance_journal_duty d
     WHERE d.organisation_id = NEW.organisation_id AND d.journal_id = NEW.journal_id AND d.in_force @> reference_today();
    IF NOT FOUND THEN  -- the journal asks for nothing any more: the document goes on as it began
        SELECT r.steps, r.cms INTO NEW.steps, NEW.cms FROM finance_prepared_revision r
         WHERE r.organisation_id = NEW.organisation_id AND r.prepared_id = NEW.prepared_id AND r.no = NEW.no - 1;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'journal % of organisation % asks for no second person', NEW.journal_id, NEW.organisation_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION finance_set_route() IS 'Gives a revision the route of its journal, whatever was said of it.';
REVOKE ALL ON FUNCTION finance_set_route() FROM PUBLIC;
CREATE TRIGGER route BEFORE INSERT ON finance_prepared_revision FOR EACH ROW EXECUTE FUNCTION finance_set_route();

CREATE FUNCTION finance_revision_is_prepared() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM finance_prepared_act a
                WHERE a.organisation_id = NEW.organisation_id AND a.prepared_id = NEW.prepared_id
                  AND a.revision = NEW.no AND a.act = 'prepared') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'nobody prepared revision % of %/%', NEW.no, NEW.organisation_id, NEW.prepared_id USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION finance_revision_is_prepared() IS 'Keeps a content from lying ready for somebody else to prepare.';
REVOKE ALL ON FUNCTION finance_revision_is_prepared() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER prepared AFTER INSERT ON finance_prepared_revision DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION finance_revision_is_prepared();

-- ---------------------------------------------------------------------------------------------- how a document stands

ALTER TABLE finance_prepared ADD COLUMN next_step text, ADD COLUMN behind int[] NOT NULL DEFAULT '{}';
UPDATE finance_prepared p
   SET next_step = CASE p.state WHEN 'prepared' THEN 'second-signature' END,
       behind = ARRAY(SELECT DISTINCT who.id
                        FROM finance_prepared_act a CROSS JOIN LATERAL unnest(a.actor_id || a.lenders) who(id)
                       WHERE a.organisation_id = p.organisation_id AND a.prepared_id = p.id AND a.act = 'prepared' ORDER BY 1);
ALTER TABLE finance_prepared
    DROP CONSTRAINT finance_prepared_state_known,
    ADD CONSTRAINT finance_prepared_state_known
        CHECK (state IN ('draft', 'prepared', 'checked', 'first-signed', 'returned', 'withdrawn', 'approved')),
    ADD CONSTRAINT finance_prepared_next_step_while_under_way
        CHECK ((next_step IS NOT NULL) = (state IN ('prepared', 'checked', 'first-signed')));
DROP INDEX finance_prepared_waiting;
CREATE INDEX finance_prepared_waiting ON finance_prepared (organisation_id, state, prepared_by)
    WHERE state IN ('prepared', 'checked', 'first-signed', 'returned');
COMMENT ON COLUMN finance_prepared.next_step IS 'The step of its route that is due; null where none is.';
COMMENT ON COLUMN finance_prepared.behind IS 'Who prepared any revision or took a step of the last one, and for whom: none of them takes the next step without an exception.';

ALTER TABLE finance_prepared_act
    ADD COLUMN signature_id int,
    DROP CONSTRAINT finance_prepared_act_known,
    ADD CONSTRAINT finance_prepared_act_known
        CHECK (act IN ('prepared', 'returned', 'withdrawn', 'checked', 'first-signed', 'approved')),
    DROP CONSTRAINT finance_prepared_act_exception_to_approve,
    ADD CONSTRAINT finance_prepared_act_exception_to_step
        CHECK (act IN ('checked', 'first-signed', 'approved') OR exception_id IS NULL),
    ADD CONSTRAINT finance_prepared_act_signature_of_step
        CHECK (act IN ('checked', 'first-signed', 'approved') OR signature_id IS NULL);
CREATE UNIQUE INDEX finance_prepared_act_signature ON finance_prepared_act (organisation_id, signature_id) WHERE signature_id IS NOT NULL;
COMMENT ON TABLE finance_prepared_act IS 'Who prepared, returned, withdrew, checked, signed, approved: one row an act, append-only; the only way a prepared entry changes.';
COMMENT ON COLUMN finance_prepared_act.act IS 'approved is the last step of the route, whichever it is: it posts. checked and first-signed are steps that another follows.';
COMMENT ON COLUMN finance_prepared_act.signature_id IS 'What was signed by this step: consent or CMS; null in acts older than signatures, and in acts that are no step.';
COMMENT ON COLUMN finance_prepared_act.exception_id IS 'The exception under which somebody took a step of what they had prepared, or a second step; null where another person did.';

CREATE FUNCTION finance_require_signature(p_act finance_prepared_act, p_step text, p_cms boolean, p_hash bytea) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM reference_signature s
                WHERE s.organisation_id = p_act.organisation_id AND s.id = p_act.signature_id AND s.signer_id = p_act.actor_id
                  AND s.on_behalf_of IS NOT DISTINCT FROM p_act.on_behalf_of
                  AND s.subject = 'prepared:' || p_act.organisation_id || '/' || p_act.prepared_id
                  AND s.purpose = CASE p_step WHEN 'check' THEN 'checked' ELSE p_step END
                  AND (s.method = 'cms' OR NOT p_cms)
                  AND convert_from(s.content, 'UTF8')::jsonb @> jsonb_build_object(
                          'subject', s.subject, 'purpose', s.purpose, 'revision', p_act.revision, 'sha256', encode(p_hash, 'hex'))) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'the step % of %/% is not signed as it has to be', p_step, p_act.organisation_id, p_act.prepared_id
        USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION finance_require_signature IS 'Refuses a step whose actor did not sign just this revision for just this step, in the way that its route asks for.';
REVOKE ALL ON FUNCTION finance_require_signature FROM PUBLIC;

CREATE VIEW finance_passed_prepared WITH (security_invoker = true) AS
SELECT p.organisation_id, p.id, p.key, r.content_hash
  FROM finance_prepared p
  JOIN finance_prepared_revision r ON (r.organisation_id, r.prepared_id, r.no) = (p.organisation_id, p.id, p.revision)
 WHERE p.state = 'approved'
   AND cardinality(r.steps) = (
       SELECT count(*) FROM finance_prepared_act a
        WHERE a.organisation_id = p.organisation_id AND a.prepared_id = p.id AND a.revision = p.revision
          AND a.act IN ('checked', 'first-signed', 'approved'));
COMMENT ON VIEW finance_passed_prepared IS 'Prepared entries that passed the whole route of their last revision, with the digest of what may be posted under their key.';
GRANT SELECT ON finance_passed_prepared TO qazyna_app;

-- The one place that moves a prepared entry on.
CREATE OR REPLACE FUNCTION finance_prepared_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    p finance_prepared%ROWTYPE;
    r finance_prepared_revision%ROWTYPE;
    v_is_step boolean := NEW.act IN ('checked', 'first-signed', 'approved');
    v_people int[];
    v_own boolean;
BEGIN
    SELECT * INTO p FROM finance_prepared WHERE organisation_id = NEW.organisation_id AND id = NEW.prepared_id FOR UPDATE;
    SELECT * INTO r FROM finance_prepared_revision
     WHERE organisation_id = NEW.organisation_id AND prepared_id = NEW.prepared_id AND no = NEW.revision;
    IF NEW.version IS DISTINCT FROM p.version + 1 OR NEW.revision IS DISTINCT FROM p.revision + (NEW.act = 'prepared')::int
       OR NOT coalesce(CASE
              WHEN v_is_step THEN NEW.act = CASE p.next_step WHEN r.steps[cardinality(r.steps)] THEN 'approved'
                                                            WHEN 'check' THEN 'checked' WHEN 'first-signature' THEN 'first-signed' END
              WHEN NEW.act = 'prepared' THEN CASE p.state
                  WHEN 'approved' THEN false
                  WHEN 'withdrawn' THEN EXISTS (  -- what was withdrawn comes back as it was
                      SELECT FROM finance_prepared_revision b
                       WHERE b.organisation_id = p.organisation_id AND b.prepared_id = p.id AND b.no = p.revision
                         AND b.content_hash = r.content_hash)
                  ELSE true END
              WHEN NEW.act = 'withdrawn' THEN p.state = 'returned' OR p.next_step IS NOT NULL
              ELSE p.next_step IS NOT NULL
          END, false) THEN
        PERFORM ledger_refuse('QZ081', 'prepared-changed');
    END IF;
    NEW.lenders := coalesce(finance_lenders(NEW.actor_id, NEW.organisation_id, NEW.on_behalf_of), '{}');
    v_people := NEW.actor_id || NEW.lenders;
    v_own := p.behind && v_people;
    IF v_is_step THEN
        IF v_own <> (NEW.exception_id IS NOT NULL) OR v_own AND NOT EXISTS (
                SELECT FROM finance_duty_exception x
                 WHERE x.organisation_id = NEW.organisation_id AND x.id = NEW.exception_id AND x.user_id = NEW.actor_id
                   AND x.in_force @> reference_today()) THEN
            PERFORM ledger_refuse('QZ082', 'own-entry');
        END IF;
        PERFORM finance_require_signature(NEW, p.next_step, p.next_step = ANY (r.cms), r.content_hash);
    END IF;
    UPDATE finance_prepared
       SET state = NEW.act, version = NEW.version, revision = NEW.revision,
           next_step = CASE WHEN NEW.act = 'prepared' THEN r.steps[1]
                            WHEN v_is_step THEN r.steps[array_position(r.steps, p.next_step) + 1] END,
           prepared_by = CASE NEW.act WHEN 'prepared' THEN NEW.actor_id ELSE prepared_by END,
           behind = CASE WHEN NEW.act = 'prepared' THEN ARRAY(
                             SELECT DISTINCT who.id FROM (
                                 SELECT unnest(v_people)
                                  UNION ALL
                                 SELECT unnest(a.actor_id || a.lenders) FROM finance_prepared_act a
                                  WHERE a.organisation_id = p.organisation_id AND a.prepared_id = p.id AND a.act = 'prepared'
                             ) who(id) ORDER BY 1)
                         WHEN v_is_step THEN behind || v_people ELSE behind END
     WHERE organisation_id = NEW.organisation_id AND id = NEW.prepared_id;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION finance_approved_is_posted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM finance_passed_prepared f
                 JOIN ledger_command c ON (c.organisation_id, c.key, c.content_hash) = (f.organisation_id, f.key, f.content_hash)
                WHERE f.organisation_id = NEW.organisation_id AND f.id = NEW.prepared_id) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'prepared entry %/% is approved but not posted', NEW.organisation_id, NEW.prepared_id USING ERRCODE = 'check_violation';
END $$;

CREATE OR REPLACE FUNCTION finance_require_approval() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (
           SELECT FROM ledger_entry e
             JOIN finance_journal_duty d
               ON (d.organisation_id, d.journal_id) = (e.organisation_id, e.journal_id) AND d.in_force @> reference_day(e.recorded_at)
            WHERE e.organisation_id = NEW.organisation_id AND e.fiscal_year = NEW.fiscal_year AND e.journal_id = NEW.journal_id
              AND e.number > coalesce(OLD.last_number, 0) AND e.number <= NEW.last_number
              AND NOT EXISTS (
                  SELECT FROM ledger_command c
                    JOIN finance_passed_prepared f
                      ON (f.organisation_id, f.key, f.content_hash) = (c.organisation_id, c.key, c.content_hash)
                   WHERE c.organisation_id = e.organisation_id AND c.entry_id = e.id)) THEN
        PERFORM ledger_refuse('QZ080', 'approval-needed',
            jsonb_build_object('journal', (SELECT j.code FROM ledger_journal j WHERE j.id = NEW.journal_id)));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION finance_require_approval() IS 'Refuses numbers drawn for entries that did not pass their whole route and that were recorded on days when their journal needs one.';

-- ---------------------------------------------------------------------------------------------- who saw it

CREATE TABLE base_sighting (
    organisation_id int NOT NULL,
    subject text NOT NULL,
    user_id int NOT NULL,
    seen_on date NOT NULL DEFAULT reference_today(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT base_sighting_pkey PRIMARY KEY (organisation_id, subject, user_id, seen_on),
    CONSTRAINT base_sighting_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT base_sighting_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT base_sighting_subject_of_organisation CHECK (subject ~ ('^[a-z]+:' || organisation_id || '/.') AND length(subject) < 100)
);
COMMENT ON TABLE base_sighting IS 'Who opened the page of a document: once a person and day; append-only.';
COMMENT ON COLUMN base_sighting.subject IS 'The document, as the trail calls it: entry:12/2026/345.';
COMMENT ON COLUMN base_sighting.seen_on IS 'The calendar day in Kazakhstan.';
COMMENT ON COLUMN base_sighting.at IS 'When it was first opened that day.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON base_sighting FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON base_sighting FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();
ALTER TABLE base_sighting ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON base_sighting FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
GRANT SELECT ON base_sighting TO qazyna_app;

CREATE FUNCTION base_note_sighting(p_organisation int, p_subject text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF NOT p_organisation = ANY (ledger_readable()) THEN
        PERFORM ledger_refuse('QZ004', 'foreign-organisation', jsonb_build_object('organisation', p_organisation));
    END IF;
    INSERT INTO base_sighting (organisation_id, subject, user_id)
    SELECT p_organisation, p_subject, reference_actor() WHERE reference_actor() <> 0
    ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION base_note_sighting IS 'The actor of this transaction, who may read the books and need not write them, sees a document.';
REVOKE ALL ON FUNCTION base_note_sighting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_note_sighting TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- many at once

CREATE TABLE finance_bulk (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    act text NOT NULL,
    asked_by int NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    narrowed text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    effective_on date,
    state text NOT NULL DEFAULT 'asked',
    job_id bigint,
    CONSTRAINT finance_bulk_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_bulk_key UNIQUE (organisation_id, key),
    CONSTRAINT finance_bulk_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES reference_user,
    CONSTRAINT finance_bulk_act_known CHECK (act IN ('approve', 'sign', 'withdraw', 'storno', 'reversal')),
    CONSTRAINT finance_bulk_state_known CHECK (state IN ('asked', 'tried', 'begun', 'done')),
    CONSTRAINT finance_bulk_correction_whole
        CHECK ((act IN ('storno', 'reversal')) = (effective_on IS NOT NULL) AND (effective_on IS NULL OR length(btrim(reason)) >= 3))
);
CREATE INDEX finance_bulk_by_person ON finance_bulk (organisation_id, asked_by, id);
COMMENT ON TABLE finance_bulk IS 'One act on many documents: what it was asked for, and how far it is. Each document is acted on by itself, and its trail tells of it.';
COMMENT ON COLUMN finance_bulk.key IS 'Idempotency key: the same key is one act on many.';
COMMENT ON COLUMN finance_bulk.narrowed IS 'The query of the list that it was asked on, so that it can be opened again.';
COMMENT ON COLUMN finance_bulk.reason IS 'Of corrections.';
COMMENT ON COLUMN finance_bulk.effective_on IS 'Day of the corrections; null of other acts.';
COMMENT ON COLUMN finance_bulk.state IS 'asked; tried: what would become of each is known; begun: being carried out; done.';
COMMENT ON COLUMN finance_bulk.job_id IS 'The job that tries it or carries it out, where they are many.';

CREATE TABLE finance_bulk_item (
    organisation_id int NOT NULL,
    bulk_id int NOT NULL,
    no int NOT NULL,
    target_id bigint NOT NULL,
    version int NOT NULL,
    key uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    effective_on date NOT NULL,
    amount_tiyn bigint NOT NULL,
    verdict jsonb,
    done_at timestamptz,
    fault jsonb,
    CONSTRAINT finance_bulk_item_pkey PRIMARY KEY (organisation_id, bulk_id, no),
    CONSTRAINT finance_bulk_item_once UNIQUE (organisation_id, bulk_id, target_id),
    CONSTRAINT finance_bulk_item_key UNIQUE (organisation_id, key),
    CONSTRAINT finance_bulk_item_bulk_fkey FOREIGN KEY (organisation_id, bulk_id) REFERENCES finance_bulk,
    CONSTRAINT finance_bulk_item_fault_when_over CHECK (fault IS NULL OR done_at IS NOT NULL)
);
COMMENT ON TABLE finance_bulk_item IS 'A document among many: what would become of it, and what became of it.';
COMMENT ON COLUMN finance_bulk_item.target_id IS 'A prepared entry, or of corrections a posted one.';
COMMENT ON COLUMN finance_bulk_item.version IS 'Of a prepared entry, as it stood when it was chosen; 0 of a posted one.';
COMMENT ON COLUMN finance_bulk_item.key IS 'Idempotency key of its correction.';
COMMENT ON COLUMN finance_bulk_item.name IS 'As people call it, when it was chosen.';
COMMENT ON COLUMN finance_bulk_item.verdict IS 'What the trial said: an empty object where nothing is against it, else code, template and fields of the refusal.';
COMMENT ON COLUMN finance_bulk_item.done_at IS 'When it was acted on, or refused; null while it waits for its turn.';
COMMENT ON COLUMN finance_bulk_item.fault IS 'Why it was refused: code, template and fields; null where the act was done.';

CREATE FUNCTION finance_bulk_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF array_position(ARRAY['asked', 'tried', 'begun', 'done'], NEW.state) >= array_position(ARRAY['asked', 'tried', 'begun', 'done'], OLD.state) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'bulk %: from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION finance_bulk_guard() IS 'An act on many goes only onward.';
REVOKE ALL ON FUNCTION finance_bulk_guard() FROM PUBLIC;
CREATE TRIGGER guard BEFORE UPDATE ON finance_bulk FOR EACH ROW EXECUTE FUNCTION finance_bulk_guard();

CREATE FUNCTION finance_bulk_item_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION 'item %/% is over', OLD.bulk_id, OLD.no USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION finance_bulk_item_guard() IS 'What became of a document is told once.';
REVOKE ALL ON FUNCTION finance_bulk_item_guard() FROM PUBLIC;
CREATE TRIGGER guard BEFORE UPDATE ON finance_bulk_item FOR EACH ROW WHEN (OLD.done_at IS NOT NULL) EXECUTE FUNCTION finance_bulk_item_guard();

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_bulk', 'finance_bulk_item'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
        EXECUTE format('CREATE TRIGGER kept BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;
-- What somebody asked for, others neither add to nor carry on: it is done by the asker's rights.
CREATE POLICY asks ON finance_bulk FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND asked_by = (SELECT reference_actor()));
CREATE POLICY goes_on ON finance_bulk FOR UPDATE
    USING (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND asked_by = (SELECT reference_actor()));
CREATE POLICY asks ON finance_bulk_item FOR INSERT
    WITH CHECK (EXISTS (SELECT FROM finance_bulk b WHERE b.organisation_id = ANY ((SELECT ledger_writable())::int[])
                           AND (b.organisation_id, b.id) = (finance_bulk_item.organisation_id, bulk_id)
                           AND b.asked_by = (SELECT reference_actor()) AND b.state = 'asked'));
CREATE POLICY goes_on ON finance_bulk_item FOR UPDATE
    USING (EXISTS (SELECT FROM finance_bulk b WHERE b.organisation_id = ANY ((SELECT ledger_writable())::int[])
                      AND (b.organisation_id, b.id) = (finance_bulk_item.organisation_id, bulk_id)
                      AND b.asked_by = (SELECT reference_actor())));
GRANT SELECT, INSERT (organisation_id, key, act, asked_by, narrowed, reason, effective_on), UPDATE (state, job_id) ON finance_bulk TO qazyna_app;
GRANT SELECT, INSERT (organisation_id, bulk_id, no, target_id, version, name, effective_on, amount_tiyn), UPDATE (verdict, done_at, fault)
    ON finance_bulk_item TO qazyna_app;
