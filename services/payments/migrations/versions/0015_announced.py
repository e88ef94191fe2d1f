"""What customers were told that the next charge comes to, so that they are told again when it changes."""

from shared.runtime import migrations

revision = "0015"
down_revision = "0014"

_ANNOUNCED = r"""
-- reminded_version: of the subscription, as it was announced. reminded_minor: what it came to then.
ALTER TABLE subscriptions ADD COLUMN reminded_version bigint;
ALTER TABLE subscriptions ADD COLUMN reminded_minor bigint;

CREATE INDEX mandate_notice_reports_by_age ON mandate_notice_reports (reported_at);

CREATE OR REPLACE FUNCTION note_subscription_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was      jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    unnoted  CONSTANT text[] := ARRAY['version', 'updated_at', 'changed_by', 'change_reason', 'previous_status', 'delivery',
                                      'reminded_for', 'reminded_version', 'reminded_minor', 'reminder_step', 'reminded_period'];
    changed  record;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, was -> key) FILTER (WHERE was ? key), '{}') AS before,
           coalesce(jsonb_object_agg(key, value), '{}') AS after
      INTO changed
      FROM jsonb_each(to_jsonb(NEW) - unnoted)
     WHERE was -> key IS DISTINCT FROM value AND (TG_OP = 'UPDATE' OR value <> 'null');
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        IF changed.after <> '{}' THEN
            RAISE EXCEPTION 'subscription % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO subscription_changes (subscription_id, number, from_status, to_status, actor, reason, before, after, at)
    VALUES (NEW.id, NEW.version, was ->> 'status', NEW.status, NEW.changed_by, NEW.change_reason, changed.before, changed.after,
            NEW.updated_at);
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    migrations.script(_ANNOUNCED)
