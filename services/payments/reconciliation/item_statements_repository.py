"""Statements that say of each line of a gateway's report what it is, and of a settlement whether it is the sum of its lines."""

from typing import Final

OPEN: Final = "SELECT entity_id FROM cases WHERE state = 'open' AND (gateway, account) = (:gateway, :account)"
"""What open cases of the account are about: every run looks at it again, whatever its window."""

_ACCOUNT: Final = "(gateway, account) = (:gateway, :account)"
_WHEN: Final = "coalesce(captured_at, authorized_at, first_seen_at)"
# Each branch finds its own index, which an OR would not.
ITEMS: Final = f"""
    SELECT * FROM recon_items
     WHERE id IN (SELECT id FROM recon_items WHERE {_ACCOUNT} AND day BETWEEN :first_day AND :last_day
                  UNION SELECT id FROM recon_items WHERE {_ACCOUNT} AND entity_id IN ({OPEN})
                  UNION SELECT id FROM recon_items WHERE {_ACCOUNT} AND settlement_id <> '' AND settlement_id IN ({OPEN}))
"""  # noqa: S608 - put together from constants of this module; values are bound
"""Lines of the run's days, and those that open cases are about."""
HELD: Final = f"""
    SELECT * FROM gateway_payments
     WHERE id IN (SELECT id FROM gateway_payments WHERE {_ACCOUNT} AND {_WHEN} >= :since AND {_WHEN} < :until
                  UNION SELECT id FROM gateway_payments WHERE {_ACCOUNT} AND gateway_payment_id IN ({OPEN}))
"""  # noqa: S608 - as above
"""Payments of the run's time, and those that open cases are about."""

# A settlement that tells its reference proves the lines that lack it.
FILL_UTR: Final = f"""
    WITH item AS ({ITEMS}), filled AS (
        UPDATE recon_items SET utr = settlements.utr
          FROM item JOIN settlements ON (settlements.gateway, settlements.account, settlements.settlement_id)
                                        = (item.gateway, item.account, item.settlement_id)
         WHERE recon_items.id = item.id AND item.settled AND item.utr IS NULL AND settlements.utr IS NOT NULL
        RETURNING recon_items.*
    )
    INSERT INTO recon_findings (run_id, class, entity_id, kind, healed, organization_id, payment_id, amount_minor, currency)
    SELECT :run_id, 'utr_missing', entity_id, 'item', true, organization_id, payment_id, amount_minor, currency FROM filled
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above

# What is wrong with an item, and what our books hold for it: nothing unless both sides mean the same thing. GST on a
# gateway's fee is 18 % of it, and none on small card payments; a paisa is rounding. Only Razorpay's is known to be that.
CLASSIFY: Final = f"""
    WITH item AS ({ITEMS}), joined AS MATERIALIZED (
        SELECT item.*, held.payment_id AS held_payment_id, held.captured_minor, held.currency AS held_currency,
               held.counted_as, held.fee_minor AS held_fee_minor, held.tax_minor AS held_tax_minor,
               back.currency AS back_currency, refunds.id AS refund_id, refunds.status AS refund_status,
               back.amount_minor AS back_minor, dispute.payment_id AS dispute_payment_id, dispute.currency AS dispute_currency,
               disputed.currency AS disputed_currency,
               CASE WHEN item.kind = 'dispute_reversal' THEN 1 ELSE -1 END
                   * CASE WHEN dispute.deducted_minor > 0 THEN dispute.deducted_minor
                          WHEN dispute.rank = 4 THEN dispute.amount_minor ELSE 0 END AS taken_minor,
               coalesce(settlements.currency, item.currency) AS money,
               EXISTS (SELECT FROM payments AS paid
                        WHERE (paid.gateway, paid.account, paid.gateway_order_id) = (item.gateway, item.account, item.order_ref)
                          AND paid.captured_minor > 0) AS is_order_paid,
               EXISTS (SELECT FROM recon_items AS other
                        WHERE (other.gateway, other.account, other.entity_id, other.kind)
                              = (item.gateway, item.account, item.entity_id, item.kind)
                          AND other.settled AND (NOT item.settled OR (other.first_seen_at, other.id)
                                                                     < (item.first_seen_at, item.id))) AS is_elsewhere
          FROM item
          LEFT JOIN gateway_payments AS held
            ON (held.gateway, held.account, held.gateway_payment_id) = (item.gateway, item.account, item.payment_ref)
          LEFT JOIN gateway_refunds AS back
            ON (back.gateway, back.account, back.gateway_refund_id) = (item.gateway, item.account, item.entity_id)
          LEFT JOIN refunds ON refunds.id = back.refund_id
          LEFT JOIN disputes AS dispute
            ON (dispute.gateway, dispute.account, dispute.gateway_dispute_id) = (item.gateway, item.account, item.dispute_ref)
          LEFT JOIN settlements ON (settlements.gateway, settlements.account, settlements.settlement_id)
                                   = (item.gateway, item.account, item.settlement_id)
          LEFT JOIN payments AS disputed ON disputed.id = dispute.payment_id
    ), judged AS MATERIALIZED (
        SELECT id, coalesce(held_payment_id, dispute_payment_id) AS whose, held_currency, back_currency, dispute_currency,
               captured_minor, back_minor, taken_minor, held_fee_minor, held_tax_minor, kind, dispute_ref, utr, settled,
               fee_minor, tax_minor, credit_minor - debit_minor AS net_minor,
               CASE
               WHEN NOT settled THEN CASE WHEN on_hold AND NOT is_elsewhere THEN 'on_hold' ELSE 'matched' END
               WHEN is_elsewhere THEN 'settled_not_posted'
               WHEN dispute_ref IS NOT NULL THEN CASE
                   WHEN dispute_payment_id IS NULL OR taken_minor = 0 THEN 'dispute_unseen'
                   WHEN dispute_currency <> currency OR dispute_currency <> disputed_currency THEN 'currency_mismatch'
                   WHEN taken_minor NOT IN (credit_minor - debit_minor, credit_minor - debit_minor + fee_minor)
                   THEN 'amount_mismatch' END
               WHEN kind = 'payment' THEN CASE
                   WHEN held_payment_id IS NULL AND is_order_paid THEN 'duplicate_capture'
                   WHEN held_payment_id IS NULL THEN 'missing_local'
                   WHEN counted_as IS NULL THEN 'settled_not_posted'
                   WHEN currency <> held_currency THEN 'currency_mismatch'
                   WHEN amount_minor <> captured_minor THEN 'amount_mismatch'
                   WHEN (money = currency AND credit_minor - debit_minor <> amount_minor - fee_minor)
                        OR fee_minor <> coalesce(held_fee_minor, fee_minor)
                        OR tax_minor <> coalesce(held_tax_minor, tax_minor)
                        OR (:is_gst AND tax_minor <> 0 AND abs(tax_minor * 118 - fee_minor * 18) > 118) THEN 'fee_mismatch' END
               WHEN kind = 'refund' THEN CASE
                   WHEN refund_id IS NULL THEN 'orphan_refund'
                   WHEN refund_status <> 'processed' THEN 'settled_not_posted'
                   WHEN currency <> back_currency THEN 'currency_mismatch'
                   WHEN amount_minor <> back_minor THEN 'amount_mismatch'
                   WHEN money = currency AND debit_minor - credit_minor <> amount_minor + fee_minor THEN 'fee_mismatch' END
               WHEN kind = 'fee' THEN NULL
               ELSE 'settled_not_posted' END AS wrong
          FROM joined
    ), booked AS (
        SELECT *, coalesce(wrong, '') IN ('', 'amount_mismatch', 'fee_mismatch') AS is_booked FROM judged
    ), said AS MATERIALIZED (
        SELECT id, whose AS payment_id,
               coalesce((SELECT organization_id FROM payments WHERE payments.id = whose), CAST(:organization_id AS uuid))
                   AS organization_id,
               coalesce(wrong, CASE WHEN settled AND utr IS NULL THEN 'utr_missing' END, 'matched') AS class,
               CASE WHEN NOT is_booked THEN 0 WHEN dispute_ref IS NOT NULL THEN taken_minor
                    WHEN kind = 'payment' THEN captured_minor WHEN kind = 'refund' THEN -back_minor ELSE 0 END AS books_minor,
               CASE WHEN dispute_ref IS NOT NULL THEN dispute_currency WHEN kind = 'payment' THEN held_currency
                    WHEN kind = 'refund' THEN back_currency END AS books_currency,
               CASE WHEN kind = 'fee' THEN -net_minor
                    WHEN NOT is_booked OR (dispute_ref IS NOT NULL AND net_minor = taken_minor) THEN 0
                    WHEN kind = 'payment' THEN coalesce(held_fee_minor, fee_minor) ELSE fee_minor END AS books_fee_minor,
               CASE WHEN NOT is_booked OR dispute_ref IS NOT NULL THEN 0
                    WHEN kind = 'payment' THEN coalesce(held_tax_minor, tax_minor) ELSE tax_minor END AS books_tax_minor
          FROM booked
    )
    UPDATE recon_items
       SET class = said.class, payment_id = said.payment_id, organization_id = said.organization_id,
           books_minor = said.books_minor, books_currency = said.books_currency, books_fee_minor = said.books_fee_minor,
           books_tax_minor = said.books_tax_minor,
           needs_posting = needs_posting
               OR (recon_items.organization_id, recon_items.books_minor, recon_items.books_currency, recon_items.books_fee_minor,
                   recon_items.books_tax_minor)
                  IS DISTINCT FROM (said.organization_id, said.books_minor, said.books_currency,
                                    said.books_fee_minor, said.books_tax_minor)
      FROM said
     WHERE recon_items.id = said.id
       AND (recon_items.class, recon_items.payment_id, recon_items.organization_id, recon_items.books_minor,
            recon_items.books_currency, recon_items.books_fee_minor, recon_items.books_tax_minor)
           IS DISTINCT FROM (said.class, said.payment_id, said.organization_id, said.books_minor,
                             said.books_currency, said.books_fee_minor, said.books_tax_minor)
"""  # noqa: S608 - as above

# Amounts of a settlement and its lines are in the settlement's currency, whatever the lines were paid in.
ADD_UP: Final = f"""
    UPDATE settlements SET difference_minor = summed.difference_minor
      FROM (SELECT settlements.id, settlements.amount_minor - coalesce(sum(item.credit_minor - item.debit_minor), 0)::bigint
                                   AS difference_minor
              FROM settlements LEFT JOIN recon_items AS item
                ON (item.gateway, item.account, item.settlement_id)
                   = (settlements.gateway, settlements.account, settlements.settlement_id) AND item.settled
             WHERE (settlements.gateway, settlements.account) = (:gateway, :account)
               AND (settlements.day BETWEEN :first_day AND :last_day OR settlements.settlement_id IN ({OPEN}))
             GROUP BY settlements.id) AS summed
     WHERE settlements.id = summed.id AND settlements.difference_minor <> summed.difference_minor
"""  # noqa: S608 - as above
