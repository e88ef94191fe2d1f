"""Which files hold what was deleted; entries of timelines may go where they are in one."""

from shared.runtime import migrations

revision = "0012"
down_revision = "0011"

_TIMELINES = r"""
CREATE FUNCTION keep_unless_archiving() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND is_archiving(TG_TABLE_NAME) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER alert_timeline_is_kept ON alert_timeline;
CREATE TRIGGER alert_timeline_is_kept BEFORE UPDATE OR DELETE ON alert_timeline
    FOR EACH ROW EXECUTE FUNCTION keep_unless_archiving();
"""


def upgrade() -> None:
    migrations.apply("runtime_0003")
    migrations.script(_TIMELINES)
