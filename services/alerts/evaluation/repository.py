"""The statements that turn lateness into alerts. Each is one round trip, however many shipments it concerns."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.alerts.repository import SEVERITIES
from services.alerts.evaluation.models import Chunk, Found, Position, Rung
from services.alerts.policies.repository import FITS, IN_FORCE, NARROWEST_FIRST
from shared.contracts.alerts import OrganizationAlerts
from shared.runtime.db import Session

BEGINNING: Final = Position(date.min, UUID(int=0))
"""Before every shipment; asyncpg sends `date.min` as -infinity."""

# The planner knows nothing of what a statement's own parts hold, nor of a table that was filled a moment ago. What is to be
# looked up by an index is written as a sub-query for each row, and all else is joined by hashing.
_PLAN: Final = text("""
    SELECT set_config(name, 'off', true)
      FROM unnest(ARRAY['enable_seqscan', 'enable_nestloop', 'enable_mergejoin']) AS name
""")

# What is due is taken row by row, and what others hold is left to them: another run, which raises the same; or an import, after
# which the next pass finds the shipment as it then is. Locks are never waited for, so no circle of waiting can close.
_SHIPMENT: Final = """
    SELECT id, organization_id, customer, coalesce(mode, '') AS mode, status, current_eta, eta_revision, watched FROM shipments
"""
_CHUNK: Final = f"""
    WITH due AS MATERIALIZED (
        SELECT due_on, shipment_id, ctid AS place FROM due_evaluations
         WHERE due_on <= CAST(:as_of AS date)
           AND (due_on, shipment_id) > (CAST(:after_on AS date), CAST(:after_id AS uuid))
         ORDER BY due_on, shipment_id LIMIT :size FOR UPDATE SKIP LOCKED
    ), shipment AS MATERIALIZED (
        SELECT found.*, place
          FROM due CROSS JOIN LATERAL ({_SHIPMENT} WHERE id = due.shipment_id FOR NO KEY UPDATE SKIP LOCKED) AS found
    ), gone AS (
        DELETE FROM due_evaluations WHERE ctid = ANY (ARRAY(SELECT place FROM shipment))
    )"""  # noqa: S608 - put together from constants of this module; values are bound
_SINGLE: Final = f"""
    WITH shipment AS MATERIALIZED (
        {_SHIPMENT} WHERE id = :shipment_id FOR NO KEY UPDATE
    )"""

# First for each kind of shipment the policy, then for each policy and ETA the lateness: both are few, however many shipments
# there are. Of the steps that were newly reached only the highest is raised, and none below a step that was raised before,
# which a run for an earlier day would find. What another policy or version has raised, before the present one came to apply,
# counts by its severity, because their steps cannot be compared. Holds are looked up only where a policy asks for them.
_RAISE: Final = f""", {IN_FORCE}, watched AS MATERIALIZED (
        SELECT shipment.*, coalesce((
                   SELECT array_agg(kind ORDER BY kind) FROM shipment_holds
                    WHERE shipment_id = shipment.id AND released_on IS NULL
                      AND (SELECT bool_or(for_holds <> '{{}}') FROM in_force)), '{{}}') AS held
          FROM shipment WHERE watched
    ), kind AS MATERIALIZED (
        SELECT DISTINCT organization_id, customer, mode, status, held FROM watched
    ), ruled AS MATERIALIZED (
        SELECT kind.*, policy.policy_id, policy.version_id, policy.basis, policy.calendar
          FROM kind CROSS JOIN LATERAL (
               SELECT policy_id, version_id, basis, calendar FROM in_force WHERE {FITS} ORDER BY {NARROWEST_FIRST}
                LIMIT 1) AS policy
    ), assigned AS MATERIALIZED (
        SELECT watched.id, watched.organization_id, watched.eta_revision, watched.current_eta, policy_id, version_id, basis,
               calendar
          FROM watched JOIN ruled USING (organization_id, customer, mode, status, held)
    ), lateness AS MATERIALIZED (
        SELECT pair.*, CASE WHEN basis = 'calendar' THEN CAST(:as_of AS date) - current_eta
                            ELSE (SELECT number FROM calendar_days AS today
                                   WHERE today.calendar = pair.calendar AND day = CAST(:as_of AS date)) - eta_number
                       END AS days_late
          FROM (SELECT known.*, (SELECT number FROM calendar_days AS began
                                  WHERE began.calendar = known.calendar AND day = current_eta) AS eta_number
                  FROM (SELECT DISTINCT version_id, basis, calendar, current_eta FROM assigned) AS known) AS pair
    ), reached AS MATERIALIZED (
        SELECT lateness.version_id, lateness.current_eta, lateness.days_late, highest.step, highest.severity,
               CASE WHEN lateness.basis = 'calendar' THEN lateness.current_eta + following.days_late
                    ELSE (SELECT day FROM calendar_days WHERE calendar = lateness.calendar AND is_business
                                                         AND number = lateness.eta_number + following.days_late) END AS next_on
          FROM lateness
          LEFT JOIN LATERAL (SELECT step, severity FROM policy_version_steps AS known
                              WHERE known.version_id = lateness.version_id AND known.days_late <= lateness.days_late
                              ORDER BY known.days_late DESC LIMIT 1) AS highest ON true
          LEFT JOIN LATERAL (SELECT known.days_late FROM policy_version_steps AS known
                              WHERE known.version_id = lateness.version_id AND known.days_late > lateness.days_late
                              ORDER BY known.days_late LIMIT 1) AS following ON true
    ), raised AS (
        INSERT INTO alerts (id, organization_id, shipment_id, step, eta_revision, severity, days_late, raised_on, run_id,
                            policy_version_id, reopens)
        SELECT uuidv7(), organization_id, assigned.id, step, eta_revision, severity, days_late, CAST(:as_of AS date),
               CAST(:run_id AS uuid), version_id,
               CASE WHEN eta_revision > 1 THEN (
                   SELECT had.id FROM alerts AS had
                    WHERE had.shipment_id = assigned.id AND had.eta_revision < assigned.eta_revision
                    ORDER BY had.eta_revision DESC, had.step DESC LIMIT 1) END
          FROM assigned JOIN reached USING (version_id, current_eta)
         WHERE step IS NOT NULL AND NOT coalesce((
                   SELECT bool_or(CASE WHEN had.policy_version_id = assigned.version_id THEN had.step >= reached.step
                                       ELSE array_position({SEVERITIES}, had.severity)
                                            >= array_position({SEVERITIES}, reached.severity) END)
                     FROM alerts AS had
                    WHERE had.shipment_id = assigned.id AND had.eta_revision = assigned.eta_revision), false)
        ON CONFLICT (shipment_id, eta_revision, policy_version_id, step) DO NOTHING
        RETURNING id, organization_id, severity, reopens
    ), told AS (
        INSERT INTO alert_timeline (alert_id, number, kind, actor, message_id)
        SELECT id, 1, CASE WHEN reopens IS NULL THEN 'raised' ELSE 'reopened' END, 'system:evaluation', CAST(:run_id AS uuid)
          FROM raised
    ), rearmed AS (
        INSERT INTO due_evaluations (due_on, shipment_id)
        SELECT next_on, id FROM assigned JOIN reached USING (version_id, current_eta) WHERE next_on IS NOT NULL
         ORDER BY next_on, id
        ON CONFLICT (due_on, shipment_id) DO NOTHING
    )"""  # noqa: S608 - as above

_OF_CHUNK: Final = """
    SELECT (SELECT count(*) FROM due) AS due, (SELECT count(*) FROM shipment) AS shipments, due_on, shipment_id,
           (SELECT coalesce(json_agg(told_of), '[]') FROM (
               SELECT organization_id, count(*) FILTER (WHERE severity = 'info') AS info,
                      count(*) FILTER (WHERE severity = 'warning') AS warning, count(*) FILTER (WHERE severity = 'high') AS high,
                      count(*) FILTER (WHERE severity = 'critical') AS critical
                 FROM raised GROUP BY organization_id ORDER BY organization_id) AS told_of) AS organizations
      FROM due ORDER BY due_on DESC, shipment_id DESC LIMIT 1
"""
_OF_SINGLE: Final = """
    SELECT shipment.organization_id, shipment.status, policies.name AS policy, assigned.version_id AS policy_version_id,
           assigned.basis, assigned.calendar, reached.days_late, reached.step, reached.severity, raised.id AS alert_id, next_on
      FROM shipment
      LEFT JOIN assigned ON assigned.id = shipment.id
      LEFT JOIN reached ON reached.version_id = assigned.version_id AND reached.current_eta = assigned.current_eta
      LEFT JOIN policies ON policies.id = assigned.policy_id
      LEFT JOIN raised ON true
"""
_EVALUATE_CHUNK: Final = text(_CHUNK + _RAISE + _OF_CHUNK)
_EVALUATE_SINGLE: Final = text(_SINGLE + _RAISE + _OF_SINGLE)

_RUNGS: Final = text("""
    SELECT known.step, known.days_late, known.severity, alerts.id AS alert_id,
           CASE WHEN policy_versions.basis = 'calendar' THEN shipments.current_eta + known.days_late
                ELSE (SELECT day FROM calendar_days AS crossing
                       WHERE crossing.calendar = policy_versions.calendar AND crossing.is_business
                         AND crossing.number = known.days_late + (
                             SELECT number FROM calendar_days AS began
                              WHERE began.calendar = policy_versions.calendar AND began.day = shipments.current_eta)) END
           AS crosses_on
      FROM policy_version_steps AS known JOIN policy_versions ON policy_versions.id = known.version_id
      JOIN shipments ON shipments.id = :shipment_id
      LEFT JOIN alerts ON alerts.shipment_id = shipments.id AND alerts.step = known.step
                      AND alerts.eta_revision = shipments.eta_revision AND alerts.policy_version_id = policy_versions.id
     WHERE known.version_id = :version_id ORDER BY known.step
""")

# Whatever a policy is for is looked at again once its new version holds: its steps may lie on other days.
_APPLY: Final = text("""
    WITH changed AS (
        UPDATE policy_versions SET applied_at = now() WHERE applied_at IS NULL AND effective_from <= CAST(:as_of AS date)
        RETURNING policy_id
    )
    INSERT INTO due_evaluations (due_on, shipment_id)
    SELECT DISTINCT CAST(:as_of AS date), shipments.id
      FROM shipments JOIN policies
           ON (policies.organization_id IS NULL OR policies.organization_id = shipments.organization_id)
          AND (policies.customer IS NULL OR policies.customer = shipments.customer)
          AND (policies.mode IS NULL OR policies.mode = shipments.mode)
     WHERE watched AND policies.id IN (SELECT policy_id FROM changed)
    ON CONFLICT (due_on, shipment_id) DO NOTHING
""")
_SWEEP: Final = text("""
    DELETE FROM due_evaluations WHERE due_on <= CAST(:as_of AS date)
       AND NOT EXISTS (SELECT FROM shipments WHERE shipments.id = due_evaluations.shipment_id)
""")
_IS_DUE: Final = text("SELECT EXISTS (SELECT FROM due_evaluations WHERE due_on <= CAST(:as_of AS date))")


class EvaluationRepository:
    """Evaluates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def apply_policies(self, as_of: date) -> None:
        """Have everything looked at again for which a policy has a version that holds since the last run."""
        await self._session.execute(_APPLY, {"as_of": as_of})

    async def evaluate_chunk(self, run_id: UUID, as_of: date, after: Position, size: int) -> Chunk | None:
        """Raise the alerts of the next `size` shipments that are due on `as_of`; None when there are none left."""
        bound = {"run_id": run_id, "as_of": as_of, "after_on": after.on, "after_id": after.shipment_id, "size": size}
        await self._session.execute(_PLAN)
        row = (await self._session.execute(_EVALUATE_CHUNK, bound)).one_or_none()
        if row is None:
            return None
        organizations = tuple(OrganizationAlerts.model_validate(one) for one in row.organizations)
        return Chunk(row.due, row.shipments, organizations, Position(row.due_on, row.shipment_id))

    async def anything_due(self, as_of: date) -> bool:
        """Whether shipments are due, apart from those that are not there any more."""
        await self._session.execute(_SWEEP, {"as_of": as_of})
        return bool(await self._session.scalar(_IS_DUE, {"as_of": as_of}))

    async def evaluate_shipment(self, shipment_id: UUID, as_of: date) -> Found | None:
        """Raise the alert of one shipment, if one is due on `as_of`; None for a shipment that is not there."""
        bound = {"shipment_id": shipment_id, "as_of": as_of, "run_id": None}
        row = (await self._session.execute(_EVALUATE_SINGLE, bound)).mappings().one_or_none()
        return None if row is None else Found(**row)

    async def rungs(self, shipment_id: UUID, policy_version_id: UUID) -> Sequence[Rung]:
        """The steps of a policy as they stand for a shipment, the first one first."""
        rows = await self._session.execute(_RUNGS, {"shipment_id": shipment_id, "version_id": policy_version_id})
        return [Rung(**row) for row in rows.mappings()]
