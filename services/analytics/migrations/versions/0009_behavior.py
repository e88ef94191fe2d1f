"""What people did on which day, when they came first, and what follows from that."""

from shared.runtime import migrations

revision = "0009"
down_revision = "0008"

_TABLES = """
CREATE TABLE user_activity (
    organization_id uuid NOT NULL,
    day             date NOT NULL,
    user_id         text NOT NULL,
    name            text NOT NULL,
    n               bigint NOT NULL CHECK (n >= 1),
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL CHECK (last_at >= first_at),
    PRIMARY KEY (organization_id, day, user_id, name)
);
CREATE INDEX user_activity_of_user ON user_activity (organization_id, user_id, day);
CREATE INDEX user_activity_by_day ON user_activity (day);

CREATE TABLE user_firsts (
    organization_id uuid NOT NULL,
    user_id         text NOT NULL,
    first_day       date NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX user_firsts_by_day ON user_firsts (first_day);

-- Of those who were there in the last 90 days. points: what the score is the sum of.
CREATE TABLE user_features (
    organization_id    uuid NOT NULL,
    user_id            text NOT NULL,
    last_day           date NOT NULL,
    silent_days        integer NOT NULL CHECK (silent_days >= 0),
    active_days_30     integer NOT NULL CHECK (active_days_30 BETWEEN 0 AND 30),
    events_30          bigint NOT NULL CHECK (events_30 >= 0),
    kinds_30           integer NOT NULL CHECK (kinds_30 >= 0),
    usual_gap_days     numeric(6, 2),                     -- null for those who were there on one day alone
    engagement         integer NOT NULL CHECK (engagement BETWEEN 0 AND 100),
    recency_points     integer NOT NULL,
    frequency_points   integer NOT NULL,
    breadth_points     integer NOT NULL,
    churn_risk         text NOT NULL CHECK (churn_risk IN ('low', 'medium', 'high')),
    explanation        text NOT NULL,
    PRIMARY KEY (organization_id, user_id),
    CHECK (engagement = recency_points + frequency_points + breadth_points)
);
CREATE INDEX user_features_by_risk ON user_features (organization_id, churn_risk, user_id);

-- One row: what was worked out last.
CREATE TABLE behavior_state (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    as_of       timestamptz,
    computed_at timestamptz,
    days        bigint NOT NULL DEFAULT 0,
    users       bigint NOT NULL DEFAULT 0
);
INSERT INTO behavior_state DEFAULT VALUES;
"""


def upgrade() -> None:
    migrations.script(_TABLES)
