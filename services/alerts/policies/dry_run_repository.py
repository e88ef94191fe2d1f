"""Counting on history what policies would have raised, in one statement however long the history is."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.calendars.models import CalendarDay
from services.alerts.policies.models import Counted, Question
from services.alerts.policies.repository import FITS, IN_FORCE, NARROWEST_FIRST
from shared.runtime.db import ReadSession
from shared.runtime.ids import uuid7

TOP_CUSTOMERS: Final = 20
_NEWEST_OF_ALL: Final = UUID(int=2**128 - 1)
"""Stands for the id that a policy would get, which is above all others."""

# Sorting and hashing a year of alerts in the memory that single rows are given would go to disk. And what the planner cannot
# count beforehand it takes for few rows, and would compare each with each.
_PLAN: Final = text("SELECT set_config('work_mem', '64MB', true), set_config('enable_nestloop', 'off', true)")

# The policy in question stands among those that are in force, and before the one whose scope it shares. Where it comes first
# it would apply, and what comes second is what applies now.
_SHIPMENTS: Final = f"""
    WITH {IN_FORCE}, offered AS MATERIALIZED (
        SELECT organization_id, customer, mode, for_holds, policy_id, version_id, basis, calendar, statuses, digest_above,
               false AS proposed FROM in_force
         UNION ALL
        SELECT CAST(:organization_id AS uuid), CAST(:customer AS text), CAST(:mode AS text), CAST(:for_holds AS text[]),
               CAST(:policy_id AS uuid), CAST(:version_id AS uuid), :basis, CAST(:calendar AS text), CAST(:statuses AS text[]),
               CAST(:digest_above AS int), true
    ), rule_step AS MATERIALIZED (
        SELECT version_id, step, days_late, severity FROM policy_version_steps
         WHERE version_id IN (SELECT version_id FROM offered)
         UNION ALL
        SELECT CAST(:version_id AS uuid), step, days_late, severity
          FROM unnest(CAST(:days_late AS int[]), CAST(:severities AS text[])) WITH ORDINALITY AS row(days_late, severity, step)
    ), shipment AS MATERIALIZED (
        SELECT id, organization_id, customer, coalesce(mode, '') AS mode, recipients,
               CAST(watched_until AT TIME ZONE 'UTC' AS date) AS left_on,
               CASE WHEN watched THEN status WHEN is_watched(previous_status) THEN previous_status
                    ELSE 'in_transit' END AS status,
               coalesce((SELECT array_agg(kind ORDER BY kind) FROM shipment_holds
                          WHERE shipment_id = shipments.id AND released_on IS NULL
                            AND (SELECT bool_or(for_holds <> '{{}}') FROM offered)), '{{}}') AS held
          FROM shipments
         WHERE (CAST(:organization_id AS uuid) IS NULL OR organization_id = CAST(:organization_id AS uuid))
           AND (CAST(:customer AS text) IS NULL OR customer = CAST(:customer AS text))
           AND (CAST(:mode AS text) IS NULL OR mode = CAST(:mode AS text))
           AND (watched OR watched_until >= CAST(:first AS date) AT TIME ZONE 'UTC')
    ), kind AS MATERIALIZED (
        SELECT DISTINCT organization_id, customer, mode, status, held FROM shipment
    ), ruled AS MATERIALIZED (
        SELECT *, bool_or(proposed AND place = 1) OVER (PARTITION BY organization_id, customer, mode, status, held) AS concerned
          FROM (SELECT kind.*, ranked.*
                  FROM kind CROSS JOIN LATERAL (
                       SELECT version_id, basis, calendar, digest_above, proposed,
                              row_number() OVER (ORDER BY {NARROWEST_FIRST}, proposed DESC) AS place
                         FROM offered AS in_force WHERE {FITS}
                        ORDER BY place LIMIT 2) AS ranked) AS placed
    ), assigned AS MATERIALIZED (
        SELECT shipment.id, organization_id, customer, recipients, left_on, version_id, digest_above, proposed
          FROM shipment JOIN ruled USING (organization_id, customer, mode, status, held) WHERE concerned
    )"""  # noqa: S608 - put together from constants of this noun; values are bound

# A day belongs to the ETA that was told last on it. Which day a step is crossed on follows from the ETA alone, so it is worked
# out once for each ETA. An ETA that had passed already when it was told crosses its steps on the day it was told, and the
# highest of them counts: that is the one that the next one was not crossed with. Tables are joined two by two, because the
# planner, which cannot count them, would begin with those that share the version alone.
_RAISED: Final = """, told AS MATERIALIZED (
        SELECT * FROM (
            SELECT shipment_id, eta, told_on,
                   least(lead(told_on) OVER (PARTITION BY shipment_id ORDER BY revision) - 1, CAST(:last AS date)) AS until_on
              FROM (SELECT shipment_id, revision, eta, CAST(told_at AT TIME ZONE 'UTC' AS date) AS told_on FROM eta_revisions
                     WHERE shipment_id IN (SELECT id FROM assigned)) AS revision) AS current
         WHERE told_on <= until_on AND until_on >= CAST(:first AS date)
    ), day AS MATERIALIZED (
        SELECT calendar, day, is_business, number FROM calendar_days WHERE calendar IN (SELECT calendar FROM ruled)
         UNION ALL
        SELECT CAST(:calendar AS text), row.day, row.is_business, row.number
          FROM unnest(CAST(:unbuilt_days AS date[]), CAST(:unbuilt_business AS boolean[]), CAST(:unbuilt_numbers AS int[]))
               AS row(day, is_business, number)
    ), rung AS MATERIALIZED (
        SELECT version_id, basis, calendar, step, severity, days_late
          FROM (SELECT DISTINCT version_id, basis, calendar FROM ruled) AS rule JOIN rule_step USING (version_id)
    ), known AS MATERIALIZED (
        SELECT DISTINCT eta FROM told
    ), goal AS MATERIALIZED (
        SELECT rung.*, eta, began.number + days_late AS number
          FROM rung CROSS JOIN known LEFT JOIN day AS began ON began.calendar = rung.calendar AND began.day = eta
    ), crossing AS MATERIALIZED (
        SELECT version_id, eta, severity, crossed_on,
               lead(crossed_on) OVER (PARTITION BY version_id, eta ORDER BY step) AS next_on
          FROM (SELECT version_id, eta, step, severity, eta + days_late AS crossed_on FROM goal WHERE basis = 'calendar'
                 UNION ALL
                SELECT version_id, eta, step, severity, day.day
                  FROM goal JOIN day USING (calendar, number) WHERE basis = 'business' AND is_business) AS crossed
    ), tracked AS MATERIALIZED (
        SELECT assigned.*, eta, told_on, least(until_on, left_on) AS until_on
          FROM assigned JOIN told ON told.shipment_id = assigned.id
    ), raised AS MATERIALIZED (
        SELECT proposed, id, organization_id, customer, recipients, digest_above, severity,
               greatest(crossed_on, told_on) AS raised_on
          FROM tracked JOIN crossing USING (version_id, eta)
         WHERE coalesce(next_on > told_on, true)
           AND greatest(crossed_on, told_on) BETWEEN CAST(:first AS date) AND until_on
    )"""

# Mails as the sending decides on them: apart for critical ones, and a digest for a recipient with more shipments than the
# strictest of the policies concerned says.
_COUNTED: Final = """, mail AS MATERIALIZED (
        SELECT proposed, organization_id, recipient, count(*) AS alerts, count(*) > min(digest_above) AS is_digest
          FROM raised CROSS JOIN unnest(recipients) AS recipient
         GROUP BY proposed, organization_id, recipient, raised_on, severity = 'critical'
    ), by_customer AS (
        SELECT proposed, organization_id, customer, count(*) AS number,
               row_number() OVER (PARTITION BY proposed ORDER BY count(*) DESC, customer, organization_id) AS place
          FROM raised GROUP BY proposed, organization_id, customer
    )
    SELECT 'considered' AS what, proposed, NULL AS key, CAST(NULL AS uuid) AS organization_id, count(*) AS number, 0 AS place
      FROM assigned GROUP BY proposed
     UNION ALL
    SELECT 'day', proposed, CAST(raised_on AS text), NULL, count(*), raised_on - CAST(:first AS date)
      FROM raised GROUP BY proposed, raised_on
     UNION ALL
    SELECT 'severity', proposed, severity, NULL, count(*), 0 FROM raised GROUP BY proposed, severity
     UNION ALL
    SELECT 'customer', proposed, customer, organization_id, number, place FROM by_customer WHERE place <= :top
     UNION ALL
    SELECT 'shipments', proposed, NULL, NULL, count(*), 0
      FROM (SELECT DISTINCT proposed, id FROM raised) AS late GROUP BY proposed
     UNION ALL
    SELECT 'recipients', proposed, NULL, NULL, count(*), 0
      FROM (SELECT DISTINCT proposed, organization_id, recipient FROM mail) AS told GROUP BY proposed
     UNION ALL
    SELECT CASE WHEN is_digest THEN 'digests' ELSE 'emails' END, proposed, NULL, NULL,
           CASE WHEN is_digest THEN count(*) ELSE sum(alerts) END, 0 FROM mail GROUP BY proposed, is_digest
     ORDER BY what, place
"""
_COUNT: Final = text(_SHIPMENTS + _RAISED + _COUNTED)


class DryRunReader:
    """Reads history."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def count(
        self, question: Question, policy_id: UUID | None, unbuilt: Sequence[CalendarDay], *, today: date
    ) -> Sequence[Counted]:
        """What the policy in question would have raised, and what is in force today would have in its place.

        policy_id: of the policy with the same scope, whose place it would take. unbuilt: days of a calendar that is not written.
        """
        content, scope = question.content, question.scope
        bound: dict[str, Any] = asdict(scope) | {
            "for_holds": list(scope.for_holds),
            "policy_id": policy_id or _NEWEST_OF_ALL,
            "version_id": uuid7(),
            "basis": content.basis,
            "calendar": content.calendar,
            "statuses": list(content.statuses),
            "digest_above": content.digest_above,
            "days_late": [step.days_late for step in content.steps],
            "severities": [step.severity for step in content.steps],
            "unbuilt_days": [one.day for one in unbuilt],
            "unbuilt_business": [one.is_business for one in unbuilt],
            "unbuilt_numbers": [one.number for one in unbuilt],
        }
        bound |= {"first": question.first, "last": question.last, "as_of": today, "top": TOP_CUSTOMERS}
        await self._session.execute(_PLAN)
        return [Counted(**row) for row in (await self._session.execute(_COUNT, bound)).mappings()]
