"""Shipments: mode, recipients, holds, documents, every ETA that we were told, and which change of status is legal."""

from shared.runtime import migrations

revision = "0004"
down_revision = "0003"

_CHANGE = r"""
-- What may follow what. A shipment that was delivered or cancelled stays so: a new journey is a new shipment.
CREATE TABLE shipment_status_transitions (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO shipment_status_transitions (from_status, to_status) VALUES
    ('in_transit', 'arrived'), ('in_transit', 'customs_hold'), ('in_transit', 'released'), ('in_transit', 'delivered'),
    ('in_transit', 'cancelled'),
    ('arrived', 'in_transit'), ('arrived', 'customs_hold'), ('arrived', 'released'), ('arrived', 'delivered'),
    ('arrived', 'cancelled'),
    ('customs_hold', 'in_transit'), ('customs_hold', 'arrived'), ('customs_hold', 'released'), ('customs_hold', 'delivered'),
    ('customs_hold', 'cancelled'),
    ('released', 'in_transit'), ('released', 'customs_hold'), ('released', 'delivered'), ('released', 'cancelled');

-- One address that a mail server could be asked for; the reader of imports is stricter and says why.
CREATE FUNCTION are_addresses(addresses text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(bool_and(char_length(address) <= 254 AND address ~ '^[!-?A-~]+@[!-?A-~]+$'), true)
          FROM unnest(addresses) AS address);

ALTER TABLE shipments
    ADD COLUMN mode              text CHECK (mode IN ('sea', 'air', 'road', 'rail', 'parcel', 'multimodal')),
    ADD COLUMN recipients        text[] NOT NULL DEFAULT '{}'
                                 CHECK (cardinality(recipients) <= 20 AND are_addresses(recipients)),
    ADD COLUMN last_free_day     date CHECK (last_free_day BETWEEN '2000-01-01' AND '2099-12-31'),
    ADD COLUMN missing_documents text[] NOT NULL DEFAULT '{}' CHECK (cardinality(missing_documents) <= 50),
    ADD COLUMN version           bigint NOT NULL DEFAULT 1,            -- the entity tag
    ADD COLUMN changed_by        text NOT NULL DEFAULT 'system:import' CHECK (char_length(changed_by) <= 200),
    ADD COLUMN previous_status   text,                                 -- kept by a trigger; NULL until the first change
    ADD COLUMN watched_until     timestamptz,                          -- when it left the statuses that are watched
    ADD CONSTRAINT shipments_status_transition
        FOREIGN KEY (previous_status, status) REFERENCES shipment_status_transitions (from_status, to_status),
    ALTER COLUMN recipient_email DROP NOT NULL;
UPDATE shipments SET recipients = ARRAY[recipient_email], watched_until = CASE WHEN NOT watched THEN updated_at END;

CREATE FUNCTION note_status_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.previous_status := OLD.status;
    IF is_watched(OLD.status) AND NOT is_watched(NEW.status) THEN
        NEW.watched_until := now();
    ELSIF is_watched(NEW.status) THEN
        NEW.watched_until := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER shipments_status_change BEFORE UPDATE OF status ON shipments
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_status_change();

-- Every ETA that we were told, the first one included; written by triggers, so that no way of writing can forget it.
CREATE TABLE eta_revisions (
    shipment_id uuid NOT NULL REFERENCES shipments ON DELETE CASCADE,
    revision    integer NOT NULL CHECK (revision >= 1),
    eta         date NOT NULL,
    told_at     timestamptz NOT NULL DEFAULT now(),
    told_by     text NOT NULL,
    PRIMARY KEY (shipment_id, revision)
);
INSERT INTO eta_revisions (shipment_id, revision, eta, told_at, told_by)
SELECT id, 1, original_eta, created_at, 'system:import' FROM shipments
 UNION ALL
SELECT id, eta_revision, current_eta, updated_at, 'system:import' FROM shipments WHERE eta_revision > 1;

CREATE FUNCTION keep_first_etas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO eta_revisions (shipment_id, revision, eta, told_by) SELECT id, eta_revision, current_eta, changed_by FROM told;
    RETURN NULL;
END $$;
CREATE FUNCTION keep_revised_eta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO eta_revisions (shipment_id, revision, eta, told_by)
    VALUES (NEW.id, NEW.eta_revision, NEW.current_eta, NEW.changed_by);
    RETURN NULL;
END $$;
CREATE TRIGGER shipments_first_etas AFTER INSERT ON shipments
    REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION keep_first_etas();
-- By row: a join of the old and the new ones keeps the plan of its first statement, whose few rows make it a nested loop.
CREATE TRIGGER shipments_revised_eta AFTER UPDATE ON shipments
    FOR EACH ROW WHEN (OLD.eta_revision <> NEW.eta_revision) EXECUTE FUNCTION keep_revised_eta();

-- Another ETA is another revision, whoever writes it and whatever he forgets; the first one stays as it is.
CREATE FUNCTION note_eta_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.original_eta <> OLD.original_eta THEN
        RAISE EXCEPTION 'original_eta is the first ETA that we were told, and stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.current_eta <> OLD.current_eta AND NEW.eta_revision = OLD.eta_revision THEN
        NEW.eta_revision := OLD.eta_revision + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER shipments_eta_change BEFORE UPDATE OF current_eta, original_eta ON shipments
    FOR EACH ROW WHEN ((OLD.current_eta, OLD.original_eta) IS DISTINCT FROM (NEW.current_eta, NEW.original_eta))
    EXECUTE FUNCTION note_eta_change();

-- Why goods are held. A kind of hold is in force once at a time.
CREATE TABLE shipment_holds (
    id          uuid PRIMARY KEY,
    shipment_id uuid NOT NULL REFERENCES shipments ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('customs', 'freight', 'document', 'inspection', 'other')),
    placed_on   date NOT NULL CHECK (placed_on BETWEEN '2000-01-01' AND '2099-12-31'),
    released_on date,
    fee_minor   bigint CHECK (fee_minor >= 0),
    currency    char(3) CHECK (currency ~ '^[A-Z]{3}$'),
    note        text CHECK (char_length(note) <= 1000),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (released_on >= placed_on AND released_on <= '2099-12-31'),
    CHECK ((fee_minor IS NULL) = (currency IS NULL))
);
CREATE UNIQUE INDEX shipment_holds_in_force ON shipment_holds (shipment_id, kind) WHERE released_on IS NULL;
CREATE INDEX shipment_holds_of_shipment ON shipment_holds (shipment_id);
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
