-- Signatures: the exact bytes, the container, the certificate and the time; whose certificates the program trusts; and by
-- what a person is known elsewhere.

-- ---------------------------------------------------------------------------------------------- signatures

CREATE TABLE reference_signature (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL,
    purpose text NOT NULL,
    signer_id int NOT NULL,
    on_behalf_of int,
    roles text[] NOT NULL DEFAULT '{}',
    origin text NOT NULL,
    method text NOT NULL,
    content bytea NOT NULL,
    content_sha256 bytea NOT NULL,
    container bytea,
    container_sha256 bytea,
    certificate bytea,
    chain bytea[] NOT NULL DEFAULT '{}',
    known_by text,
    serial text,
    name text,
    iin text,
    bin text,
    issuer text,
    valid_from timestamptz,
    valid_until timestamptz,
    claimed_at timestamptz,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    check_code text NOT NULL,
    CONSTRAINT reference_signature_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT reference_signature_code_key UNIQUE (organisation_id, check_code),
    CONSTRAINT reference_signature_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT reference_signature_signer_fkey FOREIGN KEY (signer_id) REFERENCES reference_user,
    CONSTRAINT reference_signature_on_behalf_of_fkey FOREIGN KEY (on_behalf_of) REFERENCES reference_user,
    CONSTRAINT reference_signature_method_known CHECK (method IN ('consent', 'cms')),
    CONSTRAINT reference_signature_purpose_given CHECK (purpose ~ '^[a-z][a-z0-9-]*$'),
    CONSTRAINT reference_signature_code_long CHECK (check_code ~ '^[0-9A-HJKMNP-TV-Z]{20}$'),
    CONSTRAINT reference_signature_content_kept CHECK (content_sha256 = sha256(content)),
    CONSTRAINT reference_signature_cms_whole CHECK (
        CASE method WHEN 'consent' THEN num_nonnulls(container, container_sha256, certificate, known_by, serial, name, iin, bin,
                                                     issuer, valid_from, valid_until, claimed_at) = 0
             ELSE num_nulls(container, container_sha256, certificate, known_by, serial, name, issuer, valid_from, valid_until) = 0
                  AND container_sha256 = sha256(container) END),
    CONSTRAINT reference_signature_known_by_known CHECK (known_by IN ('registered', 'iin'))
);
CREATE INDEX reference_signature_by_subject ON reference_signature (organisation_id, subject);
CREATE INDEX reference_signature_by_code ON reference_signature (check_code);
COMMENT ON TABLE reference_signature IS 'What was signed, byte for byte, by whom, how and when; append-only, its digests are in the sealed trail.';
COMMENT ON COLUMN reference_signature.subject IS 'What was signed, as the trail calls it: prepared:12/7.';
COMMENT ON COLUMN reference_signature.purpose IS 'What for: checked, first-signature, second-signature…';
COMMENT ON COLUMN reference_signature.on_behalf_of IS 'Whose rights the signer used, where he is a delegate.';
COMMENT ON COLUMN reference_signature.roles IS 'Roles that the signer held at the organisation that day.';
COMMENT ON COLUMN reference_signature.method IS 'consent: recorded here; cms: an electronic digital signature in a container.';
COMMENT ON COLUMN reference_signature.content IS 'Exactly the bytes that were signed.';
COMMENT ON COLUMN reference_signature.container IS 'CMS SignedData (RFC 5652), detached, exactly as it came.';
COMMENT ON COLUMN reference_signature.certificate IS 'The signer''s, DER.';
COMMENT ON COLUMN reference_signature.chain IS 'Certificates above the signer''s up to the trusted one, DER, as found when it was signed.';
COMMENT ON COLUMN reference_signature.known_by IS 'How the certificate is the signer''s: registered by them, or of their IIN.';
COMMENT ON COLUMN reference_signature.claimed_at IS 'Time of signing that the container claims: the clock of the signer''s own device.';
COMMENT ON COLUMN reference_signature.signed_at IS 'Time of the database when the signature was taken.';
COMMENT ON COLUMN reference_signature.check_code IS 'By which anybody who holds the document has the signature checked: 100 random bits in letters that are not mixed up.';

CREATE FUNCTION reference_signature_roles() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    NEW.roles := ARRAY(SELECT DISTINCT g.role FROM reference_grants_of(NEW.signer_id, reference_today()) g
                        WHERE g.organisation_id = NEW.organisation_id ORDER BY g.role);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION reference_signature_roles() IS 'In which capacity somebody signs is what the registers say that day, not what the program says.';
CREATE TRIGGER roles BEFORE INSERT ON reference_signature FOR EACH ROW EXECUTE FUNCTION reference_signature_roles();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reference_signature FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON reference_signature FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

ALTER TABLE reference_signature ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON reference_signature FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())));
CREATE POLICY signs ON reference_signature FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]) AND signer_id = (SELECT reference_actor()));
GRANT SELECT,
    INSERT (organisation_id, subject, purpose, signer_id, on_behalf_of, origin, method, content, content_sha256, container,
            container_sha256, certificate, chain, known_by, serial, name, iin, bin, issuer, valid_from, valid_until,
            claimed_at, check_code)
    ON reference_signature TO qazyna_app;

CREATE FUNCTION reference_signature_by_code(p_code text) RETURNS SETOF reference_signature
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT * FROM reference_signature WHERE check_code = p_code $$;
COMMENT ON FUNCTION reference_signature_by_code IS 'For who holds the document, and so knows the code: nobody guesses it.';
REVOKE ALL ON FUNCTION reference_signature_by_code FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reference_signature_by_code TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- whom the program trusts

CREATE TABLE reference_trusted_certificate (
    sha256 bytea NOT NULL,
    certificate bytea NOT NULL,
    is_root boolean NOT NULL,
    name text NOT NULL,
    serial text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    trusted_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz,
    CONSTRAINT reference_trusted_certificate_pkey PRIMARY KEY (sha256),
    CONSTRAINT reference_trusted_certificate_kept CHECK (sha256 = sha256(certificate))
);
COMMENT ON TABLE reference_trusted_certificate IS 'Certificates of certification centres: roots that are trusted, and centres under them; loaded by the administrator.';
COMMENT ON COLUMN reference_trusted_certificate.is_root IS 'Whether it is trusted by itself; the others lead from a signer to a root.';
COMMENT ON COLUMN reference_trusted_certificate.withdrawn_at IS 'From then on nothing is signed under it; what was signed before stays.';

CREATE TABLE reference_revocation_list (
    sha256 bytea NOT NULL,
    issuer bytea NOT NULL,
    name text NOT NULL,
    is_delta boolean NOT NULL,
    this_update timestamptz NOT NULL,
    next_update timestamptz,
    content bytea NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reference_revocation_list_pkey PRIMARY KEY (sha256),
    CONSTRAINT reference_revocation_list_kept CHECK (sha256 = sha256(content))
);
CREATE INDEX reference_revocation_list_by_issuer ON reference_revocation_list (issuer, is_delta, this_update);
COMMENT ON TABLE reference_revocation_list IS 'Lists of revoked certificates (CRL, RFC 5280) as centres publish them; old ones are kept: they say what was revoked when.';
COMMENT ON COLUMN reference_revocation_list.issuer IS 'Name of the centre, DER.';
COMMENT ON COLUMN reference_revocation_list.is_delta IS 'Whether it holds only what changed since another.';

CREATE FUNCTION reference_trust_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_TABLE_NAME = 'reference_trusted_certificate' AND TG_OP = 'UPDATE'
       AND to_jsonb(NEW) - 'withdrawn_at' = to_jsonb(OLD) - 'withdrawn_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%: what signatures were verified by stays', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
COMMENT ON FUNCTION reference_trust_guard() IS 'Trust is withdrawn, or given anew, but never forgotten.';
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON reference_trusted_certificate FOR EACH ROW EXECUTE FUNCTION reference_trust_guard();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON reference_revocation_list FOR EACH ROW EXECUTE FUNCTION reference_trust_guard();
-- Public knowledge; only the owner of the database loads it.
GRANT SELECT ON reference_trusted_certificate, reference_revocation_list TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- by what a person is known

CREATE TABLE reference_certificate (
    user_id int NOT NULL,
    sha256 bytea NOT NULL,
    certificate bytea NOT NULL,
    serial text NOT NULL,
    name text NOT NULL,
    iin text,
    bin text,
    issuer text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reference_certificate_pkey PRIMARY KEY (user_id, sha256),
    CONSTRAINT reference_certificate_once UNIQUE (sha256),
    CONSTRAINT reference_certificate_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT reference_certificate_kept CHECK (sha256 = sha256(certificate))
);
COMMENT ON TABLE reference_certificate IS 'Certificates that a person signs with here; each signed a challenge, so its key was at hand.';

CREATE TABLE reference_user_identity (
    user_id int NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    linked_by int NOT NULL DEFAULT coalesce(reference_actor(), 0),
    linked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reference_user_identity_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT reference_user_identity_one_each UNIQUE (user_id, issuer),
    CONSTRAINT reference_user_identity_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT reference_user_identity_given CHECK (issuer <> '' AND subject <> '')
);
COMMENT ON TABLE reference_user_identity IS 'By what a person is known elsewhere: the IIN of their certificates, the account they sign in with at a provider.';
COMMENT ON COLUMN reference_user_identity.issuer IS 'iin, or the address of an OpenID Connect provider.';
COMMENT ON COLUMN reference_user_identity.subject IS 'What the issuer calls the person: an IIN, a subject.';

-- A person's own; the program looks them up to find out who comes; who manages a person sees and mends them.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['reference_certificate', 'reference_user_identity'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own ON %I USING (user_id = (SELECT reference_actor()) OR (SELECT reference_actor()) = 0)', t);
        EXECUTE format('CREATE POLICY reads_managed ON %I FOR SELECT USING (reference_may_manage(user_id))', t);
        EXECUTE format('CREATE POLICY removes_managed ON %I FOR DELETE USING (reference_may_manage(user_id))', t);
    END LOOP;
END $$;
CREATE POLICY links_managed ON reference_user_identity FOR INSERT WITH CHECK (reference_may_manage(user_id));
GRANT SELECT, DELETE,
    INSERT (user_id, sha256, certificate, serial, name, iin, bin, issuer, valid_from, valid_until)
    ON reference_certificate TO qazyna_app;
GRANT SELECT, DELETE, INSERT (user_id, issuer, subject) ON reference_user_identity TO qazyna_app;
