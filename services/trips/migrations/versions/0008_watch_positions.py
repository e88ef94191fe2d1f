"""Flags by where vehicles are: silent devices and stops that take too long."""

from shared.runtime import migrations

revision = "0008"
down_revision = "0007"

# Haversine with IUGG's mean radius, as `services/trips/positions/geodesy.py` has it.
_DISTANCE = r"""
CREATE FUNCTION metres_between(latitude float8, longitude float8, other_latitude float8, other_longitude float8)
    RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 2 * 6371008.8 * asin(least(1.0, sqrt(
        sin(radians(other_latitude - latitude) / 2) ^ 2
        + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(radians(other_longitude - longitude) / 2) ^ 2)))
$$;
"""

_WATCH = r"""
INSERT INTO trip_flag_kinds (kind, escalate_after_s) VALUES
    ('device_silent',  1800),
    ('prolonged_stop', 1800);

-- What holds where an organization has no row stands in `services/trips/flags/models.py`.
CREATE TABLE trip_watch_settings (
    organization_id uuid PRIMARY KEY,
    silent_after_s  integer NOT NULL CHECK (silent_after_s BETWEEN 60 AND 86400),
    stop_after_s    integer NOT NULL CHECK (stop_after_s BETWEEN 60 AND 86400),
    stop_radius_m   integer NOT NULL CHECK (stop_radius_m BETWEEN 20 AND 2000),
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200)
);
"""


def upgrade() -> None:
    for part in (_DISTANCE, _WATCH):
        migrations.script(part)
