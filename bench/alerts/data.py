"""Shipments of real shape for the benchmark, by one statement, and the bare statement that does by itself what a run does."""

from typing import Final

# All late by 1 to 12 days, in the order in which an import would have brought them; seven customers of three organizations.
FILL: Final = """
    TRUNCATE shipments, due_evaluations, evaluation_runs CASCADE;
    INSERT INTO shipments (id, organization_id, customer, reference, mode, carrier, origin, destination, original_eta,
                           current_eta, status, recipients)
    SELECT uuidv7(), ('019a9f5e-0a00-7e21-b7c4-90ab12cd34e' || number % 3)::uuid, 'Customer ' || number % 7,
           'MSKU' || lpad(number::text, 7, '0'), (ARRAY['sea', 'air', 'road'])[1 + number % 3], 'Maersk', 'CNSHA', 'DEHAM',
           current_date - 1 - number % 12, current_date - 1 - number % 12,
           (ARRAY['in_transit', 'arrived', 'customs_hold'])[1 + number % 3], ARRAY['desk.' || number % 7 || '@example.com']
      FROM generate_series(1, {count}) AS number;
    INSERT INTO due_evaluations (due_on, shipment_id) SELECT current_eta + 1, id FROM shipments;
"""
EMPTY: Final = """
    SET session_replication_role = replica;
    TRUNCATE alert_timeline, alert_email_items, alert_emails, alerts, evaluation_runs, evaluation_chunks, due_evaluations, outbox;
    SET session_replication_role = origin;
    INSERT INTO due_evaluations (due_on, shipment_id) SELECT current_eta + 1, id FROM shipments;
"""
TIDY: Final = ("VACUUM (ANALYZE) shipments", "VACUUM (ANALYZE) due_evaluations", "VACUUM (ANALYZE) alerts", "CHECKPOINT")

# The same rows as a run writes: alerts, timelines, next crossings. Without policies of others, chunks, a ledger or events.
BARE: Final = """
    WITH due AS (
        DELETE FROM due_evaluations WHERE due_on <= current_date RETURNING shipment_id
    ), late AS (
        SELECT shipments.*, current_date - current_eta AS days_late FROM shipments JOIN due ON shipment_id = id
    ), step AS (
        SELECT step, severity, days_late AS from_day, lead(days_late) OVER (ORDER BY days_late) AS until_day
          FROM policy_version_steps
    ), reached AS (
        SELECT late.*, step.step, step.severity, late.current_eta + step.until_day AS next_on
          FROM late JOIN step ON days_late >= from_day AND (until_day IS NULL OR days_late < until_day)
    ), raised AS (
        INSERT INTO alerts (id, organization_id, shipment_id, step, eta_revision, severity, days_late, raised_on)
        SELECT uuidv7(), organization_id, id, step, eta_revision, severity, days_late, current_date FROM reached
        ON CONFLICT DO NOTHING RETURNING id
    ), told AS (
        INSERT INTO alert_timeline (alert_id, number, kind, actor) SELECT id, 1, 'raised', 'system:bench' FROM raised
    )
    INSERT INTO due_evaluations (due_on, shipment_id) SELECT next_on, id FROM reached WHERE next_on IS NOT NULL;
"""
COUNTS: Final = """
    SELECT (SELECT count(*) FROM alerts) AS alerts, (SELECT count(*) FROM alert_timeline) AS timeline,
           (SELECT count(*) FROM due_evaluations WHERE due_on <= current_date) AS due
"""
