-- Somebody on record is found by number and name together, and an account that nobody's record keeps is free again.

CREATE FUNCTION hr_folded(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT translate(base_search_fold(p_text), 'әғқңөұүһі', 'агкноуухи') $$;
COMMENT ON FUNCTION hr_folded(text) IS 'As base_search_fold, and letters of Kazakh alone as the Russian ones that are typed for them.';

DROP FUNCTION hr_persons_known(int, bytea[]);
CREATE FUNCTION hr_persons_claimed(p_organisation int, p_indexes bytea[], p_names text[])
RETURNS TABLE (place int, person_id int, is_own boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT DISTINCT c.place::int, n.person_id, n.person_id IS NOT NULL AND hr_own(n.person_id)
      FROM unnest(p_indexes, p_names) WITH ORDINALITY AS c(index, name, place)
      JOIN hr_person_fact f ON f.identity_index = c.index AND f.superseded_xid IS NULL
      LEFT JOIN hr_person_name n ON n.person_id = f.person_id
            AND starts_with(hr_folded(c.name) || ' ', hr_folded(n.family_name || ' ' || n.given_name) || ' ')
     WHERE p_organisation = ANY (hr_writable())
$$;
COMMENT ON FUNCTION hr_persons_claimed IS 'Who has some identity numbers, wherever they serve, each said with a full name: by its place, the person if it begins with a family and a given name that they have had, else null; no row where nobody has the number. For who keeps records.';

CREATE OR REPLACE FUNCTION hr_link_user(p_organisation int, p_person int, p_user int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF p_organisation <> ALL (hr_writable()) IS NOT FALSE OR NOT hr_keeps(ARRAY[p_organisation], p_person) OR hr_own(p_person)
       OR p_user IS NOT NULL AND NOT EXISTS (SELECT FROM reference_grants_of(p_user, reference_today()) g WHERE g.organisation_id = p_organisation)
    THEN
        RETURN false;
    END IF;
    UPDATE hr_person SET user_id = NULL WHERE user_id = p_user AND id <> p_person AND NOT EXISTS (SELECT FROM hr_keepers(id));
    UPDATE hr_person SET user_id = p_user
     WHERE id = p_person AND NOT EXISTS (SELECT FROM hr_person o WHERE o.user_id = p_user AND o.id <> p_person);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION hr_link_user IS 'Says which account is a person''s, by who keeps their record; the account has a role there, and is nobody else''s whose record anybody keeps. Null takes it away.';

REVOKE ALL ON FUNCTION hr_folded(text), hr_persons_claimed(int, bytea[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_folded(text), hr_persons_claimed(int, bytea[], text[]) TO qazyna_app;
