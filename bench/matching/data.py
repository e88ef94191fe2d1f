"""Manufacturers and orders of real shape for the benchmark, by one statement each, and what has to be true afterwards."""

from typing import Final

CAPABILITIES: Final = 40
STATES: Final = (
    "ARRAY['03', '06', '07', '08', '09', '10', '19', '21', '22', '23', '24', '27', '29', '30', '32', '33', '36', '37']"
)
ORGANIZATION: Final = "'019a9f5e-0a00-7e21-b7c4-90ab12cd34ef'::uuid"

# Each can make about five of forty things. A third delivers everywhere, the others to four to nine of eighteen states; every
# twentieth is not active.
MANUFACTURERS: Final = f"""
    SELECT setseed(0.42);
    INSERT INTO manufacturers (id, organization_id, code, name, email, latitude, longitude, serves, active)
    SELECT uuidv7(), {ORGANIZATION}, 'M' || number, 'Works ' || number, 'orders@works-' || number || '.example',
           8 + 22 * random(), 70 + 20 * random(),
           CASE WHEN number % 3 > 0 THEN (SELECT array_agg(code) FROM unnest({STATES}) AS code
                                           WHERE (hashtext(code || number) & 15) < 5 OR code = ({STATES})[1 + number % 18]) END,
           number % 20 > 0
      FROM generate_series(1, {{manufacturers}}) AS number;
    INSERT INTO manufacturer_capabilities (manufacturer_id, capability, organization_id, minimum_quantity, unit_price_minor,
                                           currency, lead_time_days, capacity_units, capacity_period)
    SELECT id, 'capability_' || kind, organization_id, (ARRAY[1, 1, 10, 25, 50])[1 + (hashtext(code || kind) & 3)],
           5000 + (hashtext(kind || code) & 8191), 'INR', 3 + (hashtext(code || 'l' || kind) & 15),
           CASE WHEN kind % 4 = 0 THEN 40 ELSE 200 END, CASE WHEN kind % 4 = 0 THEN 'day' ELSE 'week' END
      FROM manufacturers, generate_series(1, {CAPABILITIES}) AS kind WHERE (hashtext(kind || 'c' || code) & 7) = 0;
    INSERT INTO manufacturer_records (manufacturer_id, deliveries, on_time, units, rejected)
    SELECT id, 40, 40 - (hashtext(code) & 7), 4000, hashtext(code || 'q') & 255 FROM manufacturers WHERE hashtext(code) % 3 <> 0;
"""  # noqa: S608 - put together from constants of this module

# One to three lines of ten to sixty units, but of every fiftieth more than anybody can make; three quarters name a day, two to
# seven weeks from now.
ORDERS: Final = f"""
    SELECT setseed(0.43);
    WITH customer AS (
        INSERT INTO customers (id, organization_id, name, locale, time_zone, created_at, updated_at)
        VALUES (uuidv7(), {ORGANIZATION}, 'Asha Rao', 'en-IN', 'Asia/Kolkata', now(), now()) RETURNING id
    ), ordered AS MATERIALIZED (
        SELECT uuidv7() AS id, number, 1 + number % 3 AS lines,
               CASE WHEN number % 50 = 0 THEN 90000 ELSE 10 + number % 51 END AS quantity
          FROM generate_series(1, {{orders}}) AS number
    ), placed AS (
        INSERT INTO orders (id, organization_id, customer_id, number, status, currency, subtotal_minor, discount_minor, tax_minor,
                            round_off_minor, total_minor, paid_minor, supply_kind, round_to_minor, delivery, due_on, placed_at,
                            created_at, updated_at, changed_by)
        SELECT ordered.id, {ORGANIZATION}, customer.id, 'ORD-' || number, 'paid', 'INR', total, 0, 0, 0, total, total, 'untaxed',
               1,
               jsonb_build_object('state_code', ({STATES})[1 + number % 18], 'latitude', 8 + 22 * random(),
                                  'longitude', 70 + 20 * random()),
               CASE WHEN number % 4 > 0 THEN current_date + 14 + number % 36 END, now(), now(), now(), 'system:bench'
          FROM ordered, customer, LATERAL (SELECT 1000::bigint * lines * quantity AS total) AS sum
    )
    INSERT INTO order_lines (order_id, number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp,
                             taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor, capability)
    SELECT id, line, 'SKU-' || line, 'Part ' || line, '7326', quantity, 1000, 0, 0, 1000 * quantity, 0, 0, 0, 0, 1000 * quantity,
           'capability_' || 1 + (hashtext(line || 'o' || ordered.number) & 2147483647) % {CAPABILITIES}
      FROM ordered, generate_series(1, lines) AS line;
"""  # noqa: S608 - as above
EMPTY: Final = """
    SET session_replication_role = replica;
    TRUNCATE capacity_reservations, match_offer_lines, match_offers, match_explanations, match_pools, match_runs,
             matching_changes, order_matches, capacity_periods CASCADE;
    SET session_replication_role = origin;
"""
CLEAR: Final = f"""
    {EMPTY}
    SET session_replication_role = replica;
    TRUNCATE order_lines, order_changes, orders, customers, manufacturer_records, manufacturer_capabilities,
             manufacturers CASCADE;
    SET session_replication_role = origin;
"""
TIDY: Final = (
    "VACUUM (ANALYZE) orders",
    "VACUUM (ANALYZE) order_lines",
    "VACUUM (ANALYZE) manufacturer_capabilities",
    "VACUUM (ANALYZE) order_matches",
    "VACUUM (ANALYZE) capacity_periods",
    "VACUUM (ANALYZE) match_offers",
    "CHECKPOINT",
)

# Of each order either every line is offered once, or none; it is explained once; and what is reserved is what was offered.
WRONG: Final = """
    SELECT (SELECT count(*) FROM orders LEFT JOIN order_matches ON order_id = orders.id
             WHERE state IS NULL OR state NOT IN ('offered', 'unmatched'))
         + (SELECT count(*) FROM order_matches JOIN order_lines USING (order_id)
              LEFT JOIN match_offer_lines ON match_offer_lines.order_id = order_lines.order_id AND line_number = number AND live
             WHERE (state = 'offered') <> (offer_id IS NOT NULL))
         + (SELECT count(*) FROM order_matches
             WHERE (SELECT count(*) FROM match_explanations AS why WHERE why.order_id = order_matches.order_id
                       AND outcome = state) <> 1)
         + (SELECT count(*) FROM match_offer_lines
             WHERE quantity <> (SELECT sum(units) FROM capacity_reservations AS taken
                                 WHERE taken.offer_id = match_offer_lines.offer_id
                                   AND taken.line_number = match_offer_lines.line_number))
         + (SELECT count(*) FROM capacity_periods AS period
             WHERE reserved_units <> (SELECT sum(units) FROM capacity_reservations AS taken
                                       WHERE taken.manufacturer_id = period.manufacturer_id
                                         AND taken.capability = period.capability AND taken.starts_on = period.starts_on))
"""
# matched: by all runs, because those of the schedule take part.
COUNTS: Final = """
    SELECT (SELECT sum(orders) FROM match_runs) AS matched,
           (SELECT count(*) FROM order_matches WHERE state = 'offered') AS offered,
           (SELECT count(*) FROM order_matches WHERE state = 'unmatched') AS unmatched,
           (SELECT count(*) FROM match_offers) AS offers,
           (SELECT pg_total_relation_size('match_explanations') + pg_total_relation_size('match_pools')) AS explained_bytes
"""
