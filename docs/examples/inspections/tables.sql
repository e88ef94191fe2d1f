CREATE TABLE inspected_vehicles (
    id                 uuid PRIMARY KEY,
    owner_email        text NOT NULL,
    inspect_every_days integer NOT NULL CHECK (inspect_every_days > 0),
    next_inspection_at timestamptz NOT NULL
);
CREATE INDEX inspected_vehicles_next ON inspected_vehicles (next_inspection_at, id);

CREATE TABLE inspections (
    id           uuid PRIMARY KEY,
    vehicle_id   uuid NOT NULL,
    inspected_at timestamptz NOT NULL,
    defect       text
);
CREATE INDEX inspections_inspected ON inspections (inspected_at);

CREATE TABLE odometers (
    vehicle_id uuid PRIMARY KEY,
    read_at    timestamptz NOT NULL,
    distance_m bigint NOT NULL
);

CREATE TABLE defect_reports (
    id               uuid PRIMARY KEY,   -- the message id, which the garage gets as the idempotency key
    inspection_id    uuid NOT NULL,
    status           text NOT NULL DEFAULT 'attempted' CHECK (status IN ('attempted', 'reported', 'failed')),
    garage_reference text
);
