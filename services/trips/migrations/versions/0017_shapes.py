"""Since when a geofence has the shape that it has."""

from shared.runtime import migrations

revision = "0017"
down_revision = "0016"

# Null where code before this one wrote the fence: then since its last change of any kind.
_SHAPED = "ALTER TABLE geofences ADD COLUMN shaped_at timestamptz"


def upgrade() -> None:
    migrations.script(_SHAPED)
