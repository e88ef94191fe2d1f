-- How fast this service's relay sends to a lane at most, and how many children the workers of an own lane have.

CREATE TABLE lane_limits (
    lane   text PRIMARY KEY,
    per_s  double precision NOT NULL CHECK (per_s >= 0.001 AND per_s <= 100000),   -- messages
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lane_pools (
    lane   text PRIMARY KEY,
    size   integer NOT NULL CHECK (size BETWEEN 1 AND 64),
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);
