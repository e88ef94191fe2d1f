"""Statements that merge what gateways say, many facts at once. Merging keeps the greater of each column, so order is nothing.

Of fees it keeps the least: a gateway that takes more later than it had said is found out by reconciliation.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.payments.models import DisputeNews, Named, OrderNews, PaymentNews, RefundNews
from shared.runtime.db import Session

# Each account speaks for itself alone: whoever holds its secret could name another organization's receipt.
# By the gateway's order, by our receipt, by what was matched before; and for refunds and disputes by the payment they are of.
# What a receipt is of is looked up before anything else: joined by their account first, as all facts are of few accounts, each of
# them would meet each payment.
_MATCH: Final = text("""
    WITH named AS (
        SELECT * FROM unnest(CAST(:gateway AS text[]), CAST(:account AS text[]), CAST(:order_id AS text[]),
                             CAST(:payment_id AS text[]), CAST(:receipt AS uuid[]))
                      AS row(gateway, account, order_id, payment_id, receipt)
    ), tried AS MATERIALIZED (
        SELECT payment_attempts.payment_id, named.gateway, named.account
          FROM named JOIN payment_attempts ON payment_attempts.id = named.receipt
    )
    SELECT payments.id FROM named JOIN payments
        ON (payments.gateway, payments.account, gateway_order_id) = (named.gateway, named.account, named.order_id)
    UNION
    SELECT held.payment_id FROM named JOIN gateway_payments AS held
        ON (held.gateway, held.account, held.gateway_payment_id) = (named.gateway, named.account, named.payment_id)
     WHERE held.payment_id IS NOT NULL
    UNION
    SELECT payments.id FROM tried JOIN payments
        ON (payments.id, payments.gateway, payments.account) = (tried.payment_id, tried.gateway, tried.account)
    UNION
    SELECT refunds.payment_id FROM named JOIN refunds
        ON (refunds.id, refunds.gateway, refunds.account) = (named.receipt, named.gateway, named.account)
""")
_BIND_ORDERS: Final = text("""
    WITH tried AS MATERIALIZED (
        SELECT payment_attempts.payment_id, row.gateway, row.account, row.order_id, row.client_secret
          FROM unnest(CAST(:gateway AS text[]), CAST(:account AS text[]), CAST(:receipt AS uuid[]), CAST(:order_id AS text[]),
                      CAST(:client_secret AS text[])) AS row(gateway, account, receipt, order_id, client_secret)
          JOIN payment_attempts ON payment_attempts.id = row.receipt
    )
    UPDATE payments SET gateway_order_id = tried.order_id, client_secret = coalesce(tried.client_secret, payments.client_secret)
      FROM tried
     WHERE (payments.id, payments.gateway, payments.account) = (tried.payment_id, tried.gateway, tried.account)
       AND payments.gateway_order_id IS NULL
""")
_HOLD: Final = text("""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:id AS uuid[]), CAST(:gateway AS text[]), CAST(:account AS text[]), CAST(:gateway_payment_id AS text[]),
            CAST(:gateway_order_id AS text[]), CAST(:receipt AS text[]), CAST(:rank AS smallint[]),
            CAST(:amount_minor AS bigint[]),
            CAST(:currency AS text[]), CAST(:captured_minor AS bigint[]), CAST(:refunded_minor AS bigint[]),
            CAST(:fee_minor AS bigint[]),
            CAST(:tax_minor AS bigint[]), CAST(:method AS text[]), CAST(:bank AS text[]), CAST(:reference AS text[]),
            CAST(:token AS text[]), CAST(:action_url AS text[]), CAST(:decline AS text[]),
            CAST(:is_international AS boolean[]), CAST(:at AS timestamptz[]))
            AS row(id, gateway, account, gateway_payment_id, gateway_order_id, receipt, rank, amount_minor, currency,
                   captured_minor, refunded_minor, fee_minor, tax_minor, method, bank, reference, token, action_url, decline,
                   is_international, at)
    )
    INSERT INTO gateway_payments AS held
           (id, gateway, account, gateway_payment_id, gateway_order_id, receipt, rank, amount_minor, currency, captured_minor,
            refunded_minor, fee_minor, tax_minor, method, bank, reference, token, action_url, decline, is_international,
            authorized_at, captured_at, failed_at, first_seen_at)
    SELECT id, gateway, account, gateway_payment_id, max(gateway_order_id), max(receipt), max(rank), max(amount_minor),
           max(currency), max(captured_minor), max(refunded_minor), min(fee_minor), min(tax_minor), max(method), max(bank),
           max(reference), max(token), max(action_url), CAST(max(decline) AS jsonb), bool_or(is_international),
           min(at) FILTER (WHERE rank = 4),
           min(at) FILTER (WHERE rank = 7), min(at) FILTER (WHERE rank = 3), min(at)
      FROM told GROUP BY id, gateway, account, gateway_payment_id ORDER BY gateway, account, gateway_payment_id
    ON CONFLICT (gateway, account, gateway_payment_id) DO UPDATE SET
           gateway_order_id = greatest(held.gateway_order_id, excluded.gateway_order_id),
           receipt = greatest(held.receipt, excluded.receipt), rank = greatest(held.rank, excluded.rank),
           captured_minor = greatest(held.captured_minor, excluded.captured_minor),
           refunded_minor = greatest(held.refunded_minor, excluded.refunded_minor),
           fee_minor = least(held.fee_minor, excluded.fee_minor), tax_minor = least(held.tax_minor, excluded.tax_minor),
           method = greatest(held.method, excluded.method), bank = greatest(held.bank, excluded.bank),
           reference = greatest(held.reference, excluded.reference), token = greatest(held.token, excluded.token),
           action_url = greatest(held.action_url, excluded.action_url), decline = greatest(held.decline, excluded.decline),
           is_international = held.is_international OR excluded.is_international,
           authorized_at = least(held.authorized_at, excluded.authorized_at),
           captured_at = least(held.captured_at, excluded.captured_at), failed_at = least(held.failed_at, excluded.failed_at),
           first_seen_at = least(held.first_seen_at, excluded.first_seen_at)
""")
_HOLD_REFUNDS: Final = text("""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:gateway AS text[]), CAST(:account AS text[]), CAST(:gateway_refund_id AS text[]),
            CAST(:gateway_payment_id AS text[]),
            CAST(:receipt AS text[]), CAST(:rank AS smallint[]), CAST(:amount_minor AS bigint[]), CAST(:currency AS text[]),
            CAST(:reference AS text[]), CAST(:at AS timestamptz[]))
            AS row(gateway, account, gateway_refund_id, gateway_payment_id, receipt, rank, amount_minor, currency, reference, at)
    )
    INSERT INTO gateway_refunds AS held
           (gateway, account, gateway_refund_id, gateway_payment_id, receipt, rank, amount_minor, currency, reference,
            processed_at, first_seen_at)
    SELECT gateway, account, gateway_refund_id, max(gateway_payment_id), max(receipt), max(rank), max(amount_minor),
           max(currency), max(reference), min(at) FILTER (WHERE rank = 3), min(at)
      FROM told GROUP BY gateway, account, gateway_refund_id ORDER BY 1, 2, 3
    ON CONFLICT (gateway, account, gateway_refund_id) DO UPDATE SET
           rank = greatest(held.rank, excluded.rank), receipt = greatest(held.receipt, excluded.receipt),
           reference = greatest(held.reference, excluded.reference),
           processed_at = least(held.processed_at, excluded.processed_at),
           first_seen_at = least(held.first_seen_at, excluded.first_seen_at)
""")
_HOLD_DISPUTES: Final = text("""
    WITH told AS (
        SELECT * FROM unnest(
            CAST(:id AS uuid[]), CAST(:gateway AS text[]), CAST(:account AS text[]), CAST(:gateway_dispute_id AS text[]),
            CAST(:gateway_payment_id AS text[]), CAST(:rank AS smallint[]), CAST(:amount_minor AS bigint[]),
            CAST(:deducted_minor AS bigint[]),
            CAST(:currency AS text[]), CAST(:reason AS text[]), CAST(:respond_by AS timestamptz[]),
            CAST(:at AS timestamptz[]))
            AS row(id, gateway, account, gateway_dispute_id, gateway_payment_id, rank, amount_minor, deducted_minor, currency,
                   reason, respond_by, at)
    )
    INSERT INTO disputes AS held
           (id, gateway, account, gateway_dispute_id, gateway_payment_id, rank, amount_minor, deducted_minor, currency, reason,
            respond_by, opened_at, decided_at)
    SELECT id, gateway, account, gateway_dispute_id, max(gateway_payment_id), max(rank), max(amount_minor), max(deducted_minor),
           max(currency), max(reason), max(respond_by), min(at), min(at) FILTER (WHERE rank >= 3)
      FROM told GROUP BY id, gateway, account, gateway_dispute_id ORDER BY 2, 3, 4
    ON CONFLICT (gateway, account, gateway_dispute_id) DO UPDATE SET
           rank = greatest(held.rank, excluded.rank), deducted_minor = greatest(held.deducted_minor, excluded.deducted_minor),
           reason = greatest(held.reason, excluded.reason), respond_by = greatest(held.respond_by, excluded.respond_by),
           opened_at = least(held.opened_at, excluded.opened_at), decided_at = least(held.decided_at, excluded.decided_at)
""")

# What came before we knew the gateway's order is taken in as well. By the statistics next to nothing belongs to nobody yet, and
# after a merge all of it does: each payment looks for its own (OFFSET keeps that a look by order), and not at everybody's.
_ATTACH: Final = text("""
    WITH mine AS (
        SELECT id, gateway, account, gateway_order_id, organization_id FROM payments WHERE id = ANY (CAST(:ids AS uuid[]))
    ), tried AS MATERIALIZED (
        SELECT mine.id, mine.gateway, mine.account, CAST(payment_attempts.id AS text) AS receipt
          FROM mine JOIN payment_attempts ON payment_attempts.payment_id = mine.id
    ), found AS MATERIALIZED (
        SELECT held.id, mine.id AS payment_id
          FROM mine CROSS JOIN LATERAL (
               SELECT id, payment_id FROM gateway_payments
                WHERE (gateway, account, gateway_order_id) = (mine.gateway, mine.account, mine.gateway_order_id) OFFSET 0) AS held
         WHERE held.payment_id IS NULL
        UNION
        SELECT held.id, tried.id
          FROM gateway_payments AS held JOIN tried USING (gateway, account, receipt) WHERE held.payment_id IS NULL
    ), attached AS (
        UPDATE gateway_payments AS held SET payment_id = mine.id
          FROM found JOIN mine ON mine.id = found.payment_id
         WHERE held.id = found.id AND held.payment_id IS NULL
        RETURNING held.gateway, held.account, held.gateway_payment_id, mine.id, mine.organization_id
    )
    UPDATE disputes SET payment_id = known.id, organization_id = known.organization_id
      FROM (SELECT * FROM attached
            UNION SELECT held.gateway, held.account, held.gateway_payment_id, mine.id, mine.organization_id
                    FROM gateway_payments AS held JOIN mine ON mine.id = held.payment_id) AS known
     WHERE disputes.payment_id IS NULL
       AND (disputes.gateway, disputes.account, disputes.gateway_payment_id)
           = (known.gateway, known.account, known.gateway_payment_id)
""")

# Each try takes one of the gateway's payments, in the order in which they were made.
_END_TRIES: Final = text("""
    WITH free AS (
        SELECT payment_id, gateway_payment_id, rank,
               row_number() OVER (PARTITION BY payment_id ORDER BY first_seen_at, id) AS place
          FROM gateway_payments AS held
         WHERE payment_id = ANY (CAST(:ids AS uuid[]))
           AND NOT EXISTS (SELECT FROM payment_attempts AS known
                            WHERE known.payment_id = held.payment_id AND known.kind = 'charge'
                              AND known.gateway_payment_id = held.gateway_payment_id)
    ), open AS (
        SELECT id, payment_id, row_number() OVER (PARTITION BY payment_id ORDER BY number) AS place
          FROM payment_attempts
         WHERE payment_id = ANY (CAST(:ids AS uuid[])) AND kind = 'charge' AND status IN ('started', 'unknown')
    )
    UPDATE payment_attempts
       SET status = CASE WHEN free.rank = 3 THEN 'declined' ELSE 'succeeded' END, finished_at = :at,
           gateway_payment_id = free.gateway_payment_id
      FROM open JOIN free USING (payment_id, place)
     WHERE payment_attempts.id = open.id
""")


class FactRepository:
    """Works in the session's unit of work, under the locks of the payments that are known."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def match(self, named: Sequence[Named]) -> set[UUID]:
        """Our payments that facts with these names are about, as far as they are known."""
        if not named:
            return set()
        return set((await self._session.scalars(_MATCH, _columns(Named, named))).all())

    async def bind_orders(self, news: Sequence[OrderNews]) -> None:
        """Keep the gateway's order of a payment where its answer was lost."""
        if news:
            await self._session.execute(_BIND_ORDERS, _columns(OrderNews, news))

    async def hold(self, news: Sequence[PaymentNews]) -> None:
        """Merge what is said of payments."""
        if news:
            await self._session.execute(_HOLD, _columns(PaymentNews, news))

    async def hold_refunds(self, news: Sequence[RefundNews]) -> None:
        """Merge what is said of refunds."""
        if news:
            await self._session.execute(_HOLD_REFUNDS, _columns(RefundNews, news))

    async def hold_disputes(self, news: Sequence[DisputeNews]) -> None:
        """Merge what is said of disputes."""
        if news:
            await self._session.execute(_HOLD_DISPUTES, _columns(DisputeNews, news))

    async def attach(self, payment_ids: Collection[UUID]) -> None:
        """Give to these payments what is known of their orders and receipts."""
        await self._session.execute(_ATTACH, {"ids": sorted(payment_ids)})

    async def end_tries(self, payment_ids: Collection[UUID], at: datetime) -> None:
        """End tries of which the gateway has told what became of them."""
        await self._session.execute(_END_TRIES, {"ids": sorted(payment_ids), "at": at})


def _columns(kind: type[Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(kind)}
