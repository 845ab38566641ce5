-- The trail beside plans and people: who reads those reads what happened to them.

CREATE FUNCTION base_of_the_plans(p_subject text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT split_part(p_subject, ':', 1) IN ('plan', 'version', 'scenario') $$;
COMMENT ON FUNCTION base_of_the_plans IS 'Whether an event tells of a plan: then it is read with the plans too.';

CREATE FUNCTION base_of_the_staff(p_subject text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT split_part(p_subject, ':', 1) IN ('person', 'unit', 'request') $$;
COMMENT ON FUNCTION base_of_the_staff IS 'Whether an event tells of people who serve: then it is read with the records of staff too.';

ALTER POLICY reads ON base_audit_event USING (
    CASE WHEN organisation_id IS NOT NULL AND base_of_the_books(subject) THEN organisation_id = ANY ((SELECT ledger_readable())::int[])
         ELSE coalesce(organisation_id, 0) = ANY ((SELECT base_audited())::int[])
              OR base_of_the_plans(subject) AND organisation_id = ANY ((SELECT economy_readable())::int[])
              OR base_of_the_staff(subject) AND organisation_id = ANY ((SELECT hr_readable())::int[]) END);
REVOKE ALL ON FUNCTION base_of_the_plans, base_of_the_staff FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_of_the_plans, base_of_the_staff TO qazyna_app;
