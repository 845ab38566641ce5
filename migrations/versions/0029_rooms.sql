-- Planning and people: whose plans and whose records a transaction may read and write.

CREATE FUNCTION economy_readable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.plans', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION economy_readable() IS 'Organisations whose plans this transaction may read.';

CREATE FUNCTION economy_writable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.edits', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION economy_writable() IS 'Organisations whose plans this transaction may change.';

CREATE FUNCTION hr_readable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.staff', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION hr_readable() IS 'Organisations whose records of staff this transaction may read.';

CREATE FUNCTION hr_writable() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.keeps', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION hr_writable() IS 'Organisations whose records of staff this transaction may change.';

CREATE FUNCTION hr_deciding() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.decides', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION hr_deciding() IS 'Organisations where this transaction decides on absences.';

CREATE FUNCTION hr_serving() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.serves', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION hr_serving() IS 'Organisations where the actor serves, and asks for themselves.';

REVOKE ALL ON FUNCTION economy_readable(), economy_writable(), hr_readable(), hr_writable(), hr_deciding(), hr_serving() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION economy_readable(), economy_writable(), hr_readable(), hr_writable(), hr_deciding(), hr_serving() TO qazyna_app;
