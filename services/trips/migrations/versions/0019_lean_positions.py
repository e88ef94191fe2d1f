"""The newest places are written out without spaces, and the planner knows into how few parts they are put together."""

from shared.runtime import migrations

revision = "0019"
down_revision = "0018"

# A record as JSON has no spaces, of which each row had 32. Rows of before keep theirs until their vehicle reports again.
_LEAN = r"""
CREATE TYPE shown_position AS (
    vehicle_id    uuid,
    trip_id       uuid,
    recorded_at   text,
    received_at   text,
    latitude      double precision,
    longitude     double precision,
    speed_mps     real,
    heading_deg   real,
    accuracy_m    real,
    battery_ratio real,
    source        text
);
CREATE OR REPLACE FUNCTION write_out_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.shown := row_to_json(ROW(
        NEW.vehicle_id, NEW.trip_id, utc_text(NEW.recorded_at), utc_text(NEW.received_at), NEW.latitude, NEW.longitude,
        NEW.speed_mps, NEW.heading_deg, NEW.accuracy_m, NEW.battery_ratio, NEW.source)::shown_position);
    RETURN NEW;
END $$;
"""

# Without it as many parts are expected as there are vehicles, and megabytes are sorted for nothing.
_PARTS = """
CREATE STATISTICS latest_positions_parts ON (uuid_hash(vehicle_id) & 31) FROM latest_positions;
ANALYZE latest_positions;
"""


def upgrade() -> None:
    for part in (_LEAN, _PARTS):
        migrations.script(part)
