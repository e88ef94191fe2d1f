"""The history of refunds, their plans, periods, dunning, offers and disputes, and which steps each of them may take."""

from shared.runtime import migrations

revision = "0014"
down_revision = "0013"

_ALLOWED = r"""
-- from_status: empty for what is new. A status that stays is a step where something else of the row may change.
CREATE TABLE state_transitions_allowed (
    subject     text NOT NULL,
    from_status text NOT NULL,
    to_status   text NOT NULL,
    PRIMARY KEY (subject, from_status, to_status)
);
INSERT INTO state_transitions_allowed (subject, from_status, to_status) VALUES
    ('refund', '', 'awaiting_approval'), ('refund', '', 'requested'),
    ('refund', 'awaiting_approval', 'requested'), ('refund', 'awaiting_approval', 'rejected'),
    ('refund', 'requested', 'pending'), ('refund', 'requested', 'processed'), ('refund', 'requested', 'failed'),
    ('refund', 'pending', 'pending'), ('refund', 'pending', 'processed'), ('refund', 'pending', 'failed'),
    -- Money that has left is the last word, whatever was told of it before.
    ('refund', 'failed', 'processed'),
    ('refund_plan', '', 'planned'),
    ('refund_plan', 'planned', 'executing'), ('refund_plan', 'planned', 'executed'), ('refund_plan', 'planned', 'failed'),
    ('refund_plan', 'executing', 'executed'), ('refund_plan', 'executing', 'failed'),
    ('refund_plan', 'failed', 'executing'), ('refund_plan', 'failed', 'executed'),
    ('period', '', 'open'), ('period', '', 'paid'), ('period', '', 'skipped'),
    -- A customer who pays in another way, and a payment that fails once more, begin it again.
    ('dunning', '', 'running'),
    ('dunning', 'running', 'running'), ('dunning', 'running', 'recovered'), ('dunning', 'running', 'exhausted'),
    ('dunning', 'running', 'stopped'),
    ('dunning', 'exhausted', 'running'), ('dunning', 'exhausted', 'recovered'), ('dunning', 'exhausted', 'stopped'),
    ('dunning', 'exhausted', 'exhausted'),
    ('dunning', 'stopped', 'running'), ('dunning', 'stopped', 'recovered'), ('dunning', 'stopped', 'exhausted'),
    ('dunning', 'stopped', 'stopped'),
    ('dunning', 'recovered', 'running'), ('dunning', 'recovered', 'recovered'),
    ('offer', '', 'open');
INSERT INTO state_transitions_allowed SELECT 'offer', from_status, to_status FROM offer_transitions_allowed;
INSERT INTO state_transitions_allowed SELECT 'period', from_status, to_status FROM subscription_period_transitions_allowed;
-- A dispute only ever moves up.
INSERT INTO state_transitions_allowed
SELECT 'dispute', was, is_
  FROM unnest(ARRAY['', 'open', 'under_review', 'closed', 'lost', 'won']) WITH ORDINALITY AS before(was, rank)
  JOIN unnest(ARRAY['', 'open', 'under_review', 'closed', 'lost', 'won']) WITH ORDINALITY AS after(is_, reached)
    ON rank <= reached
 WHERE is_ <> '';
"""

_HISTORY = r"""
-- part: the first day, of periods and of dunning, which subscriptions have many of. number: counts the changes of one subject.
-- before and after: the columns that it changed, of those that matter.
CREATE TABLE state_changes (
    subject         text NOT NULL,
    subject_id      uuid NOT NULL,
    part            text NOT NULL DEFAULT '',
    number          integer NOT NULL CHECK (number >= 1),
    organization_id uuid,                                    -- NULL: of nobody whom we know
    from_status     text NOT NULL,
    to_status       text NOT NULL,
    actor           text NOT NULL,
    reason          text,
    before          jsonb NOT NULL,
    after           jsonb NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (subject, subject_id, part, number),
    CONSTRAINT state_changes_transition FOREIGN KEY (subject, from_status, to_status) REFERENCES state_transitions_allowed
);
CREATE TRIGGER state_changes_are_kept BEFORE UPDATE OR DELETE ON state_changes FOR EACH ROW EXECUTE FUNCTION keep_history();

ALTER TABLE refunds ADD COLUMN changed_by text CHECK (char_length(changed_by) BETWEEN 1 AND 200);

-- Written by the database, so that no change goes without its line, whoever makes it, and none goes that is not allowed.
-- Arguments: the subject, the column of its id, that of its part or nothing, and those that matter.
CREATE FUNCTION note_state_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was    CONSTANT jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    is_    CONSTANT jsonb := to_jsonb(NEW);
    ranks  CONSTANT text[] := ARRAY['open', 'under_review', 'closed', 'lost', 'won'];
    key    CONSTANT uuid := CAST(is_ ->> TG_ARGV[1] AS uuid);
    day    CONSTANT text := coalesce(is_ ->> TG_ARGV[2], '');
    change record;
BEGIN
    SELECT coalesce(jsonb_object_agg(name, was -> name) FILTER (WHERE was ? name), '{}') AS before,
           coalesce(jsonb_object_agg(name, is_ -> name), '{}') AS after
      INTO change
      FROM unnest(CAST(TG_ARGV[3] AS text[])) AS name
     WHERE was -> name IS DISTINCT FROM is_ -> name AND (TG_OP = 'UPDATE' OR is_ -> name <> 'null');
    IF change.after = '{}' THEN
        RETURN NULL;
    END IF;
    INSERT INTO state_changes (subject, subject_id, part, number, organization_id, from_status, to_status, actor, reason, before,
                               after, at)
    VALUES (TG_ARGV[0], key, day,
            (SELECT coalesce(max(number), 0) + 1 FROM state_changes
              WHERE (subject, subject_id, part) = (TG_ARGV[0], key, day)),
            CASE WHEN is_ ? 'organization_id' THEN CAST(is_ ->> 'organization_id' AS uuid)
                 ELSE (SELECT organization_id FROM orders WHERE id = CAST(is_ ->> 'order_id' AS uuid)) END,
            coalesce(was ->> 'status', ranks[CAST(was ->> 'rank' AS integer)], ''),
            coalesce(is_ ->> 'status', ranks[CAST(is_ ->> 'rank' AS integer)]),
            coalesce(is_ ->> 'changed_by',
                     CASE WHEN TG_OP = 'INSERT' THEN coalesce(is_ ->> 'requested_by', is_ ->> 'created_by')
                          WHEN was -> 'answered_by' IS DISTINCT FROM is_ -> 'answered_by' THEN is_ ->> 'answered_by' END,
                     CASE TG_ARGV[0] WHEN 'dispute' THEN 'gateway:' || (is_ ->> 'gateway') ELSE 'system:payments' END),
            left(coalesce(nullif(is_ ->> 'failure', was ->> 'failure'), nullif(is_ ->> 'reason', was ->> 'reason')), 1000),
            change.before, change.after,
            coalesce(CAST(is_ ->> 'updated_at' AS timestamptz), CAST(is_ ->> 'ended_at' AS timestamptz),
                     CAST(is_ ->> 'accepted_at' AS timestamptz), CAST(is_ ->> 'decided_at' AS timestamptz),
                     CASE TG_OP WHEN 'INSERT' THEN coalesce(CAST(is_ ->> 'created_at' AS timestamptz),
                                                            CAST(is_ ->> 'opened_at' AS timestamptz)) END, now()));
    RETURN NULL;
END $$;

CREATE TRIGGER refunds_are_noted AFTER INSERT OR UPDATE ON refunds FOR EACH ROW
    EXECUTE FUNCTION note_state_change('refund', 'id', '',
                                       '{status,amount_minor,gateway_refund_id,reference,approved_by,failure}');
CREATE TRIGGER refund_plans_are_noted AFTER INSERT OR UPDATE ON refund_plans FOR EACH ROW
    EXECUTE FUNCTION note_state_change('refund_plan', 'id', '', '{status,cancelled_minor,refund_minor}');
CREATE TRIGGER subscription_periods_are_noted AFTER INSERT OR UPDATE ON subscription_periods FOR EACH ROW
    EXECUTE FUNCTION note_state_change('period', 'subscription_id', 'start_on', '{status,total_minor,payment_id,order_id}');
CREATE TRIGGER dunning_runs_are_noted AFTER INSERT OR UPDATE ON dunning_runs FOR EACH ROW
    EXECUTE FUNCTION note_state_change('dunning', 'subscription_id', 'start_on',
                                       '{status,decline_kind,failures,used,next_try_at,deadline_at}');
CREATE TRIGGER match_offers_are_noted AFTER INSERT OR UPDATE ON match_offers FOR EACH ROW
    EXECUTE FUNCTION note_state_change('offer', 'id', '', '{status,total_minor,expires_at}');
CREATE TRIGGER disputes_are_noted AFTER INSERT OR UPDATE ON disputes FOR EACH ROW
    EXECUTE FUNCTION note_state_change('dispute', 'id', '', '{rank,amount_minor,deducted_minor,payment_id,respond_by}');
"""


def upgrade() -> None:
    for part in (_ALLOWED, _HISTORY):
        migrations.script(part)
