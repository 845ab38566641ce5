-- Jobs, attachments, comments, notifications, mail.

-- ---------------------------------------------------------------------------------------------- the queue

COMMENT ON TABLE procrastinate_jobs IS 'The queue of the library procrastinate: what a worker is to take up. Done rows are deleted.';
COMMENT ON TABLE procrastinate_workers IS 'Workers that run, of the library procrastinate; one whose heartbeat stopped is dead.';
COMMENT ON TABLE procrastinate_events IS 'What became of a row of the queue, of the library procrastinate.';
COMMENT ON TABLE procrastinate_periodic_defers IS 'Of the library procrastinate; not used.';

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate\_%' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION procrastinate_register_worker_v1(), procrastinate_unregister_worker_v1(bigint),
    procrastinate_update_heartbeat_v1(bigint), procrastinate_prune_stalled_workers_v1(float),
    procrastinate_fetch_job_v2(varchar[], bigint), procrastinate_retry_job_v2(bigint, timestamptz, int, varchar, varchar),
    procrastinate_finish_job_v1(bigint, procrastinate_job_status, boolean) TO qazyna_app;
-- A worker takes up, puts back and finishes; putting in is the triggers' below.
GRANT SELECT, DELETE, UPDATE (status, worker_id, attempts, scheduled_at, priority, queue_name, lock, abort_requested)
    ON procrastinate_jobs TO qazyna_app;
GRANT SELECT, INSERT, DELETE, UPDATE (last_heartbeat) ON procrastinate_workers TO qazyna_app;
GRANT SELECT, INSERT (job_id, type, at) ON procrastinate_events TO qazyna_app;
GRANT USAGE ON SEQUENCE procrastinate_events_id_seq TO qazyna_app;
GRANT SELECT (job_id), UPDATE (job_id) ON procrastinate_periodic_defers TO qazyna_app;

CREATE FUNCTION base_defer(p_queue text, p_args jsonb, p_not_before timestamptz DEFAULT NULL) RETURNS void LANGUAGE sql AS
$$ SELECT procrastinate_defer_jobs_v1(ARRAY[
       ROW(p_queue, p_queue, 0, NULL, NULL, p_args, p_not_before)::procrastinate_job_to_defer_v1]) $$;
REVOKE ALL ON FUNCTION base_defer FROM PUBLIC;
COMMENT ON FUNCTION base_defer IS 'Puts one task into the queue that has its name, to be taken up once this transaction commits.';

-- ---------------------------------------------------------------------------------------------- jobs

CREATE TABLE base_job (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    kind text NOT NULL,
    asked_by int NOT NULL,
    origin text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'queued',
    attempt int NOT NULL DEFAULT 0,
    broken_off int NOT NULL DEFAULT 0,
    phase text NOT NULL DEFAULT '',
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    cancel_asked boolean NOT NULL DEFAULT false,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    result jsonb,
    error jsonb,
    CONSTRAINT base_job_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT base_job_key UNIQUE (organisation_id, key),
    CONSTRAINT base_job_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT base_job_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES reference_user,
    CONSTRAINT base_job_state_known CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    CONSTRAINT base_job_finished_when_over CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT base_job_done_has_result CHECK (CASE state WHEN 'done' THEN result IS NOT NULL WHEN 'failed' THEN true ELSE result IS NULL END),
    CONSTRAINT base_job_failed_has_error CHECK ((state = 'failed') = (error IS NOT NULL)),
    CONSTRAINT base_job_progress_positive CHECK (attempt >= broken_off AND broken_off >= 0 AND done >= 0 AND total >= 0)
);
CREATE INDEX base_job_by_person ON base_job (asked_by, id);
CREATE INDEX base_job_under_way ON base_job (id) WHERE state IN ('queued', 'running');
COMMENT ON TABLE base_job IS 'Work that a person left to the program: what was asked, how far it is, what became of it.';
COMMENT ON COLUMN base_job.key IS 'Idempotency key: the same key is one job.';
COMMENT ON COLUMN base_job.origin IS 'From where it was asked; what the job does is recorded as done from there.';
COMMENT ON COLUMN base_job.facts IS 'What was asked, as its kind understands it.';
COMMENT ON COLUMN base_job.attempt IS 'How often a worker took it up; only the last of them may report and finish.';
COMMENT ON COLUMN base_job.broken_off IS 'How many attempts ended without a word since a person asked for it last: their worker was killed, or lost the database.';
COMMENT ON COLUMN base_job.result IS 'What it brought, or what beside the error is to be known of its failure, as its kind understands it.';
COMMENT ON COLUMN base_job.phase IS 'What it is busy with; done and total count within the phase, in units of its own.';
COMMENT ON COLUMN base_job.cancel_asked IS 'The person wants it stopped; the worker stops it at its next report.';
COMMENT ON COLUMN base_job.error IS 'Why it failed: code, English template and fields of the refusal.';

ALTER TABLE base_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_job FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY ask ON base_job FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
CREATE POLICY work ON base_job FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[]))
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
GRANT SELECT, INSERT (organisation_id, key, kind, asked_by, origin, facts),
    UPDATE (state, attempt, broken_off, phase, done, total, cancel_asked, started_at, finished_at, result, error)
    ON base_job TO qazyna_app;

CREATE FUNCTION base_job_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF OLD.state || ' ' || NEW.state NOT IN (
        'queued queued', 'queued running', 'queued cancelled',
        'running running', 'running queued', 'running done', 'running failed', 'running cancelled',
        'failed queued', 'cancelled queued') OR NEW.attempt < OLD.attempt THEN
        RAISE EXCEPTION 'job %: from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON base_job FOR EACH ROW EXECUTE FUNCTION base_job_guard();

-- A job that is queued is in the queue, whoever queued it: none is forgotten.
CREATE FUNCTION base_job_defer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM base_defer('job', jsonb_build_object('organisation', NEW.organisation_id, 'job', NEW.id));
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION base_job_defer() FROM PUBLIC;
CREATE TRIGGER defer_new AFTER INSERT ON base_job FOR EACH ROW EXECUTE FUNCTION base_job_defer();
CREATE TRIGGER defer_again AFTER UPDATE ON base_job FOR EACH ROW
    WHEN (NEW.state = 'queued' AND OLD.state <> 'queued') EXECUTE FUNCTION base_job_defer();

CREATE FUNCTION base_all_jobs(p_below bigint, p_limit int)
RETURNS TABLE (id bigint, organisation_id int, organisation_code text, organisation_name_kk text,
               organisation_name_ru text, organisation_name_en text, kind text, asked_by text, state text, attempt int,
               phase text, done bigint, total bigint, cancel_asked boolean, asked_at timestamptz,
               started_at timestamptz, finished_at timestamptz, error_code text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT j.id, j.organisation_id, o.code, o.name_kk, o.name_ru, o.name_en, j.kind, u.name, j.state, j.attempt,
           j.phase, j.done, j.total, j.cancel_asked, j.asked_at, j.started_at, j.finished_at, j.error ->> 'code'
      FROM base_job j
      JOIN reference_organisation o ON o.id = j.organisation_id
      JOIN reference_user u ON u.id = j.asked_by
     WHERE j.organisation_id = ANY ((SELECT reference_administered())::int[]) AND (p_below IS NULL OR j.id < p_below)
     ORDER BY j.id DESC LIMIT p_limit
$$;
REVOKE ALL ON FUNCTION base_all_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_all_jobs TO qazyna_app;
COMMENT ON FUNCTION base_all_jobs IS 'How the jobs stand at the organisations this transaction administers, the newest first, without what they are about and what they brought.';

CREATE FUNCTION base_order_job(p_id bigint, p_order text, p_own boolean) RETURNS TABLE (organisation_id int, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
BEGIN
    IF p_order = 'cancel' THEN
        RETURN QUERY UPDATE base_job j
           SET cancel_asked = true, state = CASE j.state WHEN 'queued' THEN 'cancelled' ELSE j.state END,
               finished_at = CASE j.state WHEN 'queued' THEN clock_timestamp() END
         WHERE j.id = p_id AND CASE WHEN p_own THEN j.asked_by = reference_actor() ELSE j.organisation_id = ANY (reference_administered()) END
           AND j.state IN ('queued', 'running')
        RETURNING j.organisation_id, j.state;
    ELSIF p_order = 'retry' THEN
        RETURN QUERY UPDATE base_job j
           SET state = 'queued', cancel_asked = false, phase = '', done = 0, total = 0, error = NULL, result = NULL,
               broken_off = 0, started_at = NULL, finished_at = NULL
         WHERE j.id = p_id AND CASE WHEN p_own THEN j.asked_by = reference_actor() ELSE j.organisation_id = ANY (reference_administered()) END
           AND j.state IN ('failed', 'cancelled')
        RETURNING j.organisation_id, j.state;
    END IF;
END $$;
REVOKE ALL ON FUNCTION base_order_job FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_order_job TO qazyna_app;
COMMENT ON FUNCTION base_order_job IS 'Cancels a job or has it tried again: the actor''s own, or one at an organisation this transaction administers. No row where its state does not allow it.';

-- ---------------------------------------------------------------------------------------------- attachments

CREATE TABLE base_blob (
    sha256 bytea NOT NULL,
    size_bytes int NOT NULL,
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT base_blob_pkey PRIMARY KEY (sha256),
    CONSTRAINT base_blob_named_by_content CHECK (sha256 = sha256(content)),
    CONSTRAINT base_blob_sized CHECK (size_bytes > 0 AND size_bytes = octet_length(content))
);
ALTER TABLE base_blob ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE base_blob IS 'Contents of files, each kept once under its SHA-256; append-only.';
COMMENT ON COLUMN base_blob.content IS 'As it was sent; not compressed, as most of what is attached is already.';

CREATE TABLE base_attachment (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size_bytes int NOT NULL,
    sha256 bytea NOT NULL,
    added_by int NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_by int,
    removed_at timestamptz,
    removed_why text,
    CONSTRAINT base_attachment_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT base_attachment_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT base_attachment_blob_fkey FOREIGN KEY (sha256) REFERENCES base_blob,
    CONSTRAINT base_attachment_subject_of_organisation CHECK (subject ~ ('^[a-z]+:' || organisation_id || '/.')),
    CONSTRAINT base_attachment_name_clean CHECK (octet_length(name) BETWEEN 1 AND 200 AND name !~ '[/\\[:cntrl:]]' AND name !~ '^\.'),
    CONSTRAINT base_attachment_removal_whole CHECK (
        (removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (removed_why IS NULL))
);
CREATE UNIQUE INDEX base_attachment_once ON base_attachment (organisation_id, subject, sha256) WHERE removed_at IS NULL;
CREATE INDEX base_attachment_by_content ON base_attachment (sha256);
COMMENT ON TABLE base_attachment IS 'A file at a subject, such as an entry; a removed one is hidden and stays on record.';
COMMENT ON COLUMN base_attachment.subject IS 'What it belongs to, as the audit trail writes it: kind:organisation/key.';
COMMENT ON COLUMN base_attachment.name IS 'As the person named it, cleaned of paths and of characters that mislead.';
COMMENT ON COLUMN base_attachment.media_type IS 'As the content was found to be, not as the sender said.';

ALTER TABLE base_attachment ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_attachment FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY attach ON base_attachment FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
CREATE POLICY remove ON base_attachment FOR UPDATE USING (organisation_id = ANY ((SELECT ledger_writable())::int[]))
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
GRANT SELECT, INSERT (organisation_id, subject, name, media_type, size_bytes, sha256, added_by),
    UPDATE (removed_by, removed_at, removed_why) ON base_attachment TO qazyna_app;

-- The rows of base_attachment that count here are those that this transaction may read.
ALTER TABLE base_blob ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_blob FOR SELECT USING (EXISTS (SELECT FROM base_attachment a WHERE a.sha256 = base_blob.sha256));
GRANT SELECT ON base_blob TO qazyna_app;

CREATE FUNCTION base_removed_once() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION 'attachment %: what is removed stays so', OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER removed_once BEFORE UPDATE ON base_attachment FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL)
    EXECUTE FUNCTION base_removed_once();
CREATE TRIGGER append_only BEFORE DELETE ON base_attachment FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON base_attachment FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON base_blob FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON base_blob FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

CREATE FUNCTION base_keep_blob(p_content bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE digest bytea := sha256(p_content);
BEGIN
    INSERT INTO base_blob (sha256, size_bytes, content) VALUES (digest, octet_length(p_content), p_content)
    ON CONFLICT DO NOTHING;
    RETURN digest;
END $$;
REVOKE ALL ON FUNCTION base_keep_blob FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_keep_blob TO qazyna_app;
COMMENT ON FUNCTION base_keep_blob IS 'Keeps a content once, whoever has it already, and returns its SHA-256.';

-- ---------------------------------------------------------------------------------------------- comments

CREATE TABLE base_comment (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL,
    key uuid NOT NULL,
    said text NOT NULL,
    author_id int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT base_comment_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT base_comment_key UNIQUE (organisation_id, key),
    CONSTRAINT base_comment_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT base_comment_subject_of_organisation CHECK (subject ~ ('^[a-z]+:' || organisation_id || '/.')),
    CONSTRAINT base_comment_said_something CHECK (btrim(said) <> '' AND length(said) <= 4000)
);
CREATE INDEX base_comment_by_subject ON base_comment (organisation_id, subject, id);
COMMENT ON TABLE base_comment IS 'What people say about a subject, such as an entry; append-only.';
COMMENT ON COLUMN base_comment.key IS 'Idempotency key: the same key is one comment.';

ALTER TABLE base_comment ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_comment FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
-- Who may read a document may speak of it: an auditor or a manager, who change nothing, as well.
CREATE POLICY say ON base_comment FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_readable())::int[]));
GRANT SELECT, INSERT (organisation_id, subject, key, said, author_id) ON base_comment TO qazyna_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON base_comment FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON base_comment FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- ---------------------------------------------------------------------------------------------- notifications and mail

CREATE TABLE base_notification (
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id int NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    actor_id int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at timestamptz,
    CONSTRAINT base_notification_pkey PRIMARY KEY (id),
    CONSTRAINT base_notification_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT base_notification_kind_form CHECK (kind ~ '^[a-z]+(-[a-z]+)*$')
);
CREATE INDEX base_notification_by_user ON base_notification (user_id, id);
CREATE INDEX base_notification_unread ON base_notification (user_id) WHERE read_at IS NULL;
COMMENT ON TABLE base_notification IS 'What a person is told of, written in the transaction that caused it.';
COMMENT ON COLUMN base_notification.subject IS 'What it is about and leads to, as the audit trail writes it.';
COMMENT ON COLUMN base_notification.facts IS 'What fills the sentence of its kind.';
COMMENT ON COLUMN base_notification.actor_id IS 'Who caused it; 0 for the program.';
ALTER TABLE base_notification ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_notification FOR SELECT
    USING (user_id = (SELECT reference_actor()) OR (SELECT reference_actor()) = 0);
CREATE POLICY tell ON base_notification FOR INSERT WITH CHECK (true);
CREATE POLICY mark ON base_notification FOR UPDATE
    USING (user_id = (SELECT reference_actor())) WITH CHECK (user_id = (SELECT reference_actor()));
GRANT SELECT, INSERT (user_id, kind, subject, facts, actor_id), UPDATE (read_at) ON base_notification TO qazyna_app;

CREATE TABLE base_contact (
    user_id int NOT NULL,
    address text NOT NULL,
    by_mail boolean NOT NULL,
    CONSTRAINT base_contact_pkey PRIMARY KEY (user_id),
    CONSTRAINT base_contact_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT base_contact_address_form CHECK (address = '' OR address ~ '^[^@[:space:][:cntrl:]<>,;:"()]+@[^@[:space:][:cntrl:]<>,;:"()]+$'),
    CONSTRAINT base_contact_mail_has_address CHECK (NOT by_mail OR address <> '')
);
COMMENT ON TABLE base_contact IS 'How a person is reached outside the program.';
COMMENT ON COLUMN base_contact.address IS 'Of electronic mail; empty where none is known.';
COMMENT ON COLUMN base_contact.by_mail IS 'Whether notifications are sent there as well.';
ALTER TABLE base_contact ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_contact FOR SELECT
    USING (user_id = (SELECT reference_actor()) OR (SELECT reference_actor()) = 0);
CREATE POLICY give ON base_contact FOR INSERT WITH CHECK (user_id = (SELECT reference_actor()));
CREATE POLICY change ON base_contact FOR UPDATE
    USING (user_id = (SELECT reference_actor())) WITH CHECK (user_id = (SELECT reference_actor()));
GRANT SELECT, INSERT, UPDATE (address, by_mail) ON base_contact TO qazyna_app;

CREATE TABLE base_mail (
    id bigint GENERATED ALWAYS AS IDENTITY,
    notification_id bigint NOT NULL,
    user_id int NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    message_id uuid NOT NULL DEFAULT gen_random_uuid(),
    state text NOT NULL DEFAULT 'waiting',
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    error text NOT NULL DEFAULT '',
    sent_at timestamptz,
    CONSTRAINT base_mail_pkey PRIMARY KEY (id),
    CONSTRAINT base_mail_notification_key UNIQUE (notification_id),
    CONSTRAINT base_mail_notification_fkey FOREIGN KEY (notification_id) REFERENCES base_notification,
    CONSTRAINT base_mail_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT base_mail_state_known CHECK (state IN ('waiting', 'sent', 'dead')),
    CONSTRAINT base_mail_sent_when_sent CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX base_mail_unsent ON base_mail (state, id) WHERE state <> 'sent';
COMMENT ON TABLE base_mail IS 'The outbox: notifications that leave by mail, written with their cause and sent at least once.';
COMMENT ON COLUMN base_mail.message_id IS 'The same at each attempt, so that a letter sent twice is seen to be one.';
COMMENT ON COLUMN base_mail.state IS 'waiting: to be sent at next_at; dead: given up, an administrator may have it tried again.';
COMMENT ON COLUMN base_mail.error IS 'What the last attempt met with.';
ALTER TABLE base_mail ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON base_mail FOR SELECT USING ((SELECT reference_actor()) = 0 OR reference_may_manage(user_id));
CREATE POLICY send ON base_mail FOR UPDATE USING ((SELECT reference_actor()) = 0 OR reference_may_manage(user_id))
    WITH CHECK ((SELECT reference_actor()) = 0 OR reference_may_manage(user_id));
GRANT SELECT, UPDATE (state, attempts, next_at, error, sent_at) ON base_mail TO qazyna_app;

-- Whoever tells a person of something need not know how that person is reached.
CREATE FUNCTION base_notification_mail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    INSERT INTO base_mail (notification_id, user_id)
    SELECT NEW.id, NEW.user_id FROM base_contact c WHERE c.user_id = NEW.user_id AND c.by_mail;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION base_notification_mail() FROM PUBLIC;
CREATE TRIGGER mail AFTER INSERT ON base_notification FOR EACH ROW EXECUTE FUNCTION base_notification_mail();

CREATE FUNCTION base_mail_defer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM base_defer('mail', jsonb_build_object('mail', NEW.id), nullif(greatest(NEW.next_at, now()), now()));
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION base_mail_defer() FROM PUBLIC;
CREATE TRIGGER defer_new AFTER INSERT ON base_mail FOR EACH ROW EXECUTE FUNCTION base_mail_defer();
CREATE TRIGGER defer_again AFTER UPDATE ON base_mail FOR EACH ROW
    WHEN (NEW.state = 'waiting' AND (OLD.state <> 'waiting' OR NEW.next_at > OLD.next_at)) EXECUTE FUNCTION base_mail_defer();
