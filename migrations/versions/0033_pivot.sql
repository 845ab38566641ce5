-- Pivot: kept layouts, files on their way into a version, and what the books say of what was paid and spent.

-- ---------------------------------------------------------------------------------------------- actuals

-- Payments are the credit of planned assignments, less what came back to them from elsewhere than financing: plans are
-- reduced by red figures of their debit (typical entries 5 and 170), so a credit is always money paid.
CREATE VIEW pub_finance_actuals WITH (security_invoker = true) AS
    SELECT b.organisation_id, extract(year FROM b.month)::int AS fiscal_year,
           CASE a.kind WHEN 'budgetary' THEN 'paid' WHEN 'expense' THEN 'spent' ELSE 'earned' END AS measure,
           a.code AS account, NULL::text AS against, c.programme, c.specific, c.source,
           sum(CASE a.kind WHEN 'budgetary' THEN b.credit_tiyn WHEN 'expense' THEN b.debit_tiyn - b.credit_tiyn
                           ELSE b.credit_tiyn - b.debit_tiyn END)::bigint AS actual_tiyn
      FROM ledger_account_balance b
      JOIN ledger_account a ON a.id = b.account_id AND a.kind IN ('budgetary', 'expense', 'revenue')
      JOIN ledger_classification c ON c.id = b.classification_id
     WHERE b.kind = 0
     GROUP BY 1, 2, 3, 4, 6, 7, 8
     UNION ALL
    SELECT d.organisation_id, p.fiscal_year, 'paid', a.code, o.code, c.programme, c.specific, c.source,
           -sum(p.amount_tiyn)::bigint
      FROM ledger_account a
      JOIN ledger_subaccount d ON d.account_id = a.id
      JOIN ledger_classification c ON c.id = d.classification_id
      JOIN ledger_posting p ON p.organisation_id = d.organisation_id AND p.debit_id = d.id
      JOIN ledger_entry e ON e.organisation_id = p.organisation_id AND e.fiscal_year = p.fiscal_year AND e.id = p.entry_id
                         AND e.balance_kind = 0
      JOIN ledger_subaccount s ON s.organisation_id = p.organisation_id AND s.id = p.credit_id
      JOIN ledger_account o ON o.id = s.account_id AND o.kind NOT IN ('budgetary', 'revenue')
     WHERE a.kind = 'budgetary'
     GROUP BY 1, 2, 4, 5, 6, 7, 8;
COMMENT ON VIEW pub_finance_actuals IS 'What the books say was paid, spent and earned, by organisation, year, account and budget classification: for all contexts; who reads the books sees it.';
COMMENT ON COLUMN pub_finance_actuals.measure IS 'paid: from planned assignments, less what was returned to them (cash execution); spent: net debit of expense accounts; earned: net credit of revenue accounts; both without the closing of a year.';
COMMENT ON COLUMN pub_finance_actuals.against IS 'Account that money was returned from; null for what was paid, spent and earned.';
GRANT SELECT ON pub_finance_actuals TO qazyna_app;

CREATE FUNCTION finance_actuals_for_plans(p_owner int, p_organisations int[], p_years int[], p_measure text)
RETURNS TABLE (organisation_id int, fiscal_year int, programme text, specific text, source text, actual_tiyn bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    WITH asked AS MATERIALIZED (
        SELECT o.id, y.year
          FROM unnest(p_years) AS y(year)
         CROSS JOIN LATERAL (
               SELECT unnest(p_organisations)
               UNION
               SELECT r.organisation_id FROM reference_reach(p_owner, 'planner', least(make_date(y.year, 12, 31), reference_today())) r) o(id)
         WHERE o.id = ANY (coalesce(economy_readable(), '{}'))
    )
    SELECT f.organisation_id, f.fiscal_year, f.programme, f.specific, f.source, sum(f.actual_tiyn)::bigint
      FROM pub_finance_actuals f
      JOIN asked a ON a.id = f.organisation_id AND a.year = f.fiscal_year
     WHERE f.organisation_id = ANY (ARRAY(SELECT id FROM asked)) AND f.fiscal_year = ANY (p_years) AND f.measure = p_measure
     GROUP BY 1, 2, 3, 4, 5
$$;
COMMENT ON FUNCTION finance_actuals_for_plans IS 'Yearly totals by classification of some organisations and of those below one, for who reads plans there: the figure that a report on execution has, and nothing of the books behind it.';
REVOKE ALL ON FUNCTION finance_actuals_for_plans FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finance_actuals_for_plans TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- layouts

CREATE TABLE economy_layout (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    shared boolean NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT economy_layout_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT economy_layout_name_key UNIQUE (organisation_id, owner_id, name),
    CONSTRAINT economy_layout_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT economy_layout_named CHECK (length(btrim(name)) BETWEEN 1 AND 120),
    CONSTRAINT economy_layout_short CHECK (length(query) <= 2000)
);
COMMENT ON TABLE economy_layout IS 'Pivots that people keep under a name: they are asked of any version of any plan of the organisation.';
COMMENT ON COLUMN economy_layout.query IS 'What the address asks for: rows, columns, filters, actuals, unit.';
COMMENT ON COLUMN economy_layout.shared IS 'Whether all who read the organisation''s plans see it.';

DO $$
DECLARE own text := 'organisation_id = ANY ((SELECT economy_readable())::int[]) AND owner_id = (SELECT reference_actor())';
BEGIN
    ALTER TABLE economy_layout ENABLE ROW LEVEL SECURITY;
    CREATE POLICY reads ON economy_layout FOR SELECT
        USING (organisation_id = ANY ((SELECT economy_readable())::int[]) AND (shared OR owner_id = (SELECT reference_actor())));
    EXECUTE format('CREATE POLICY keeps ON economy_layout FOR INSERT WITH CHECK (%s)', own);
    EXECUTE format('CREATE POLICY changes ON economy_layout FOR UPDATE USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY removes ON economy_layout FOR DELETE USING (%s)', own);
END $$;
GRANT SELECT, INSERT (organisation_id, owner_id, name, query, shared), UPDATE (query, shared, saved_at), DELETE ON economy_layout TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- files

CREATE TABLE economy_intake (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    key uuid NOT NULL,
    plan_id int NOT NULL,
    version_id int NOT NULL,
    name text NOT NULL,
    brought jsonb NOT NULL,
    mended jsonb NOT NULL DEFAULT '{}',
    revision int NOT NULL DEFAULT 1,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted_at timestamptz,
    cells int,
    CONSTRAINT economy_intake_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT economy_intake_key_key UNIQUE (organisation_id, owner_id, key),
    CONSTRAINT economy_intake_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT economy_intake_version_fkey FOREIGN KEY (organisation_id, plan_id, version_id) REFERENCES economy_version,
    CONSTRAINT economy_intake_name_short CHECK (length(name) <= 200),
    CONSTRAINT economy_intake_form CHECK (jsonb_typeof(brought) = 'array' AND jsonb_typeof(mended) = 'object'),
    CONSTRAINT economy_intake_accepted CHECK ((accepted_at IS NULL) = (cells IS NULL))
);
CREATE INDEX economy_intake_by_owner ON economy_intake (organisation_id, owner_id, id);
COMMENT ON TABLE economy_intake IS 'Files of figures that a person brought for a version: no part of it before they are accepted; nobody but their owner sees them.';
COMMENT ON COLUMN economy_intake.brought IS 'Rows as they came: the number of each and the texts of its cells; never changed.';
COMMENT ON COLUMN economy_intake.mended IS 'What the person wrote over cells, by address (B7), and rows they left out, by number (7: null).';
COMMENT ON COLUMN economy_intake.revision IS 'Grows with every change; who saves names the one that they saw.';
COMMENT ON COLUMN economy_intake.cells IS 'Cells of the version that the file changed once it was accepted.';

DO $$
DECLARE own text := 'organisation_id = ANY ((SELECT economy_writable())::int[]) AND owner_id = (SELECT reference_actor())';
BEGIN
    ALTER TABLE economy_intake ENABLE ROW LEVEL SECURITY;
    CREATE POLICY reads ON economy_intake FOR SELECT
        USING (organisation_id = ANY ((SELECT economy_readable())::int[]) AND owner_id = (SELECT reference_actor()));
    EXECUTE format('CREATE POLICY writes ON economy_intake FOR INSERT WITH CHECK (%s)', own);
    EXECUTE format('CREATE POLICY changes ON economy_intake FOR UPDATE USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY removes ON economy_intake FOR DELETE USING (%s)', own);
END $$;
GRANT SELECT, INSERT (organisation_id, owner_id, key, plan_id, version_id, name, brought),
    UPDATE (mended, revision, updated_at, accepted_at, cells), DELETE ON economy_intake TO qazyna_app;
