-- Plans: leaves, versions, edits, overlays.
--
-- A version is an overlay upon its parent as that stood after a given number of edits.  A cell of an overlay stands from
-- the edit that said it up to, not including, the edit that said otherwise: the overlay, its history and what an edit
-- did are one table, so they cannot disagree, and what a version held after its n-th edit never changes.

CREATE TABLE economy_plan (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    name text NOT NULL,
    base_year smallint NOT NULL,
    first_year smallint NOT NULL,
    last_year smallint NOT NULL,
    author_id int NOT NULL DEFAULT reference_actor(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT economy_plan_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT economy_plan_key UNIQUE (organisation_id, key),
    CONSTRAINT economy_plan_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT economy_plan_named CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    CONSTRAINT economy_plan_years CHECK (base_year >= 2000 AND base_year <= first_year AND first_year <= last_year
                                         AND last_year < base_year + 40)
);
COMMENT ON TABLE economy_plan IS 'A budget as it is planned: its years and, below, its lines and versions; of the organisation that plans it.';
COMMENT ON COLUMN economy_plan.base_year IS 'The first of the base years (report, current), after which the plan years follow.';
COMMENT ON COLUMN economy_plan.first_year IS 'The first of the plan years.';

CREATE TABLE economy_leaf (
    organisation_id int NOT NULL,
    plan_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    section text NOT NULL,
    budget_id int NOT NULL,
    institution_id int NOT NULL,
    programme text NOT NULL,
    economic text NOT NULL,
    source text NOT NULL,
    region text NOT NULL,
    CONSTRAINT economy_leaf_pkey PRIMARY KEY (organisation_id, plan_id, id),
    CONSTRAINT economy_leaf_once UNIQUE (organisation_id, plan_id, section, budget_id, institution_id, programme, economic, source, region),
    CONSTRAINT economy_leaf_plan_fkey FOREIGN KEY (organisation_id, plan_id) REFERENCES economy_plan,
    CONSTRAINT economy_leaf_budget_fkey FOREIGN KEY (budget_id) REFERENCES reference_organisation,
    CONSTRAINT economy_leaf_institution_fkey FOREIGN KEY (institution_id) REFERENCES reference_organisation,
    CONSTRAINT economy_leaf_section_known CHECK (section IN ('revenue', 'expenditure', 'lending', 'assets', 'financing')),
    CONSTRAINT economy_leaf_codes CHECK (economic ~ '^[0-9.]{1,20}$' AND programme ~ '^[0-9.]{0,20}$'
                                         AND source ~ '^[0-9A-Za-z.-]{0,20}$' AND region ~ '^[0-9A-Za-z.-]{0,20}$')
);
COMMENT ON TABLE economy_leaf IS 'Lines of a plan, each interned once for all its versions; append-only.';
COMMENT ON COLUMN economy_leaf.budget_id IS 'The body whose budget the line is of.';
COMMENT ON COLUMN economy_leaf.institution_id IS 'Who spends or collects.';
COMMENT ON COLUMN economy_leaf.programme IS 'AAA.PPP or AAA.PPP.SSS; empty for revenue and financing.';
COMMENT ON COLUMN economy_leaf.economic IS 'A specific of expenditure (three digits), or a revenue code (101201, 1.08.1).';
COMMENT ON COLUMN economy_leaf.source IS 'Source of the money: a typical subprogramme (015, 011); empty where it does not matter.';
COMMENT ON COLUMN economy_leaf.region IS 'Where it is spent: the BIN of the body of that territory; empty where it does not matter.';

CREATE TABLE economy_version (
    organisation_id int NOT NULL,
    plan_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    parent_id int,
    parent_edits int,
    kind text NOT NULL,
    name text NOT NULL,
    reason text NOT NULL,
    author_id int NOT NULL DEFAULT reference_actor(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    edits int NOT NULL DEFAULT 0,
    edited_at timestamptz,
    frozen_at timestamptz,
    frozen_by int,
    content_hash bytea,
    CONSTRAINT economy_version_pkey PRIMARY KEY (organisation_id, plan_id, id),
    CONSTRAINT economy_version_key UNIQUE (organisation_id, key),
    CONSTRAINT economy_version_plan_fkey FOREIGN KEY (organisation_id, plan_id) REFERENCES economy_plan,
    CONSTRAINT economy_version_parent_fkey FOREIGN KEY (organisation_id, plan_id, parent_id) REFERENCES economy_version,
    CONSTRAINT economy_version_parent_whole CHECK ((parent_id IS NULL) = (parent_edits IS NULL) AND (parent_id IS NULL) = (kind = 'base')),
    CONSTRAINT economy_version_parent_first CHECK (parent_id < id),
    CONSTRAINT economy_version_kind_known CHECK (kind IN ('base', 'draft', 'scenario', 'sandbox', 'approved')),
    CONSTRAINT economy_version_named CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    CONSTRAINT economy_version_frozen_whole CHECK (num_nonnulls(frozen_at, frozen_by, content_hash) IN (0, 3)),
    CONSTRAINT economy_version_hash_form CHECK (octet_length(content_hash) = 32)
);
CREATE UNIQUE INDEX economy_version_one_root ON economy_version (organisation_id, plan_id) WHERE parent_id IS NULL;
COMMENT ON TABLE economy_version IS 'Versions of a plan: a tree under one base, each an overlay of cells upon its parent.';
COMMENT ON COLUMN economy_version.parent_edits IS 'How many of the parent''s edits are seen: what the parent became since is not.';
COMMENT ON COLUMN economy_version.edits IS 'Number of its last edit; moved on by economy_edit alone.';
COMMENT ON COLUMN economy_version.frozen_at IS 'Since when it changes no more.';
COMMENT ON COLUMN economy_version.content_hash IS 'SHA-256 of its resolved cells in canonical order, as docs/adr/0034 says.';

CREATE TABLE economy_edit (
    organisation_id int NOT NULL,
    plan_id int NOT NULL,
    version_id int NOT NULL,
    no int NOT NULL,
    key uuid NOT NULL,
    content_hash bytea NOT NULL,
    author_id int NOT NULL DEFAULT reference_actor(),
    on_behalf_of int,
    people int[] NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL,
    undoes int,
    cells int NOT NULL,
    CONSTRAINT economy_edit_pkey PRIMARY KEY (organisation_id, plan_id, version_id, no),
    CONSTRAINT economy_edit_key UNIQUE (organisation_id, key),
    CONSTRAINT economy_edit_version_fkey FOREIGN KEY (organisation_id, plan_id, version_id) REFERENCES economy_version,
    CONSTRAINT economy_edit_undoes_fkey FOREIGN KEY (organisation_id, plan_id, version_id, undoes) REFERENCES economy_edit,
    CONSTRAINT economy_edit_undone_once UNIQUE (organisation_id, plan_id, version_id, undoes),
    CONSTRAINT economy_edit_undoes_earlier CHECK (undoes < no),
    CONSTRAINT economy_edit_reason_given CHECK (length(btrim(reason)) >= 3),
    CONSTRAINT economy_edit_of_something CHECK (cells > 0)
);
COMMENT ON TABLE economy_edit IS 'Who changed cells of a version, when and why: one row an act, numbered within the version; append-only.';
COMMENT ON COLUMN economy_edit.key IS 'Idempotency key; the same key with another content_hash is refused.';
COMMENT ON COLUMN economy_edit.people IS 'Who stands behind it: the author, and where a delegate acts everybody who lent them a role here that day.';
COMMENT ON COLUMN economy_edit.undoes IS 'The edit whose cells it puts back to what they were.';
COMMENT ON COLUMN economy_edit.cells IS 'How many cells it changed.';

CREATE TABLE economy_cell (
    organisation_id int NOT NULL,
    plan_id int NOT NULL,
    version_id int NOT NULL,
    leaf_id int NOT NULL,
    year smallint NOT NULL,
    edit_no int NOT NULL,
    until_no int NOT NULL DEFAULT 2147483647,
    amount_tiyn bigint,
    CONSTRAINT economy_cell_pkey PRIMARY KEY (organisation_id, plan_id, version_id, until_no, leaf_id, year),
    CONSTRAINT economy_cell_stands CHECK (edit_no < until_no),
    CONSTRAINT economy_cell_amount_in_range CHECK (amount_tiyn BETWEEN -9000000000000000 AND 9000000000000000)
);
COMMENT ON TABLE economy_cell IS 'What versions themselves say of cells: where a version says nothing, its parent''s cell shows; ended once, otherwise append-only.';
COMMENT ON COLUMN economy_cell.edit_no IS 'The edit that said it.';
COMMENT ON COLUMN economy_cell.until_no IS 'The edit that said otherwise, or let the parent''s cell show again; the largest int while it stands. In the key, it lets one row a cell stand.';
COMMENT ON COLUMN economy_cell.amount_tiyn IS 'Null takes the parent''s cell away: absent is not zero.';

-- ---------------------------------------------------------------------------------------------- what happens to them

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['economy_plan', 'economy_leaf', 'economy_edit'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;

CREATE FUNCTION economy_people(p_organisation int) RETURNS int[] LANGUAGE sql STABLE AS
$$
    SELECT ARRAY(SELECT reference_actor()
                 UNION
                 SELECT g.on_behalf_of FROM reference_grants_of(reference_actor(), reference_today()) g
                  WHERE g.organisation_id = p_organisation AND g.on_behalf_of IS NOT NULL AND ledger_on_behalf_of() IS NOT NULL
                 UNION
                 SELECT ledger_on_behalf_of() WHERE ledger_on_behalf_of() IS NOT NULL
                  ORDER BY 1)
$$;
COMMENT ON FUNCTION economy_people IS 'For whom the actor is taken: themselves and, where a delegate acts, everybody who lends them a role at the organisation.';

CREATE FUNCTION economy_version_begins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF (NEW.edits, NEW.author_id) IS DISTINCT FROM (0, reference_actor()) OR NEW.frozen_at IS NOT NULL OR NEW.edited_at IS NOT NULL
       OR NOT coalesce((SELECT NEW.parent_edits BETWEEN 0 AND p.edits FROM economy_version p
                         WHERE p.organisation_id = NEW.organisation_id AND p.plan_id = NEW.plan_id AND p.id = NEW.parent_id
                           FOR SHARE), NEW.parent_id IS NULL) THEN
        RAISE EXCEPTION 'version %/%/% begins otherwise than as a branch of what is there', NEW.organisation_id, NEW.plan_id, NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION economy_version_begins() IS 'A version begins without edits, upon edits that its parent has, in the name of who acts.';
CREATE TRIGGER begins BEFORE INSERT ON economy_version FOR EACH ROW EXECUTE FUNCTION economy_version_begins();

-- Whoever edited a version, or what it stands upon since the nearest frozen one, does not freeze it.
CREATE FUNCTION economy_edited_by(p_organisation int, p_plan int, p_version int) RETURNS int[] LANGUAGE sql STABLE AS
$$
    WITH RECURSIVE way AS (
        SELECT v.id, v.edits AS upto, v.parent_id, v.parent_edits FROM economy_version v
         WHERE v.organisation_id = p_organisation AND v.plan_id = p_plan AND v.id = p_version
        UNION ALL
        SELECT v.id, way.parent_edits, v.parent_id, v.parent_edits FROM way
          JOIN economy_version v ON v.organisation_id = p_organisation AND v.plan_id = p_plan AND v.id = way.parent_id
         WHERE v.frozen_at IS NULL
    )
    SELECT coalesce(array_agg(DISTINCT person), '{}')
      FROM way
      JOIN economy_edit e ON e.organisation_id = p_organisation AND e.plan_id = p_plan AND e.version_id = way.id AND e.no <= way.upto
     CROSS JOIN LATERAL unnest(e.people) AS person
$$;
COMMENT ON FUNCTION economy_edited_by IS 'Who stands behind the edits that a version would freeze: its own, and those of parents that are not frozen.';

CREATE FUNCTION economy_version_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND OLD.frozen_at IS NULL THEN
        IF NEW.edits = OLD.edits + 1 AND pg_trigger_depth() > 1
           AND to_jsonb(NEW) - '{edits,edited_at}'::text[] = to_jsonb(OLD) - '{edits,edited_at}'::text[] THEN
            RETURN NEW;
        END IF;
        IF NEW.frozen_at IS NOT NULL AND NEW.frozen_by = reference_actor()
           AND to_jsonb(NEW) - '{frozen_at,frozen_by,content_hash}'::text[] = to_jsonb(OLD) - '{frozen_at,frozen_by,content_hash}'::text[]
           AND NOT economy_edited_by(OLD.organisation_id, OLD.plan_id, OLD.id) && economy_people(OLD.organisation_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'version %/%/%: only an edit moves it on, and only who edited nothing of it freezes it, once',
        OLD.organisation_id, OLD.plan_id, OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER changes BEFORE UPDATE OR DELETE ON economy_version FOR EACH ROW EXECUTE FUNCTION economy_version_changes();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON economy_version FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

CREATE FUNCTION economy_edit_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    NEW.author_id := reference_actor();
    NEW.on_behalf_of := ledger_on_behalf_of();
    NEW.people := economy_people(NEW.organisation_id);
    NEW.at := clock_timestamp();
    UPDATE economy_version SET edits = NEW.no, edited_at = NEW.at
     WHERE organisation_id = NEW.organisation_id AND plan_id = NEW.plan_id AND id = NEW.version_id AND edits = NEW.no - 1 AND frozen_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'edit % of version %/%/% is not the next one, or the version is frozen', NEW.no, NEW.organisation_id,
            NEW.plan_id, NEW.version_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION economy_edit_step() IS 'The one place that moves a version on, by the next number; a frozen one never moves.';
CREATE TRIGGER step BEFORE INSERT ON economy_edit FOR EACH ROW EXECUTE FUNCTION economy_edit_step();

-- One look a statement: row by row, or by foreign keys, it would cost more than the cells themselves.
CREATE FUNCTION economy_cell_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT organisation_id, plan_id, version_id,
                                            CASE TG_OP WHEN 'INSERT' THEN edit_no ELSE until_no END AS no FROM said) c
                WHERE NOT EXISTS (SELECT FROM economy_version v
                                   WHERE v.organisation_id = c.organisation_id AND v.plan_id = c.plan_id AND v.id = c.version_id
                                     AND v.edits = c.no AND v.frozen_at IS NULL)) THEN
        RAISE EXCEPTION 'cells change only in the last edit of a version that is not frozen' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' AND EXISTS (
           SELECT FROM said c JOIN economy_plan p ON p.organisation_id = c.organisation_id AND p.id = c.plan_id
             LEFT JOIN economy_leaf l ON l.organisation_id = c.organisation_id AND l.plan_id = c.plan_id AND l.id = c.leaf_id
            WHERE l.id IS NULL OR c.year NOT BETWEEN p.base_year AND p.last_year OR c.until_no <> 2147483647) THEN
        RAISE EXCEPTION 'a cell is of a leaf and of a year of its own plan' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION economy_cell_guard() IS 'Cells begin and end in the edit that is being made, of their plan''s leaves and years, and never in a frozen version.';
CREATE TRIGGER guard_new AFTER INSERT ON economy_cell REFERENCING NEW TABLE AS said FOR EACH STATEMENT EXECUTE FUNCTION economy_cell_guard();
CREATE TRIGGER guard_ended AFTER UPDATE ON economy_cell REFERENCING NEW TABLE AS said FOR EACH STATEMENT EXECUTE FUNCTION economy_cell_guard();
CREATE TRIGGER ends_once BEFORE UPDATE ON economy_cell FOR EACH ROW
    WHEN (OLD.until_no <> 2147483647
          OR (OLD.organisation_id, OLD.plan_id, OLD.version_id, OLD.leaf_id, OLD.year, OLD.edit_no)
             <> (NEW.organisation_id, NEW.plan_id, NEW.version_id, NEW.leaf_id, NEW.year, NEW.edit_no)
          OR OLD.amount_tiyn IS DISTINCT FROM NEW.amount_tiyn)
    EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only BEFORE DELETE ON economy_cell FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON economy_cell FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- ---------------------------------------------------------------------------------------------- writing

CREATE FUNCTION economy_intern(
    p_organisation int, p_plan int, p_section text[], p_budget int[], p_institution int[], p_programme text[], p_economic text[],
    p_source text[], p_region text[])
RETURNS int[] LANGUAGE plpgsql AS
$$
DECLARE v_ids int[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('economy_leaf'), p_plan);
    INSERT INTO economy_leaf (organisation_id, plan_id, section, budget_id, institution_id, programme, economic, source, region)
    SELECT p_organisation, p_plan, u.s, u.b, u.i, u.p, u.e, u.o, u.r
      FROM (SELECT DISTINCT ON (s, b, i, p, e, o, r) s, b, i, p, e, o, r, place
              FROM unnest(p_section, p_budget, p_institution, p_programme, p_economic, p_source, p_region)
                   WITH ORDINALITY AS w(s, b, i, p, e, o, r, place)
             ORDER BY s, b, i, p, e, o, r, place) u
     WHERE NOT EXISTS (SELECT FROM economy_leaf l
                        WHERE (l.organisation_id, l.plan_id, l.section, l.budget_id, l.institution_id, l.programme, l.economic, l.source,
                               l.region) = (p_organisation, p_plan, u.s, u.b, u.i, u.p, u.e, u.o, u.r))
     ORDER BY u.place;
    SELECT array_agg(l.id ORDER BY w.place) INTO v_ids
      FROM unnest(p_section, p_budget, p_institution, p_programme, p_economic, p_source, p_region)
           WITH ORDINALITY AS w(s, b, i, p, e, o, r, place)
      JOIN economy_leaf l ON (l.organisation_id, l.plan_id, l.section, l.budget_id, l.institution_id, l.programme, l.economic, l.source,
                              l.region) = (p_organisation, p_plan, w.s, w.b, w.i, w.p, w.e, w.o, w.r);
    RETURN v_ids;
END $$;
COMMENT ON FUNCTION economy_intern IS 'Leaves in the order asked, new ones made. One transaction a plan at a time: whoever sees a leaf sees every leaf of a smaller id.';

CREATE FUNCTION economy_record_edit(
    p_organisation int, p_plan int, p_version int, p_no int, p_key uuid, p_hash bytea, p_reason text, p_undoes int,
    p_leaf int[], p_year smallint[], p_amount bigint[], p_own boolean[])
RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO economy_edit (organisation_id, plan_id, version_id, no, key, content_hash, reason, undoes, cells)
    VALUES (p_organisation, p_plan, p_version, p_no, p_key, p_hash, p_reason, p_undoes, cardinality(p_leaf));
    UPDATE economy_cell c SET until_no = p_no FROM unnest(p_leaf, p_year) AS w(leaf_id, year)
     WHERE c.organisation_id = p_organisation AND c.plan_id = p_plan AND c.version_id = p_version AND c.until_no = 2147483647
       AND c.leaf_id = w.leaf_id AND c.year = w.year;
    INSERT INTO economy_cell (organisation_id, plan_id, version_id, leaf_id, year, edit_no, amount_tiyn)
    SELECT p_organisation, p_plan, p_version, w.leaf_id, w.year, p_no, w.amount
      FROM unnest(p_leaf, p_year, p_amount, p_own) AS w(leaf_id, year, amount, own) WHERE w.own;
END $$;
COMMENT ON FUNCTION economy_record_edit IS 'The next edit of a version with its cells; where p_own is false, the parent''s cell shows again.';

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['economy_plan', 'economy_leaf', 'economy_version', 'economy_edit', 'economy_cell'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id = ANY ((SELECT economy_readable())::int[]))', t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT economy_writable())::int[]))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['economy_version', 'economy_cell'] LOOP
        EXECUTE format('CREATE POLICY changes ON %I FOR UPDATE USING (organisation_id = ANY ((SELECT economy_writable())::int[])) '
                       'WITH CHECK (organisation_id = ANY ((SELECT economy_writable())::int[]))', t);
    END LOOP;
END $$;
GRANT SELECT ON economy_plan, economy_leaf, economy_version, economy_edit, economy_cell TO qazyna_app;
GRANT INSERT (organisation_id, key, name, base_year, first_year, last_year) ON economy_plan TO qazyna_app;
GRANT INSERT (organisation_id, plan_id, section, budget_id, institution_id, programme, economic, source, region) ON economy_leaf TO qazyna_app;
GRANT INSERT (organisation_id, plan_id, key, parent_id, parent_edits, kind, name, reason), UPDATE (frozen_at, frozen_by, content_hash)
    ON economy_version TO qazyna_app;
GRANT INSERT (organisation_id, plan_id, version_id, no, key, content_hash, reason, undoes, cells) ON economy_edit TO qazyna_app;
GRANT INSERT (organisation_id, plan_id, version_id, leaf_id, year, edit_no, amount_tiyn), UPDATE (until_no) ON economy_cell TO qazyna_app;

DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc
              WHERE pronamespace = 'public'::regnamespace
                AND proname = ANY ('{economy_people,economy_version_begins,economy_edited_by,economy_version_changes,economy_edit_step,economy_cell_guard,economy_intern,economy_record_edit}') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION economy_intern, economy_record_edit, economy_edited_by TO qazyna_app;
