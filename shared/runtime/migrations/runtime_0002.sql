-- What every service knows of access, the same in each schema. The analytics service decides on it, and tells the others by
-- events; in its own schema these tables are where it is decided.

-- The tenants. version: of the newest event that was applied.
CREATE TABLE organizations (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    status     text NOT NULL CHECK (status IN ('active', 'suspended')),
    version    bigint NOT NULL CHECK (version >= 1),
    changed_at timestamptz NOT NULL
);

-- Tokens that are refused although they have not expired: one by its id, all of a session, of a subject, of a signing key.
CREATE TABLE access_revocations (
    kind         text NOT NULL CHECK (kind IN ('token', 'session', 'subject', 'key')),
    key          text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 300),
    issued_until timestamptz NOT NULL,               -- tokens that were issued later are good
    expires_at   timestamptz NOT NULL,               -- by then all that it refuses is over by itself
    PRIMARY KEY (kind, key)
);
CREATE INDEX access_revocations_expiry ON access_revocations (expires_at);

-- API keys. Of the secret there is a hash alone; see shared/runtime/auth/api_keys.py.
CREATE TABLE api_keys (
    id              text PRIMARY KEY CHECK (id ~ '^[a-z0-9]{12}$'),
    secret_hash     text NOT NULL CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    scopes          text[] NOT NULL,
    organization_id uuid,
    expires_at      timestamptz,
    revoked_at      timestamptz,
    version         bigint NOT NULL CHECK (version >= 1)
);

-- Each line of the audit holds a hash over itself and the line before, so that none can be changed or taken out unseen. Lines
-- from before this migration have none.
ALTER TABLE operations_audit ADD COLUMN chained_after bytea;
ALTER TABLE operations_audit ADD COLUMN chain bytea;

-- The newest line. Its lock puts writers in the order of the chain; a removed end is seen by it.
CREATE TABLE audit_head (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    line_id bigint,
    chain   bytea NOT NULL
);
INSERT INTO audit_head (chain) VALUES (decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_chain(before bytea, line operations_audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(before || convert_to(jsonb_build_array(
               line.id, (extract(epoch FROM line.at) * 1000000)::bigint, line.actor, line.action, line.target, line.reason,
               line.details, line.undo_id)::text, 'UTF8'))
$$;

-- Numbers are drawn anew under the lock, so that their order is the chain's.
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    SELECT chain INTO STRICT NEW.chained_after FROM audit_head FOR UPDATE;
    NEW.id := nextval(pg_get_serial_sequence('operations_audit', 'id'));
    NEW.chain := audit_chain(NEW.chained_after, NEW);
    UPDATE audit_head SET line_id = NEW.id, chain = NEW.chain;
    RETURN NEW;
END $$;
CREATE TRIGGER operations_audit_chain BEFORE INSERT ON operations_audit FOR EACH ROW EXECUTE FUNCTION chain_audit();

-- Signed before old lines are let go of: where the chain was. signature: a JWS over the other columns.
CREATE TABLE audit_checkpoints (
    id            uuid PRIMARY KEY,
    through_id    bigint NOT NULL UNIQUE,
    through_chain bytea NOT NULL,
    lines         bigint NOT NULL CHECK (lines >= 1),
    made_at       timestamptz NOT NULL,
    kid           text NOT NULL,
    signature     text NOT NULL
);
CREATE FUNCTION check_audit_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM operations_audit WHERE id = NEW.through_id AND chain = NEW.through_chain) THEN
        RAISE EXCEPTION 'a checkpoint names a line of the audit and its hash' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_checkpoints_true BEFORE INSERT ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION check_audit_checkpoint();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM audit_checkpoints WHERE through_id >= OLD.id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER operations_audit_append_only ON operations_audit;
CREATE TRIGGER operations_audit_append_only BEFORE UPDATE OR DELETE ON operations_audit
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();

-- The head is moved by the trigger alone, which runs as the schema's owner.
DO $$
DECLARE
    grantee name;
BEGIN
    FOR grantee IN SELECT DISTINCT rolname FROM pg_class, aclexplode(relacl) AS held JOIN pg_roles ON pg_roles.oid = held.grantee
                    WHERE pg_class.oid = 'audit_head'::regclass AND rolname <> current_user
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON audit_head FROM %I', grantee);
    END LOOP;
END $$;
