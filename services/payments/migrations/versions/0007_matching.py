"""Manufacturers, what they can make by when, and the offers that are made to them for the lines of orders."""

from shared.runtime import migrations

revision = "0007"
down_revision = "0006"

_MANUFACTURERS = r"""
CREATE TABLE manufacturers (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    code            text NOT NULL CHECK (char_length(code) BETWEEN 1 AND 40),   -- by which people and files name it
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    email           text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 320), -- where offers go
    latitude        double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude       double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    serves          text[] CHECK (cardinality(serves) >= 1),                    -- GST codes of states; NULL: everywhere
    active          boolean NOT NULL DEFAULT true,
    blocked_reason  text CHECK (char_length(blocked_reason) BETWEEN 1 AND 500), -- such as a list of sanctions
    blocked_at      timestamptz,
    blocked_by      text CHECK (char_length(blocked_by) <= 200),
    version         bigint NOT NULL DEFAULT 1,                                  -- the entity tag
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, code),
    CONSTRAINT manufacturer_is_blocked_for_a_reason CHECK (num_nonnulls(blocked_reason, blocked_at, blocked_by) IN (0, 3))
);

-- What a manufacturer can make: from how many units on, at which price, how soon, and how many in a day or a week.
CREATE TABLE manufacturer_capabilities (
    manufacturer_id  uuid NOT NULL REFERENCES manufacturers ON DELETE CASCADE,
    capability       text NOT NULL CHECK (capability ~ '^[a-z][a-z0-9_]{0,63}$'),
    organization_id  uuid NOT NULL,
    minimum_quantity integer NOT NULL CHECK (minimum_quantity BETWEEN 1 AND 1000000000),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor BETWEEN 1 AND 10000000000),
    currency         char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    lead_time_days   integer NOT NULL CHECK (lead_time_days BETWEEN 0 AND 730),
    capacity_units   integer NOT NULL CHECK (capacity_units BETWEEN 0 AND 1000000000),
    capacity_period  text NOT NULL CHECK (capacity_period IN ('day', 'week')),
    PRIMARY KEY (manufacturer_id, capability)
);
CREATE INDEX manufacturer_capabilities_wanted ON manufacturer_capabilities (organization_id, capability);

-- A day, or a week from its Monday on, of which something is reserved. capacity_units follows the capability's, but never falls
-- below what is promised already.
CREATE TABLE capacity_periods (
    manufacturer_id uuid NOT NULL,
    capability      text NOT NULL,
    starts_on       date NOT NULL,
    capacity_units  integer NOT NULL,
    reserved_units  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (manufacturer_id, capability, starts_on),
    FOREIGN KEY (manufacturer_id, capability) REFERENCES manufacturer_capabilities ON DELETE CASCADE,
    CONSTRAINT capacity_is_not_overdrawn CHECK (reserved_units BETWEEN 0 AND capacity_units)
) WITH (fillfactor = 70);

-- How it went so far, counted by the statement that records a delivery.
CREATE TABLE manufacturer_records (
    manufacturer_id uuid PRIMARY KEY REFERENCES manufacturers ON DELETE CASCADE,
    deliveries      bigint NOT NULL CHECK (deliveries >= 0),
    on_time         bigint NOT NULL CHECK (on_time BETWEEN 0 AND deliveries),
    units           bigint NOT NULL CHECK (units >= 0),
    rejected        bigint NOT NULL CHECK (rejected BETWEEN 0 AND units)
);
"""

_MATCHING = r"""
-- How an organization's orders are matched. The newest version holds; what was published is never changed.
CREATE TABLE matching_policies (
    organization_id      uuid,
    number               integer CHECK (number >= 1),
    price_weight         smallint NOT NULL CHECK (price_weight BETWEEN 0 AND 100),
    lead_time_weight     smallint NOT NULL CHECK (lead_time_weight BETWEEN 0 AND 100),
    distance_weight      smallint NOT NULL CHECK (distance_weight BETWEEN 0 AND 100),
    quality_weight       smallint NOT NULL CHECK (quality_weight BETWEEN 0 AND 100),
    on_time_weight       smallint NOT NULL CHECK (on_time_weight BETWEEN 0 AND 100),
    load_weight          smallint NOT NULL CHECK (load_weight BETWEEN 0 AND 100),
    distance_limit_km    integer NOT NULL CHECK (distance_limit_km BETWEEN 1 AND 20040),
    most_manufacturers   smallint NOT NULL CHECK (most_manufacturers BETWEEN 1 AND 3),
    offer_minutes        integer NOT NULL CHECK (offer_minutes BETWEEN 5 AND 43200),
    horizon_days         integer NOT NULL CHECK (horizon_days BETWEEN 1 AND 365),
    matches_from         text NOT NULL CHECK (matches_from IN ('placed', 'paid')),
    alert_after_hours    integer NOT NULL CHECK (alert_after_hours BETWEEN 1 AND 8760),
    alert_email          text CHECK (char_length(alert_email) BETWEEN 3 AND 320),
    time_zone            text NOT NULL CHECK (char_length(time_zone) <= 100),
    published_at         timestamptz NOT NULL DEFAULT now(),
    published_by         text NOT NULL CHECK (char_length(published_by) <= 200),
    PRIMARY KEY (organization_id, number),
    CONSTRAINT matching_policy_weighs_something CHECK (
        price_weight + lead_time_weight + distance_weight + quality_weight + on_time_weight + load_weight > 0)
);
CREATE TRIGGER matching_policies_are_kept BEFORE UPDATE OR DELETE ON matching_policies
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Where an order stands on its way to manufacturers. Rows are never taken away, so an order without one is new.
CREATE TABLE order_matches (
    order_id        uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    state           text NOT NULL CHECK (state IN ('waiting', 'unmatched', 'offered', 'assigned', 'done', 'withdrawn',
                                                   'not_needed')),
    round           integer NOT NULL DEFAULT 0 CHECK (round >= 0), -- how often offers were made
    capabilities    text[] NOT NULL,
    order_version   bigint NOT NULL,                               -- of the order, when it was looked at
    waiting_since   timestamptz NOT NULL,
    tried_at        timestamptz,
    reason_code     text CHECK (char_length(reason_code) <= 50),   -- why no manufacturer was found the last time
    reason          text CHECK (char_length(reason) <= 2000),
    retry_at        timestamptz,                                   -- of an unmatched one, when it waits again by itself
    alerted_at      timestamptz,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unmatched_order_has_a_reason CHECK (state <> 'unmatched' OR num_nonnulls(reason_code, reason, retry_at) = 3)
);
CREATE INDEX order_matches_waiting ON order_matches (organization_id, waiting_since, order_id) WHERE state = 'waiting';
CREATE INDEX order_matches_unmatched ON order_matches (organization_id, retry_at) WHERE state = 'unmatched';
CREATE INDEX order_matches_not_alerted ON order_matches (organization_id, waiting_since)
    WHERE state IN ('waiting', 'unmatched', 'offered') AND alerted_at IS NULL;
CREATE INDEX order_matches_under_way ON order_matches (order_id)
    WHERE state IN ('waiting', 'unmatched', 'offered', 'assigned', 'not_needed');
CREATE INDEX order_matches_of_organization ON order_matches (organization_id, order_id);

-- For organizations that have orders made before they are paid.
CREATE INDEX orders_unpaid ON orders (organization_id) WHERE status IN ('placed', 'partially_paid');

-- What may make an unmatched order worth another try. Whoever changes something only appends, and so waits for nobody.
CREATE TABLE matching_changes (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    capability      text                                           -- NULL: any of them
);
CREATE INDEX matching_changes_of_organization ON matching_changes (organization_id, id);

CREATE TABLE match_runs (
    id              uuid PRIMARY KEY,                              -- of the message or request that has begun it
    organization_id uuid,                                          -- NULL: all of them
    order_id        uuid,                                          -- NULL: all that waited
    requested_by    text NOT NULL CHECK (char_length(requested_by) <= 200),
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at     timestamptz,
    chunks          integer NOT NULL DEFAULT 0,
    orders          integer NOT NULL DEFAULT 0,
    offered         integer NOT NULL DEFAULT 0,
    unmatched       integer NOT NULL DEFAULT 0,
    working_ms      bigint NOT NULL DEFAULT 0
);
CREATE INDEX match_runs_newest ON match_runs (started_at, id);

-- Who could make a capability at the time of a run, kept once for all runs that found the same.
CREATE TABLE match_pools (
    organization_id uuid,
    digest          bytea CHECK (octet_length(digest) = 32),       -- SHA-256 of members
    capability      text NOT NULL,
    members         json NOT NULL,
    PRIMARY KEY (organization_id, digest)
);
CREATE TABLE match_explanations (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    order_id        uuid NOT NULL,
    run_id          uuid NOT NULL,
    outcome         text NOT NULL CHECK (outcome IN ('offered', 'unmatched')),
    policy_number   integer NOT NULL,                              -- 0: the built-in one
    decided_at      timestamptz NOT NULL,
    facts           bytea NOT NULL                                 -- JSON, packed by zlib: a fifth of the server's time for it
);
ALTER TABLE match_explanations ALTER COLUMN facts SET STORAGE EXTERNAL;
CREATE INDEX match_explanations_of_order ON match_explanations (order_id, id);
CREATE TRIGGER match_explanations_are_kept BEFORE UPDATE ON match_explanations
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

_OFFERS = r"""
CREATE TABLE offer_transitions_allowed (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO offer_transitions_allowed (from_status, to_status) VALUES
    ('open', 'accepted'), ('open', 'declined'), ('open', 'expired'), ('open', 'withdrawn'), ('accepted', 'withdrawn');

CREATE TABLE match_offers (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    order_id        uuid NOT NULL REFERENCES order_matches,
    manufacturer_id uuid NOT NULL REFERENCES manufacturers,
    run_id          uuid NOT NULL,
    round           integer NOT NULL CHECK (round >= 1),
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'declined', 'expired', 'withdrawn')),
    previous_status text,                                          -- kept by a trigger; NULL until the first change
    currency        char(3) NOT NULL,
    total_minor     bigint NOT NULL CHECK (total_minor >= 1),
    ready_on        date NOT NULL,
    expires_at      timestamptz NOT NULL,
    token_hash      bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at      timestamptz NOT NULL,
    accepted_at     timestamptz,
    ended_at        timestamptz,                                   -- when it was declined, has expired or was withdrawn
    answered_by     text CHECK (char_length(answered_by) <= 200),
    reason          text CHECK (char_length(reason) <= 500),
    UNIQUE (order_id, manufacturer_id, round),
    FOREIGN KEY (previous_status, status) REFERENCES offer_transitions_allowed (from_status, to_status),
    CONSTRAINT offer_that_ended_has_a_moment CHECK ((ended_at IS NOT NULL) = (status NOT IN ('open', 'accepted'))),
    CONSTRAINT offer_that_was_accepted_has_a_moment CHECK (status <> 'accepted' OR accepted_at IS NOT NULL)
);
CREATE INDEX match_offers_open ON match_offers (expires_at, id) WHERE status = 'open';
CREATE INDEX match_offers_open_with ON match_offers (manufacturer_id) WHERE status = 'open';
CREATE INDEX match_offers_of_organization ON match_offers (organization_id, id);
CREATE FUNCTION note_previous_offer_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.previous_status := OLD.status;
    RETURN NEW;
END $$;
CREATE TRIGGER match_offers_status_change BEFORE UPDATE OF status ON match_offers
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_previous_offer_status();

-- live: while the offer is open or accepted. A line is never with two manufacturers at once.
CREATE TABLE match_offer_lines (
    offer_id           uuid NOT NULL REFERENCES match_offers,
    order_id           uuid NOT NULL,
    line_number        integer NOT NULL,
    manufacturer_id    uuid NOT NULL,
    round              integer NOT NULL,
    capability         text NOT NULL,
    quantity           integer NOT NULL CHECK (quantity >= 1),
    unit_price_minor   bigint NOT NULL CHECK (unit_price_minor >= 1),
    delivered_quantity integer NOT NULL DEFAULT 0,
    live               boolean NOT NULL DEFAULT true,
    PRIMARY KEY (offer_id, line_number),
    UNIQUE (order_id, line_number, manufacturer_id, round),
    CONSTRAINT not_more_is_delivered_than_ordered CHECK (delivered_quantity BETWEEN 0 AND quantity)
);
CREATE UNIQUE INDEX match_offer_lines_live ON match_offer_lines (order_id, line_number) WHERE live;

-- What is given back to capacity_periods when the offer ends. It outlives them: a capability may be taken away.
CREATE TABLE capacity_reservations (
    offer_id        uuid NOT NULL,
    line_number     integer NOT NULL,
    manufacturer_id uuid NOT NULL,
    capability      text NOT NULL,
    starts_on       date NOT NULL,
    units           integer NOT NULL CHECK (units >= 1),
    PRIMARY KEY (offer_id, line_number, starts_on),
    FOREIGN KEY (offer_id, line_number) REFERENCES match_offer_lines
);

CREATE TABLE manufacturer_deliveries (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    manufacturer_id uuid NOT NULL REFERENCES manufacturers,
    offer_id        uuid NOT NULL,
    line_number     integer NOT NULL,
    delivered_on    date NOT NULL,
    quantity        integer NOT NULL CHECK (quantity >= 1),
    rejected        integer NOT NULL CHECK (rejected BETWEEN 0 AND quantity),
    on_time         boolean NOT NULL,
    payable_minor   bigint NOT NULL CHECK (payable_minor >= 0),
    currency        char(3) NOT NULL,
    recorded_at     timestamptz NOT NULL,
    recorded_by     text NOT NULL CHECK (char_length(recorded_by) <= 200),
    FOREIGN KEY (offer_id, line_number) REFERENCES match_offer_lines
);
CREATE INDEX manufacturer_deliveries_of_manufacturer ON manufacturer_deliveries (manufacturer_id, id);
CREATE INDEX manufacturer_deliveries_of_offer ON manufacturer_deliveries (offer_id, id);
CREATE TRIGGER manufacturer_deliveries_are_kept BEFORE UPDATE OR DELETE ON manufacturer_deliveries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    migrations.script(_MANUFACTURERS)
    migrations.script(_MATCHING)
    migrations.script(_OFFERS)
