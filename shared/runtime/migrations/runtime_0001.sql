-- The runtime's own tables, the same in the schema of every service. Applied by each service's
-- migration 0001. Never edited once released: a change is a new file and a new migration.

-- What this service has promised to send. A row is inserted by the transaction of the change that it
-- follows from, and deleted when the consumer's receipt says that it holds the message durably.
CREATE TABLE outbox (
    id             uuid PRIMARY KEY,                 -- the message id, for ever
    event_id       uuid,                             -- shared by the rows of one event
    lane           text NOT NULL,
    name           text NOT NULL,
    body           json NOT NULL CHECK (octet_length(body::text) <= 65536),
    correlation_id text NOT NULL,
    traceparent    text NOT NULL,
    occurred_at    timestamptz NOT NULL DEFAULT now(),
    due_at         timestamptz NOT NULL DEFAULT now(),
    state          smallint NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),  -- waiting, sent, cancelled
    sends          integer NOT NULL DEFAULT 0,
    isolate        boolean NOT NULL DEFAULT false,   -- a sent copy went unconfirmed: deliver it alone
    epoch          text,                             -- the broker's epoch at the last send
    confirm_by     timestamptz,                      -- when an unconfirmed row goes out again
    cancel_id      uuid                              -- the purge or cancellation that took it out, for undo
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX outbox_waiting ON outbox (lane, due_at, id) WHERE state = 0;
CREATE INDEX outbox_sent ON outbox (confirm_by) WHERE state = 1;
CREATE INDEX outbox_cancelled ON outbox (cancel_id) WHERE state = 2;
CREATE INDEX outbox_event ON outbox (event_id) WHERE event_id IS NOT NULL;

-- What this service has received: the fence that makes effects single, and the ledger of attempts.
-- Retries, delays after a failure, leftovers of a batch and expired leases live here.
CREATE TABLE inbox (
    id             uuid PRIMARY KEY,
    name           text NOT NULL,
    lane           text NOT NULL,
    source         text,                             -- the producing service; NULL for a plain Celery client
    state          smallint NOT NULL CHECK (state BETWEEN 0 AND 7),
                   -- 0 done, 1 leased, 2 retry, 3 queued (sent to the own lane), 4 parked, 5 dropped, 6 dead, 7 cancelled
    attempt        integer NOT NULL DEFAULT 1,
    crashes        integer NOT NULL DEFAULT 0,       -- attempts whose process vanished
    lease_token    uuid,
    lease_owner    text,                             -- host, pid and start time of the process that holds the lease
    due_at         timestamptz,                      -- leased: expiry; retry and parked: when to send; queued: when to send again
    epoch          text,                             -- queued: the broker's epoch at the send
    body           json,                             -- kept until done
    correlation_id text,
    traceparent    text,
    occurred_at    timestamptz NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    error_class    text,
    error          text,
    result         json,                             -- what a contract that answers has answered
    replay_of      uuid,
    cancel_id      uuid,
    CHECK (state <> 1 OR lease_token IS NOT NULL),   -- what is leased has a holder
    CHECK (state NOT IN (1, 2, 3, 4) OR due_at IS NOT NULL)  -- what is pending comes up again
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX inbox_pending ON inbox (lane, due_at, id) WHERE state IN (1, 2, 3, 4);
CREATE INDEX inbox_dead ON inbox (id) WHERE state = 6;
CREATE INDEX inbox_cancelled ON inbox (cancel_id) WHERE state = 7;
CREATE INDEX inbox_received ON inbox USING brin (received_at);

-- What nobody could or would carry out. Never gone without a person's word.
CREATE TABLE dead_letters (
    id             uuid PRIMARY KEY,
    message_id     uuid,                             -- NULL where the envelope could not be read
    reason         text NOT NULL,
    name           text,
    lane           text,
    source         text,
    body           text NOT NULL,                    -- the whole payload, or the raw envelope
    attempts       integer NOT NULL DEFAULT 0,
    error_class    text,
    error          text,
    fingerprint    text NOT NULL,                    -- groups letters that died of the same cause
    correlation_id text,
    occurred_at    timestamptz,
    died_at        timestamptz NOT NULL DEFAULT now(),
    status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'discarded')),
    settled_at     timestamptz,
    settled_by     text,
    note           text,
    replayed_as    uuid                              -- the new message id of an edited replay
);
CREATE UNIQUE INDEX dead_letters_open_message ON dead_letters (message_id) WHERE status = 'open' AND message_id IS NOT NULL;
CREATE INDEX dead_letters_message ON dead_letters (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX dead_letters_replayed_as ON dead_letters (replayed_as) WHERE replayed_as IS NOT NULL;
CREATE INDEX dead_letters_open ON dead_letters (fingerprint, died_at) WHERE status = 'open';
CREATE INDEX dead_letters_died ON dead_letters (died_at, id);

-- One row per entry of the service's schedules.py: where it stands, and what operators changed.
CREATE TABLE schedules (
    name         text PRIMARY KEY,
    crontab      text,                               -- overrides the code's
    paused       boolean NOT NULL DEFAULT false,
    last_slot_at timestamptz NOT NULL,               -- the newest slot that was fired, skipped or reported
    last_fired_at timestamptz,
    missed       integer NOT NULL DEFAULT 0,         -- slots passed over by the catch-up policy
    updated_at   timestamptz NOT NULL DEFAULT now(),
    updated_by   text
);

-- Lanes to which this service's relay sends nothing for now.
CREATE TABLE lane_pauses (
    lane      text PRIMARY KEY,
    reason    text NOT NULL,
    paused_by text NOT NULL,
    paused_at timestamptz NOT NULL DEFAULT now()
);

-- Who did what through the operations API. Append-only.
CREATE TABLE operations_audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text NOT NULL,
    action  text NOT NULL,
    target  text NOT NULL,
    reason  text,
    details jsonb NOT NULL DEFAULT '{}',
    undo_id uuid
);
CREATE INDEX operations_audit_target ON operations_audit (target, id);
CREATE INDEX operations_audit_undo ON operations_audit (undo_id) WHERE undo_id IS NOT NULL;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER operations_audit_append_only BEFORE UPDATE OR DELETE ON operations_audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Answers to requests that carried an Idempotency-Key.
CREATE TABLE idempotency_keys (
    principal   text NOT NULL,
    route       text NOT NULL,
    key_hash    bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status      smallint,                            -- NULL while the first request is still being carried out
    headers     jsonb,
    body        bytea,
    lease_until timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key_hash)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
