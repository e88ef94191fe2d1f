"""Alerts: acknowledged, snoozed, resolved, opened again, and a timeline that nobody can rewrite."""

from shared.runtime import migrations

revision = "0006"
down_revision = "0005"

_CHANGE = r"""
CREATE TABLE alert_status_transitions (
    from_status text,
    to_status   text,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO alert_status_transitions (from_status, to_status) VALUES
    ('open', 'acknowledged'), ('open', 'snoozed'), ('open', 'resolved'),
    ('acknowledged', 'open'), ('acknowledged', 'snoozed'), ('acknowledged', 'resolved'),
    ('snoozed', 'open'), ('snoozed', 'acknowledged'), ('snoozed', 'resolved'),
    ('resolved', 'open');

ALTER TABLE alerts
    ADD COLUMN version           bigint NOT NULL DEFAULT 1,  -- the entity tag, and the number of the newest timeline entry
    ADD COLUMN run_id            uuid,                       -- the run that raised it; NULL for a single evaluation
    ADD COLUMN policy_version_id uuid,                       -- whose step it is; it is never deleted, so no foreign key watches
    ADD COLUMN previous_status   text,                       -- kept by a trigger; NULL until the first change
    ADD COLUMN acknowledged_at   timestamptz,
    ADD COLUMN acknowledged_by   text,
    ADD COLUMN snoozed_until     timestamptz,
    ADD COLUMN resolved_at       timestamptz,
    ADD COLUMN resolution        text CHECK (resolution IN ('manual', 'released', 'delivered', 'cancelled', 'eta_changed')),
    ADD COLUMN reopens           uuid,                       -- the alert of an earlier ETA revision that this one takes up again
    ADD CONSTRAINT alerts_status_transition
        FOREIGN KEY (previous_status, status) REFERENCES alert_status_transitions (from_status, to_status);
UPDATE alerts SET resolved_at = created_at, resolution = 'manual' WHERE status = 'resolved';
UPDATE alerts SET snoozed_until = created_at WHERE status = 'snoozed';
ALTER TABLE alerts
    ADD CONSTRAINT alerts_snoozed CHECK ((status = 'snoozed') = (snoozed_until IS NOT NULL)),
    ADD CONSTRAINT alerts_resolved CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
    ADD CONSTRAINT alerts_resolution CHECK ((resolved_at IS NULL) = (resolution IS NULL));
-- What waits for somebody stays few while what is resolved grows: its counts read nothing else, and whoever decides about mails
-- finds here what nobody was told of. One index for both, because a run pays for each.
CREATE INDEX alerts_unresolved ON alerts (organization_id, email_requested_at, id) WHERE status <> 'resolved';
CREATE INDEX alerts_snoozed_until ON alerts (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE FUNCTION note_previous_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.previous_status := OLD.status;
    RETURN NEW;
END $$;
CREATE TRIGGER alerts_status_change BEFORE UPDATE OF status ON alerts
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_previous_status();

-- What happened to an alert, by whom and why. number: the alert's version that the entry came with. No foreign key: the entries
-- are written by the statement that writes the alert, a check of each would cost as much as the entry, and they may outlive it.
CREATE TABLE alert_timeline (
    alert_id   uuid NOT NULL,
    number     bigint NOT NULL CHECK (number >= 1),
    kind       text NOT NULL CHECK (kind IN ('raised', 'reopened', 'acknowledged', 'unacknowledged', 'snoozed', 'woken',
                                             'resolved', 'commented', 'email_requested', 'email_sent', 'email_failed',
                                             'email_dropped')),
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL CHECK (char_length(actor) <= 200),
    reason     text CHECK (char_length(reason) <= 1000),
    until      timestamptz,                                  -- of a snooze, its end
    message_id uuid,                                         -- the message that caused it, or that it caused
    PRIMARY KEY (alert_id, number),
    CHECK ((kind = 'snoozed') = (until IS NOT NULL))
);
INSERT INTO alert_timeline (alert_id, number, kind, at, actor)
SELECT id, 1, 'raised', created_at, 'system:evaluation' FROM alerts;
CREATE TRIGGER alert_timeline_is_kept BEFORE UPDATE OR DELETE ON alert_timeline
    FOR EACH ROW EXECUTE FUNCTION keep_as_written();
CREATE TRIGGER alert_timeline_is_kept_whole BEFORE TRUNCATE ON alert_timeline
    FOR EACH STATEMENT EXECUTE FUNCTION keep_as_written();
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
