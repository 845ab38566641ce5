-- Lists of people that nobody accepts and nobody throws away do not stay for ever.

CREATE FUNCTION hr_put_away_intakes(p_days int) RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF (reference_actor() = 0 AND p_days >= 1) IS NOT TRUE THEN
        RAISE EXCEPTION 'lists of people are put away by the program, after whole days' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
    WITH old AS (SELECT organisation_id, id, accepted_at IS NULL AS is_untaken FROM hr_intake
                  WHERE brought IS NOT NULL AND updated_at < clock_timestamp() - make_interval(days => p_days)
                    FOR UPDATE SKIP LOCKED),
         gone AS (DELETE FROM hr_intake i USING old
                   WHERE (i.organisation_id, i.id) = (old.organisation_id, old.id) AND old.is_untaken
                  RETURNING i.organisation_id),
         emptied AS (UPDATE hr_intake i SET brought = NULL, mended = NULL, revision = i.revision + 1 FROM old
                      WHERE (i.organisation_id, i.id) = (old.organisation_id, old.id) AND NOT old.is_untaken
                     RETURNING i.organisation_id)
    SELECT organisation_id FROM gone UNION SELECT organisation_id FROM emptied;
END $$;
COMMENT ON FUNCTION hr_put_away_intakes IS 'Puts away the lists of people that still hold rows and that nobody has touched for so many days, and says at which organisations; for the program itself.';
REVOKE ALL ON FUNCTION hr_put_away_intakes(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_put_away_intakes(int) TO qazyna_app;
