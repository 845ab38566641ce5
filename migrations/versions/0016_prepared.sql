-- Entries that a second person approves.

-- ---------------------------------------------------------------------------------------------- who approves what

CREATE TABLE finance_journal_duty (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    journal_id smallint NOT NULL,
    in_force daterange NOT NULL,
    CONSTRAINT finance_journal_duty_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_journal_duty_journal_fkey FOREIGN KEY (journal_id) REFERENCES ledger_journal,
    CONSTRAINT finance_journal_duty_once EXCLUDE USING gist (organisation_id WITH =, journal_id WITH =, in_force WITH &&),
    CONSTRAINT finance_journal_duty_dated CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force))
);
COMMENT ON TABLE finance_journal_duty IS 'Journals of an organisation whose entries a second person approves.';
COMMENT ON COLUMN finance_journal_duty.in_force IS 'Days on which nothing is posted into the journal without an approval, whatever day the entry counts for.';

CREATE TABLE finance_duty_exception (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    user_id int NOT NULL,
    in_force daterange NOT NULL,
    reason text NOT NULL,
    allowed_by int NOT NULL,
    origin text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_duty_exception_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_duty_exception_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT finance_duty_exception_once EXCLUDE USING gist (organisation_id WITH =, user_id WITH =, in_force WITH &&),
    CONSTRAINT finance_duty_exception_dated CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force) AND NOT upper_inf(in_force)),
    CONSTRAINT finance_duty_exception_by_another CHECK (allowed_by <> user_id),
    CONSTRAINT finance_duty_exception_reason_given CHECK (length(btrim(reason)) >= 3)
);
COMMENT ON TABLE finance_duty_exception IS 'Who may approve what they prepared themselves, where there is nobody else; always for a time, and allowed by another person.';

CREATE FUNCTION finance_dated_guard() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE today date := reference_today();
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF lower(OLD.in_force) > today THEN RETURN OLD; END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF lower(NEW.in_force) >= today THEN RETURN NEW; END IF;
    ELSIF to_jsonb(NEW) - 'in_force' = to_jsonb(OLD) - 'in_force' AND lower(NEW.in_force) = lower(OLD.in_force)
          AND NEW.in_force <@ OLD.in_force AND coalesce(upper(NEW.in_force) > today, true) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%: what counted on days gone by, and today, stays as it was', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION finance_dated_guard() IS 'A setting begins today or later, ends tomorrow or later and never later than was said, and may go only before it began.';
CREATE TRIGGER dated BEFORE INSERT OR UPDATE OR DELETE ON finance_journal_duty FOR EACH ROW EXECUTE FUNCTION finance_dated_guard();
CREATE TRIGGER dated BEFORE INSERT OR UPDATE OR DELETE ON finance_duty_exception FOR EACH ROW EXECUTE FUNCTION finance_dated_guard();

-- ---------------------------------------------------------------------------------------------- prepared entries

CREATE TABLE finance_prepared (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    state text NOT NULL DEFAULT 'draft',
    version int NOT NULL DEFAULT 0,
    revision int NOT NULL DEFAULT 0,
    prepared_by int NOT NULL DEFAULT 0,
    CONSTRAINT finance_prepared_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_prepared_key UNIQUE (organisation_id, key),
    CONSTRAINT finance_prepared_state_known CHECK (state IN ('draft', 'prepared', 'returned', 'withdrawn', 'approved'))
);
CREATE INDEX finance_prepared_waiting ON finance_prepared (organisation_id, state, prepared_by) WHERE state IN ('prepared', 'returned');
COMMENT ON TABLE finance_prepared IS 'Entries and corrections that one person prepares and another approves: how each stands after its last act.';
COMMENT ON COLUMN finance_prepared.key IS 'Idempotency key: of the preparation, and of the posting once it is approved; ledger_command leads from it to the entry.';
COMMENT ON COLUMN finance_prepared.version IS 'Number of the last act; whoever acts names it, so that nobody approves what changed meanwhile.';
COMMENT ON COLUMN finance_prepared.prepared_by IS 'Author of the last revision.';

CREATE TABLE finance_prepared_revision (
    organisation_id int NOT NULL,
    prepared_id int NOT NULL,
    no int NOT NULL,
    kind text NOT NULL,
    schema_version smallint NOT NULL,
    command jsonb NOT NULL,
    content_hash bytea NOT NULL,
    journal_id smallint NOT NULL,
    effective_on date NOT NULL,
    memo text NOT NULL,
    document_number text NOT NULL,
    amount_tiyn bigint NOT NULL,
    CONSTRAINT finance_prepared_revision_pkey PRIMARY KEY (organisation_id, prepared_id, no),
    CONSTRAINT finance_prepared_revision_prepared_fkey FOREIGN KEY (organisation_id, prepared_id) REFERENCES finance_prepared,
    CONSTRAINT finance_prepared_revision_journal_fkey FOREIGN KEY (journal_id) REFERENCES ledger_journal,
    CONSTRAINT finance_prepared_revision_kind_known CHECK (kind IN ('entry', 'correction'))
);
COMMENT ON TABLE finance_prepared_revision IS 'What was prepared, each time it was: the command that posts it; append-only.';
COMMENT ON COLUMN finance_prepared_revision.schema_version IS 'Form of the command: 1 as the API takes it, without its key.';
COMMENT ON COLUMN finance_prepared_revision.content_hash IS 'SHA-256 that ledger_command will hold: what is posted is what was approved.';

CREATE TABLE finance_prepared_act (
    organisation_id int NOT NULL,
    prepared_id int NOT NULL,
    version int NOT NULL,
    act text NOT NULL,
    revision int NOT NULL,
    actor_id int NOT NULL,
    on_behalf_of int,
    lenders int[] NOT NULL DEFAULT '{}',
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    exception_id int,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_prepared_act_pkey PRIMARY KEY (organisation_id, prepared_id, version),
    CONSTRAINT finance_prepared_act_revision_fkey FOREIGN KEY (organisation_id, prepared_id, revision) REFERENCES finance_prepared_revision,
    CONSTRAINT finance_prepared_act_exception_fkey FOREIGN KEY (organisation_id, exception_id) REFERENCES finance_duty_exception,
    CONSTRAINT finance_prepared_act_known CHECK (act IN ('prepared', 'returned', 'withdrawn', 'approved')),
    CONSTRAINT finance_prepared_act_returned_why CHECK (act <> 'returned' OR length(btrim(reason)) >= 3),
    CONSTRAINT finance_prepared_act_exception_to_approve CHECK (act = 'approved' OR exception_id IS NULL)
);
CREATE INDEX finance_prepared_act_by_exception ON finance_prepared_act (organisation_id, exception_id) WHERE exception_id IS NOT NULL;
COMMENT ON TABLE finance_prepared_act IS 'Who prepared, returned, withdrew, approved: one row an act, append-only; the only way a prepared entry changes.';
COMMENT ON COLUMN finance_prepared_act.on_behalf_of IS 'Whose rights the actor used, where he is a delegate.';
COMMENT ON COLUMN finance_prepared_act.lenders IS 'Everybody who lent the actor a role here that day, where he is a delegate: he is taken for each of them.';
COMMENT ON COLUMN finance_prepared_act.exception_id IS 'The exception under which a preparer approved; null where a second person did.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_prepared_revision', 'finance_prepared_act'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;

CREATE FUNCTION finance_lock_prepared(p_organisation int, p_prepared int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM ledger_require_writable(p_organisation);
    PERFORM FROM finance_prepared WHERE organisation_id = p_organisation AND id = p_prepared FOR UPDATE;
END $$;
COMMENT ON FUNCTION finance_lock_prepared IS 'Lets those who act on one prepared entry come one after another.';

CREATE FUNCTION finance_lenders(p_actor int, p_organisation int, p_on_behalf_of int) RETURNS int[] LANGUAGE sql STABLE AS
$$
    SELECT ARRAY(SELECT p_on_behalf_of
                 UNION
                 SELECT g.on_behalf_of FROM reference_grants_of(p_actor, reference_today()) g
                  WHERE g.organisation_id = p_organisation AND g.on_behalf_of IS NOT NULL
                  ORDER BY 1)
     WHERE p_on_behalf_of IS NOT NULL
$$;
COMMENT ON FUNCTION finance_lenders IS 'For whom a delegate is taken: everybody who lends him a role at the organisation today; null for who acts by their own right.';

CREATE FUNCTION finance_exception_by_another() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF NEW.user_id = ANY (finance_lenders(NEW.allowed_by, NEW.organisation_id, ledger_on_behalf_of())) THEN
        RAISE EXCEPTION 'user % lends a role to user %, who allows the exception', NEW.user_id, NEW.allowed_by USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION finance_exception_by_another() IS 'A delegate allows nothing to who lent him a role.';
CREATE TRIGGER by_another BEFORE INSERT ON finance_duty_exception FOR EACH ROW EXECUTE FUNCTION finance_exception_by_another();

-- The one place that moves a prepared entry on; a preparer, or who acts for one, does not approve without an exception.
CREATE FUNCTION finance_prepared_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    p finance_prepared%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'prepared' THEN '{draft, prepared, returned}' WHEN 'withdrawn' THEN '{prepared, returned}'
                     ELSE '{prepared}' END;
    v_own boolean;
BEGIN
    SELECT * INTO p FROM finance_prepared WHERE organisation_id = NEW.organisation_id AND id = NEW.prepared_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM p.version + 1 OR NOT p.state = ANY (v_from)
       OR NEW.revision <> p.revision + (NEW.act = 'prepared')::int THEN
        PERFORM ledger_refuse('QZ081', 'prepared-changed');
    END IF;
    NEW.lenders := coalesce(finance_lenders(NEW.actor_id, NEW.organisation_id, NEW.on_behalf_of), '{}');
    IF NEW.act = 'approved' THEN
        v_own := EXISTS (SELECT FROM finance_prepared_act a
                          WHERE a.organisation_id = NEW.organisation_id AND a.prepared_id = NEW.prepared_id AND a.act = 'prepared'
                            AND (a.actor_id || a.lenders) && (NEW.actor_id || NEW.lenders));
        IF v_own <> (NEW.exception_id IS NOT NULL) OR v_own AND NOT EXISTS (
                SELECT FROM finance_duty_exception x
                 WHERE x.organisation_id = NEW.organisation_id AND x.id = NEW.exception_id AND x.user_id = NEW.actor_id
                   AND x.in_force @> reference_today()) THEN
            PERFORM ledger_refuse('QZ082', 'own-entry');
        END IF;
    END IF;
    UPDATE finance_prepared
       SET state = NEW.act, version = NEW.version, revision = NEW.revision,
           prepared_by = CASE NEW.act WHEN 'prepared' THEN NEW.actor_id ELSE prepared_by END
     WHERE organisation_id = NEW.organisation_id AND id = NEW.prepared_id;
    RETURN NEW;
END $$;
CREATE TRIGGER step BEFORE INSERT ON finance_prepared_act FOR EACH ROW EXECUTE FUNCTION finance_prepared_step();

CREATE FUNCTION finance_approved_is_posted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM finance_prepared p
                 JOIN finance_prepared_revision r ON (r.organisation_id, r.prepared_id, r.no) = (p.organisation_id, p.id, p.revision)
                 JOIN ledger_command c ON (c.organisation_id, c.key, c.content_hash) = (p.organisation_id, p.key, r.content_hash)
                WHERE p.organisation_id = NEW.organisation_id AND p.id = NEW.prepared_id) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'prepared entry %/% is approved but not posted', NEW.organisation_id, NEW.prepared_id USING ERRCODE = 'check_violation';
END $$;
CREATE CONSTRAINT TRIGGER posted AFTER INSERT ON finance_prepared_act DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.act = 'approved') EXECUTE FUNCTION finance_approved_is_posted();

-- ---------------------------------------------------------------------------------------------- no other door

-- Every entry draws its number from its series' row, so that row is where a journal is watched: a flag that is false
-- costs posting nothing, and a flag that is true has what was numbered looked at before the transaction commits.
ALTER TABLE ledger_number ADD COLUMN guarded boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN ledger_number.guarded IS 'Whether the journal needs, or once needed, an approval of its entries; finance_journal_duty says on which days.';

CREATE FUNCTION finance_guard_journal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock(NEW.organisation_id, -NEW.journal_id);
        UPDATE ledger_number SET guarded = true
         WHERE organisation_id = NEW.organisation_id AND journal_id = NEW.journal_id AND NOT guarded;
    END IF;
    UPDATE ledger_edition SET edition = edition + 1;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION finance_guard_journal() IS 'Watches the series there are; programs that remember who approves what ask again.';
CREATE TRIGGER guard AFTER INSERT OR UPDATE OR DELETE ON finance_journal_duty FOR EACH ROW EXECUTE FUNCTION finance_guard_journal();

CREATE FUNCTION finance_guard_series() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(NEW.organisation_id, -NEW.journal_id);
    NEW.guarded := EXISTS (SELECT FROM finance_journal_duty d
                            WHERE d.organisation_id = NEW.organisation_id AND d.journal_id = NEW.journal_id);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION finance_guard_series() IS 'Watches a series that begins; a setting made just now is waited for.';
CREATE TRIGGER guard BEFORE INSERT ON ledger_number FOR EACH ROW EXECUTE FUNCTION finance_guard_series();

CREATE FUNCTION finance_require_approval() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (
           SELECT FROM ledger_entry e
             JOIN finance_journal_duty d
               ON (d.organisation_id, d.journal_id) = (e.organisation_id, e.journal_id) AND d.in_force @> reference_day(e.recorded_at)
            WHERE e.organisation_id = NEW.organisation_id AND e.fiscal_year = NEW.fiscal_year AND e.journal_id = NEW.journal_id
              AND e.number > coalesce(OLD.last_number, 0) AND e.number <= NEW.last_number
              AND NOT EXISTS (
                  SELECT FROM ledger_command c
                    JOIN finance_prepared p ON p.organisation_id = c.organisation_id AND p.key = c.key AND p.state = 'approved'
                    JOIN finance_prepared_revision r
                      ON (r.organisation_id, r.prepared_id, r.no, r.content_hash) = (p.organisation_id, p.id, p.revision, c.content_hash)
                   WHERE c.organisation_id = e.organisation_id AND c.entry_id = e.id)) THEN
        PERFORM ledger_refuse('QZ080', 'approval-needed',
            jsonb_build_object('journal', (SELECT j.code FROM ledger_journal j WHERE j.id = NEW.journal_id)));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION finance_require_approval() IS 'Refuses numbers drawn for entries that nobody approved and that were recorded on days when their journal needs it.';
CREATE CONSTRAINT TRIGGER approved AFTER INSERT OR UPDATE ON ledger_number DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.guarded) EXECUTE FUNCTION finance_require_approval();

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_journal_duty', 'finance_duty_exception', 'finance_prepared', 'finance_prepared_revision',
                             'finance_prepared_act'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['finance_journal_duty', 'finance_duty_exception'] LOOP
        EXECUTE format('CREATE POLICY changes ON %I FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[])) '
                       'WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
        EXECUTE format('CREATE POLICY removes ON %I FOR DELETE USING (organisation_id = ANY ((SELECT ledger_writable())::int[]))', t);
        -- who administers sets them too, and reads no books by it
        EXECUTE format('CREATE POLICY reads_administered ON %I FOR SELECT USING (organisation_id = ANY ((SELECT reference_administered())::int[]))', t);
        EXECUTE format('CREATE POLICY writes_administered ON %I FOR INSERT '
                       'WITH CHECK (organisation_id = ANY ((SELECT reference_administered())::int[]))', t);
        EXECUTE format('CREATE POLICY changes_administered ON %I FOR UPDATE USING (organisation_id = ANY ((SELECT reference_administered())::int[])) '
                       'WITH CHECK (organisation_id = ANY ((SELECT reference_administered())::int[]))', t);
        EXECUTE format('CREATE POLICY removes_administered ON %I FOR DELETE USING (organisation_id = ANY ((SELECT reference_administered())::int[]))', t);
    END LOOP;
END $$;
GRANT SELECT ON finance_journal_duty, finance_duty_exception, finance_prepared, finance_prepared_revision, finance_prepared_act
    TO qazyna_app;
GRANT INSERT (organisation_id, journal_id, in_force), UPDATE (in_force), DELETE ON finance_journal_duty TO qazyna_app;
GRANT INSERT (organisation_id, user_id, in_force, reason, allowed_by, origin), UPDATE (in_force), DELETE
    ON finance_duty_exception TO qazyna_app;
GRANT INSERT (organisation_id, key) ON finance_prepared TO qazyna_app;
GRANT INSERT ON finance_prepared_revision, finance_prepared_act TO qazyna_app;

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'finance\_%' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION finance_lock_prepared TO qazyna_app;
