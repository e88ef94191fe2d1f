"""Subscriptions whose first period is due, written as they stand in the tables: a service by the month, in rupees, with IGST.

Bank accounts are charged: debits of cards and UPI wait a day and a half for a notice to their holders (Reserve Bank of India).
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from bench.payments.api import ORGANIZATION
from shared.runtime.ids import uuid7

TOTAL: Final = 118_000
"""Of each period, in paise."""
_SELLER: Final = """
    INSERT INTO legal_entities (id, organization_id, is_default, name, address, state_code, gstin, currency, invoice_prefix,
                                credit_note_prefix, time_zone, financial_year_start_month, terms_days, round_to_minor, created_at,
                                updated_at, updated_by)
    VALUES ($1, $2, true, 'Sahyadri LLP', '{"line1": "14 MG Road", "city": "Pune", "postal_code": "411001"}', '27',
            '27AAPFU0939F1ZV', 'INR', 'INV', 'CN', 'Asia/Kolkata', 4, 15, 100, now(), now(), 'bench')
"""
_PLAN: Final = """
    INSERT INTO plans (id, organization_id, code, created_at, updated_at, updated_by)
    VALUES ($1, $2, 'pro', now(), now(), 'bench')
"""
_VERSION: Final = """
    INSERT INTO plan_versions (id, plan_id, number, name, currency, interval_unit, interval_count, trial_days, min_quantity,
                               max_quantity, delivers, lines, created_at, created_by)
    VALUES ($1, $1, 1, 'Pro', 'INR', 'month', 1, 0, 1, 1, false,
            '[{"sku": null, "name": "Pro", "hsn_sac": "998439", "quantity": 1, "unit_price_minor": 100000, "tax_rate_bp": 1800}]',
            now(), 'bench')
"""
_PERSONS: Final = """
    INSERT INTO customers (id, organization_id, name, email, phone, locale, time_zone, address, state_code, created_at,
                           updated_at)
    SELECT id, $2, 'Ann Pillai', 'ann' || place || '@example.com', '+9198' || lpad(place::text, 8, '0'), 'en-IN', 'Asia/Kolkata',
           '{"line1": "3 Church Street", "city": "Bengaluru", "postal_code": "560001", "country": "IN"}', '29', now(), now()
      FROM unnest($1::uuid[]) WITH ORDINALITY AS row(id, place)
"""
_METHODS: Final = """
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 status, created_at, updated_at)
    SELECT id, $4, id, 'razorpay', 'razorpay', gateway_customer_id, token, 'emandate', 'HDFC', 'confirmed', now(), now()
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(id, gateway_customer_id, token)
"""
_SUBSCRIPTIONS: Final = """
    INSERT INTO subscriptions (id, organization_id, customer_id, plan_version_id, quantity, status, time_zone, anchor, started_on,
                               next_period_start, next_bill_at, payment_method_id, created_at, updated_at, changed_by)
    SELECT id, $4, method_id, $3, 1, 'active', 'Asia/Kolkata', today, today, today,
           CAST(today AS timestamp) AT TIME ZONE 'Asia/Kolkata', method_id, now(), now(), 'bench'
      FROM unnest($1::uuid[], $2::uuid[]) AS row(id, method_id),
           (SELECT CAST(now() AT TIME ZONE 'Asia/Kolkata' AS date) AS today) AS day
"""


class Subscribers:
    """People who have allowed debits of their accounts, and a plan to which they subscribe. Each has the id of their method."""

    def __init__(self, admin: asyncpg.Connection) -> None:
        self._admin = admin
        self._plan_id = uuid7()
        self._methods: list[UUID] = []

    async def prepare(self, mandates: Sequence[tuple[str, str]]) -> None:
        """A seller, the plan, and the people. mandates: (customer, token) of each at the gateway."""
        self._methods = [uuid7() for _ in mandates]
        customers, tokens = [one for one, _ in mandates], [one for _, one in mandates]
        async with self._admin.transaction():
            await self._admin.execute(_SELLER, uuid7(), ORGANIZATION)
            await self._admin.execute(_PLAN, self._plan_id, ORGANIZATION)
            await self._admin.execute(_VERSION, self._plan_id)
            await self._admin.execute(_PERSONS, self._methods, ORGANIZATION)
            await self._admin.execute(_METHODS, self._methods, customers, tokens, ORGANIZATION)

    async def subscribe(self, count: int) -> list[UUID]:
        """So many subscriptions, shared between the people, whose first period began today; their ids."""
        ids = [uuid7() for _ in range(count)]
        methods = [self._methods[number % len(self._methods)] for number in range(count)]
        await self._admin.execute(_SUBSCRIPTIONS, ids, methods, self._plan_id, ORGANIZATION)
        return ids
