-- The accounting policy and the month close.

-- ---------------------------------------------------------------------------------------------- the policy

CREATE TABLE finance_policy (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    state text NOT NULL DEFAULT 'draft',
    version int NOT NULL DEFAULT 1,
    since date NOT NULL,
    schema_version smallint NOT NULL,
    content jsonb NOT NULL,
    adopts_organisation int,
    adopts_policy int,
    is_published boolean NOT NULL DEFAULT false,
    written_by int NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    in_force daterange,
    CONSTRAINT finance_policy_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_policy_key UNIQUE (organisation_id, key),
    CONSTRAINT finance_policy_state_known CHECK (state IN ('draft', 'proposed', 'signed', 'discarded')),
    CONSTRAINT finance_policy_once EXCLUDE USING gist (organisation_id WITH =, in_force WITH &&),
    CONSTRAINT finance_policy_dated CHECK ((state = 'signed') = (in_force IS NOT NULL)
                                           AND (in_force IS NULL OR NOT isempty(in_force) AND lower(in_force) = since)),
    CONSTRAINT finance_policy_adopts_whole CHECK ((adopts_organisation IS NULL) = (adopts_policy IS NULL)),
    CONSTRAINT finance_policy_adopted_fkey FOREIGN KEY (adopts_organisation, adopts_policy) REFERENCES finance_policy,
    CONSTRAINT finance_policy_published_signed CHECK (state = 'signed' OR NOT is_published)
);
COMMENT ON TABLE finance_policy IS 'Editions of an organisation''s accounting policy: a draft that is rewritten until it is proposed, final once it is signed.';
COMMENT ON COLUMN finance_policy.key IS 'Idempotency key of its beginning.';
COMMENT ON COLUMN finance_policy.version IS 'Counts up with every change of the draft and every act; whoever acts names what they saw.';
COMMENT ON COLUMN finance_policy.since IS 'The day from which it is to count.';
COMMENT ON COLUMN finance_policy.schema_version IS 'Form of the content.';
COMMENT ON COLUMN finance_policy.content IS 'What it lays down; journals: the codes of those that are kept, with how each is numbered and signed.';
COMMENT ON COLUMN finance_policy.adopts_policy IS 'The edition, published by a body above, that it takes over.';
COMMENT ON COLUMN finance_policy.is_published IS 'Whether the institutions below may adopt it.';
COMMENT ON COLUMN finance_policy.in_force IS 'Days on which it counts; a later edition ends it.  Null until it is signed.';

CREATE TABLE finance_policy_act (
    organisation_id int NOT NULL,
    policy_id int NOT NULL,
    version int NOT NULL,
    act text NOT NULL,
    actor_id int NOT NULL,
    on_behalf_of int,
    lenders int[] NOT NULL DEFAULT '{}',
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    signature_id int,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_policy_act_pkey PRIMARY KEY (organisation_id, policy_id, version),
    CONSTRAINT finance_policy_act_policy_fkey FOREIGN KEY (organisation_id, policy_id) REFERENCES finance_policy,
    CONSTRAINT finance_policy_act_signature_fkey FOREIGN KEY (organisation_id, signature_id) REFERENCES reference_signature,
    CONSTRAINT finance_policy_act_known CHECK (act IN ('proposed', 'returned', 'signed', 'discarded')),
    CONSTRAINT finance_policy_act_signed CHECK ((act IN ('proposed', 'signed')) = (signature_id IS NOT NULL)),
    CONSTRAINT finance_policy_act_returned_why CHECK (act <> 'returned' OR length(btrim(reason)) >= 3)
);
COMMENT ON TABLE finance_policy_act IS 'Who proposed, returned, signed or discarded an edition: one row an act, append-only; the only way an edition moves on.';
COMMENT ON COLUMN finance_policy_act.version IS 'Of the edition after the act.';
COMMENT ON COLUMN finance_policy_act.lenders IS 'Everybody who lent the actor a role there that day, where he is a delegate: he is taken for each of them.';
COMMENT ON COLUMN finance_policy_act.signature_id IS 'The signature by which it was proposed (of the chief accountant) or signed (of the head of the institution).';

CREATE FUNCTION finance_policy_lock(p_organisation int) RETURNS void LANGUAGE sql AS
    $$ SELECT pg_advisory_xact_lock(hashtext('finance_policy'), p_organisation) $$;

CREATE FUNCTION finance_policy_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'DELETE' THEN
        NULL;
    ELSIF OLD.state = 'draft' AND NEW.state = 'draft' AND NEW.version = OLD.version + 1 THEN
        RETURN NEW;
    ELSIF to_jsonb(NEW) - '{state,version,in_force,is_published}'::text[] <> to_jsonb(OLD) - '{state,version,in_force,is_published}'::text[] THEN
        NULL;
    ELSIF OLD.state = 'signed' THEN
        IF NEW.state = 'signed' AND NEW.version = OLD.version AND lower(NEW.in_force) = lower(OLD.in_force)
           AND NEW.in_force <@ OLD.in_force
           AND (upper(NEW.in_force) > reference_today() OR NEW.in_force = OLD.in_force) IS NOT FALSE THEN
            RETURN NEW;
        END IF;
    ELSIF NEW.version = OLD.version + 1 AND pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'policy %/% is %: what is proposed or signed does not change', OLD.organisation_id, OLD.id, OLD.state
        USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION finance_policy_guard() IS 'Only a draft is rewritten; acts move an edition on; a signed one is ended by a later one, tomorrow at the earliest.';
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON finance_policy FOR EACH ROW EXECUTE FUNCTION finance_policy_guard();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON finance_policy FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON finance_policy_act FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON finance_policy_act FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- The one place that moves an edition on; one person does not give both signatures.  An edition begins tomorrow at the
-- earliest; the first one also on a day gone by, from which on nothing is posted but opening entries.
CREATE FUNCTION finance_policy_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    p finance_policy%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'proposed' THEN '{draft}' WHEN 'discarded' THEN '{draft, proposed}' ELSE '{proposed}' END;
    v_last date;
BEGIN
    PERFORM finance_policy_lock(NEW.organisation_id);
    SELECT * INTO p FROM finance_policy WHERE organisation_id = NEW.organisation_id AND id = NEW.policy_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM p.version + 1 OR NOT p.state = ANY (v_from) THEN
        PERFORM ledger_refuse('QZ091', 'policy-changed');
    END IF;
    NEW.lenders := coalesce(finance_lenders(NEW.actor_id, NEW.organisation_id, NEW.on_behalf_of), '{}');
    IF NEW.signature_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM reference_signature s
             WHERE s.organisation_id = NEW.organisation_id AND s.id = NEW.signature_id AND s.signer_id = NEW.actor_id
               AND s.subject = format('policy:%s/%s', NEW.organisation_id, NEW.policy_id)
               AND s.purpose = CASE NEW.act WHEN 'signed' THEN 'policy-first' ELSE 'policy-second' END
               AND convert_from(s.content, 'UTF8')::jsonb->'content' = p.content
               AND (convert_from(s.content, 'UTF8')::jsonb->>'since')::date = p.since) THEN
        RAISE EXCEPTION 'signature % is not of what policy %/% says', NEW.signature_id, NEW.organisation_id, NEW.policy_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.act = 'signed' THEN
        IF EXISTS (SELECT FROM finance_policy_act a
                    WHERE a.organisation_id = NEW.organisation_id AND a.policy_id = NEW.policy_id AND a.version = p.version
                      AND (a.actor_id || a.lenders) && (NEW.actor_id || NEW.lenders)) THEN
            PERFORM ledger_refuse('QZ092', 'policy-own');
        END IF;
        SELECT max(lower(in_force)) INTO v_last FROM finance_policy WHERE organisation_id = NEW.organisation_id;
        IF p.since <= reference_today() AND v_last IS NOT NULL THEN
            PERFORM ledger_refuse('QZ093', 'policy-begins-in-the-past', jsonb_build_object('day', p.since));
        END IF;
        IF v_last >= p.since THEN
            PERFORM ledger_refuse('QZ094', 'policy-day-taken', jsonb_build_object('day', v_last));
        END IF;
        UPDATE finance_policy SET in_force = daterange(lower(in_force), p.since)
         WHERE organisation_id = NEW.organisation_id AND in_force @> p.since;
    END IF;
    UPDATE finance_policy
       SET state = CASE NEW.act WHEN 'returned' THEN 'draft' ELSE NEW.act END, version = NEW.version,
           in_force = CASE NEW.act WHEN 'signed' THEN daterange(p.since, NULL) END
     WHERE organisation_id = NEW.organisation_id AND id = NEW.policy_id;
    -- The series that it leaves out are watched from here on, so what slipped in before is seen and nothing slips in after.
    IF NEW.act = 'signed' AND p.since <= reference_today() AND EXISTS (
            SELECT FROM ledger_entry e
             WHERE e.organisation_id = NEW.organisation_id AND e.effective_on >= p.since AND e.kind <> 'opening') THEN
        PERFORM ledger_refuse('QZ093', 'policy-begins-in-the-past', jsonb_build_object('day', p.since));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER step BEFORE INSERT ON finance_policy_act FOR EACH ROW EXECUTE FUNCTION finance_policy_step();

-- ---------------------------------------------------------------------------------------------- journals that are not kept

-- As with approvals (0016), the row that numbers are drawn from is where a journal is watched: a flag that is false costs nothing.
ALTER TABLE ledger_number ADD COLUMN policed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ledger_number.policed IS 'Whether a policy leaves the journal out, or once left it out; finance_policy says on which days.';

CREATE FUNCTION finance_policy_leaves_out(p_content jsonb, p_journal smallint) RETURNS boolean LANGUAGE sql STABLE AS
$$
    SELECT j.code NOT IN ('OPEN', 'IMPORT', 'CLOSE') AND NOT p_content->'journals' @> jsonb_build_array(jsonb_build_object('code', j.code))
      FROM ledger_journal j WHERE j.id = p_journal
$$;
COMMENT ON FUNCTION finance_policy_leaves_out IS 'Whether nothing is posted into a journal under a policy; the program''s own journals are always kept.';

CREATE FUNCTION finance_police_journals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    UPDATE ledger_number SET policed = true
     WHERE organisation_id = NEW.organisation_id AND NOT policed AND finance_policy_leaves_out(NEW.content, journal_id);
    UPDATE ledger_edition SET edition = edition + 1;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION finance_police_journals() IS 'Watches the series there are; programs that remember the policy ask again.';
CREATE TRIGGER police AFTER UPDATE OF state ON finance_policy FOR EACH ROW
    WHEN (NEW.state = 'signed' AND OLD.state <> 'signed') EXECUTE FUNCTION finance_police_journals();

CREATE FUNCTION finance_police_series() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('finance_policy'), NEW.organisation_id);
    NEW.policed := EXISTS (SELECT FROM finance_policy p
                            WHERE p.organisation_id = NEW.organisation_id AND p.state = 'signed'
                              AND finance_policy_leaves_out(p.content, NEW.journal_id));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION finance_police_series() IS 'Watches a series that begins; a policy signed just now is waited for.';
CREATE TRIGGER police BEFORE INSERT ON ledger_number FOR EACH ROW EXECUTE FUNCTION finance_police_series();

CREATE FUNCTION finance_require_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_found record;
BEGIN
    SELECT j.code, e.effective_on INTO v_found
      FROM ledger_entry e
      JOIN finance_policy p ON p.organisation_id = e.organisation_id AND p.in_force @> e.effective_on
      JOIN ledger_journal j ON j.id = e.journal_id
     WHERE e.organisation_id = NEW.organisation_id AND e.fiscal_year = NEW.fiscal_year AND e.journal_id = NEW.journal_id
       AND e.number > coalesce(OLD.last_number, 0) AND e.number <= NEW.last_number
       AND e.kind NOT IN ('storno', 'reversal') AND finance_policy_leaves_out(p.content, NEW.journal_id)
     ORDER BY e.number LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse('QZ090', 'journal-not-kept', jsonb_build_object('journal', v_found.code, 'day', v_found.effective_on));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION finance_require_kept() IS 'Refuses numbers drawn for entries of days on which the policy leaves their journal out; what an entry of the journal cancels it by is let in.';
CREATE CONSTRAINT TRIGGER kept AFTER INSERT OR UPDATE ON ledger_number DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.policed) EXECUTE FUNCTION finance_require_kept();

-- ---------------------------------------------------------------------------------------------- a body above offers its policy

CREATE FUNCTION finance_policies_above(p_organisation int)
RETURNS TABLE (organisation_id int, id int, since date, until date, schema_version smallint, content jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF p_organisation <> ALL (ledger_readable()) IS NOT FALSE THEN RETURN; END IF;
    RETURN QUERY
    WITH RECURSIVE above AS (
        SELECT l.parent_id AS at, 1 AS steps FROM reference_organisation_link l
         WHERE l.child_id = p_organisation AND l.in_force @> reference_today()
         UNION
        SELECT l.parent_id, a.steps + 1 FROM above a
          JOIN reference_organisation_link l ON l.child_id = a.at AND l.in_force @> reference_today()
    )
    SELECT p.organisation_id, p.id, p.since, upper(p.in_force), p.schema_version, p.content
      FROM above a JOIN finance_policy p ON p.organisation_id = a.at AND p.is_published
     WHERE upper_inf(p.in_force) OR upper(p.in_force) > reference_today()
     ORDER BY a.steps, p.since DESC;
END $$;
COMMENT ON FUNCTION finance_policies_above IS 'Editions that bodies above an organisation publish for those below, the nearest body first; for who reads the organisation''s books.';

-- ---------------------------------------------------------------------------------------------- the close

CREATE TABLE finance_closing_tick (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    period date NOT NULL,
    step text NOT NULL,
    verdict text NOT NULL,
    proof jsonb NOT NULL,
    known pg_snapshot NOT NULL,
    known_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    actor_id int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_closing_tick_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_closing_tick_kind_known CHECK (kind IN ('month', 'year')),
    CONSTRAINT finance_closing_tick_first_of_period CHECK (extract(day FROM period) = 1 AND (kind = 'month' OR extract(month FROM period) = 1)),
    CONSTRAINT finance_closing_tick_verdict_known CHECK (verdict IN ('holds', 'fails')),
    CONSTRAINT finance_closing_tick_fails_why CHECK (verdict = 'holds' OR length(btrim(reason)) >= 3)
);
CREATE INDEX finance_closing_tick_by_period ON finance_closing_tick (organisation_id, kind, period, step, id);
COMMENT ON TABLE finance_closing_tick IS 'Steps of the close of a month or a year that somebody ticked, each with the proof as it was computed then; append-only, the last one counts.';
COMMENT ON COLUMN finance_closing_tick.period IS 'First day of the month or of the year.';
COMMENT ON COLUMN finance_closing_tick.verdict IS 'Whether the proof held; where it failed, the reason says why the step is done nevertheless.';
COMMENT ON COLUMN finance_closing_tick.known IS 'What was committed when the proof was computed: an entry not visible in it makes the step stale.';
COMMENT ON COLUMN finance_closing_tick.known_at IS 'The same as an instant, for people.';

CREATE FUNCTION finance_drafts_dated(p_organisation int, p_month date) RETURNS TABLE (owner_id int, drafts bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT d.owner_id, count(*)
      FROM finance_draft d
     CROSS JOIN LATERAL (SELECT coalesce(
               regexp_match(d.sheet->>'effective_on', '^\s*\d{1,2}[./](\d{1,2})[./](\d{4}|\d{2})\s*$'),
               (SELECT ARRAY[iso[2], iso[1]] FROM regexp_match(d.sheet->>'effective_on', '^\s*(\d{4})-(\d{2})-\d{2}\s*$') iso)) AS day) typed
     WHERE d.organisation_id = p_organisation AND p_organisation = ANY (ledger_readable()) AND d.discarded_at IS NULL
       AND typed.day[1]::int = extract(month FROM p_month)
       AND typed.day[2]::int + CASE WHEN length(typed.day[2]) > 2 THEN 0 WHEN typed.day[2] < '91' THEN 2000 ELSE 1900 END = extract(year FROM p_month)
       AND NOT EXISTS (SELECT FROM ledger_command c WHERE c.organisation_id = d.organisation_id AND c.key = d.key)
       AND NOT EXISTS (SELECT FROM finance_prepared p WHERE p.organisation_id = d.organisation_id AND p.key = d.key)
     GROUP BY 1 ORDER BY 1
$$;
COMMENT ON FUNCTION finance_drafts_dated IS 'How many drafts dated in a month each person has open: whose they are and how many, nothing of what they say.';

CREATE TABLE finance_closing_reminder (
    organisation_id int NOT NULL,
    period date NOT NULL,
    step text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_closing_reminder_pkey PRIMARY KEY (organisation_id, period, step, kind),
    CONSTRAINT finance_closing_reminder_kind_known CHECK (kind IN ('due', 'late'))
);
COMMENT ON TABLE finance_closing_reminder IS 'Steps of whose day, or of whose lateness, their owners were told: once each; append-only.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_closing_tick', 'finance_closing_reminder'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_policy', 'finance_policy_act', 'finance_closing_tick', 'finance_closing_reminder'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
    END LOOP;
    EXECUTE 'CREATE POLICY changes ON finance_policy FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[])) '
            'WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))';
END $$;
GRANT SELECT ON finance_policy, finance_policy_act, finance_closing_tick, finance_closing_reminder TO qazyna_app;
GRANT INSERT (organisation_id, key, since, schema_version, content, adopts_organisation, adopts_policy, written_by),
      UPDATE (version, since, schema_version, content, written_by, written_at, is_published) ON finance_policy TO qazyna_app;
GRANT INSERT (organisation_id, policy_id, version, act, actor_id, on_behalf_of, origin, reason, signature_id) ON finance_policy_act TO qazyna_app;
GRANT INSERT (organisation_id, kind, period, step, verdict, proof, known, known_at, reason, actor_id, on_behalf_of, origin)
    ON finance_closing_tick TO qazyna_app;
GRANT INSERT (organisation_id, period, step, kind) ON finance_closing_reminder TO qazyna_app;

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'finance\_%' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION finance_policies_above, finance_drafts_dated TO qazyna_app;

-- What is told of policies and closes is read with the books.
CREATE OR REPLACE FUNCTION base_of_the_books(p_subject text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
    SELECT split_part(p_subject, ':', 1) IN ('entry', 'prepared', 'draft', 'comment', 'attachment', 'counterparty', 'import', 'intake', 'takeover',
                                             'recoding', 'month', 'year', 'policy', 'closing')
$$;
