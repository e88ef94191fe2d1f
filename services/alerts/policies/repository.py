"""Reading and writing policies, and in SQL which one applies to a shipment."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import selectinload

from services.alerts.policies.models import Candidate, Content, Policy, PolicyVersion, Scope
from shared.runtime.db import ReadSession, Session

IN_FORCE: Final = """in_force AS MATERIALIZED (
        SELECT policies.organization_id, customer, mode, for_holds, newest.*
          FROM (SELECT DISTINCT ON (policy_id) policy_id, id AS version_id, enabled, basis, calendar, statuses, email_retries,
                       email_interval_s, digest_above
                  FROM policy_versions WHERE effective_from <= CAST(:as_of AS date)
                 ORDER BY policy_id, effective_from DESC, number DESC) AS newest
          JOIN policies ON policies.id = newest.policy_id
         WHERE enabled
    )"""
"""A common table expression: the version of each policy that holds on the day `:as_of`, without those that are retired."""

FITS: Final = """(in_force.organization_id IS NULL OR in_force.organization_id = kind.organization_id)
                  AND (in_force.customer IS NULL OR in_force.customer = kind.customer)
                  AND (in_force.mode IS NULL OR in_force.mode = kind.mode)
                  AND (in_force.for_holds = '{}' OR in_force.for_holds && kind.held)
                  AND kind.status = ANY (in_force.statuses)"""
"""Whether a row of `in_force` is for shipments of a `kind`: (organization_id, customer, mode, status, held).

held: the kinds of hold that are in force on the shipment, a text[]. mode: NULL or '' where it is not known.
"""

NARROWEST_FIRST: Final = """in_force.customer IS NULL, in_force.for_holds = '{}', in_force.mode IS NULL,
                         in_force.organization_id IS NULL, in_force.policy_id DESC"""
"""The order of what fits, of which the first applies: customers are narrower than holds, those than modes, then organizations."""

# The columns are those of a kind, so that what FITS says is said of this shipment; the parts of it are there for the reasons.
_CANDIDATES: Final = text(f"""
    WITH {IN_FORCE}, kind AS MATERIALIZED (
        SELECT organization_id, customer, mode, status, coalesce((
                   SELECT array_agg(shipment_holds.kind) FROM shipment_holds
                    WHERE shipment_id = shipments.id AND released_on IS NULL), '{{}}') AS held
          FROM shipments
         WHERE id = :shipment_id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
    ), applying AS MATERIALIZED (
        SELECT policy_id FROM in_force, kind WHERE {FITS} ORDER BY {NARROWEST_FIRST} LIMIT 1
    ), newest AS MATERIALIZED (
        SELECT DISTINCT ON (policy_id) policy_id, id AS version_id, number, enabled, statuses FROM policy_versions
         WHERE effective_from <= CAST(:as_of AS date) ORDER BY policy_id, effective_from DESC, number DESC
    )
    SELECT candidate.id AS policy_id, candidate.name, candidate.organization_id, candidate.customer, candidate.mode,
           candidate.for_holds, newest.version_id, newest.number, newest.enabled, newest.statuses,
           (candidate.customer = kind.customer) IS NOT FALSE AS fits_customer,
           candidate.mode IS NULL OR candidate.mode IS NOT DISTINCT FROM kind.mode AS fits_mode,
           candidate.for_holds = '{{}}' OR candidate.for_holds && kind.held AS fits_holds,
           kind.status = ANY (newest.statuses) AS fits_status,
           applying.policy_id IS NOT NULL AS applies
      FROM kind JOIN policies AS candidate
                  ON candidate.organization_id IS NULL OR candidate.organization_id = kind.organization_id
      LEFT JOIN newest ON newest.policy_id = candidate.id
      LEFT JOIN applying ON applying.policy_id = candidate.id
     ORDER BY NOT ((candidate.customer = kind.customer) IS NOT FALSE), candidate.customer IS NULL, candidate.for_holds = '{{}}',
              candidate.mode IS NULL, candidate.organization_id IS NULL, candidate.id DESC
     LIMIT :limit
""")  # noqa: S608 - put together from constants of this module; values are bound

_CREATE: Final = text("""
    INSERT INTO policies (id, organization_id, customer, mode, name, for_holds, created_by)
    VALUES (uuidv7(), :organization_id, :customer, :mode, :name, CAST(:for_holds AS text[]), :created_by)
    ON CONFLICT (organization_id, customer, mode, for_holds) DO NOTHING RETURNING id
""")
_PUBLISH: Final = text("""
    WITH published AS (
        INSERT INTO policy_versions (id, policy_id, number, effective_from, enabled, basis, calendar, statuses, email_retries,
                                     email_interval_s, digest_above, created_by)
        SELECT uuidv7(), :policy_id, coalesce(max(number), 0) + 1, :effective_from, :enabled, :basis, :calendar,
               CAST(:statuses AS text[]), :email_retries, :email_interval_s, :digest_above, :created_by
          FROM policy_versions WHERE policy_id = :policy_id
        RETURNING id
    )
    INSERT INTO policy_version_steps (version_id, step, days_late, severity)
    SELECT published.id, row.step, row.days_late, row.severity
      FROM published, unnest(CAST(:days AS int[]), CAST(:severities AS text[])) WITH ORDINALITY AS row(days_late, severity, step)
""")
_BUMP: Final = text("UPDATE policies SET version = version + 1 WHERE id = :id")


class PolicyReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, *, organization_id: UUID | None, after: UUID | None, limit: int) -> Sequence[Policy]:
        """The newest first: an organization's own and those for all organizations, or everybody's; from after `after` on."""
        query = select(Policy).order_by(Policy.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(or_(Policy.organization_id == organization_id, Policy.organization_id.is_(None)))
        if after is not None:
            query = query.where(Policy.id < after)
        return (await self._session.scalars(query)).all()

    async def find(self, policy_id: UUID, *, organization_id: UUID | None) -> Policy | None:
        """The policy, if it is the organization's or one for all organizations; anybody's for None."""
        policy = await self._session.get(Policy, policy_id, populate_existing=True)
        return policy if policy is not None and _may_see(policy, organization_id) else None

    async def versions(self, policy_id: UUID) -> Sequence[PolicyVersion]:
        """All versions of a policy with their steps, the newest first."""
        query = select(PolicyVersion).where(PolicyVersion.policy_id == policy_id).options(selectinload(PolicyVersion.steps))
        return (await self._session.scalars(query.order_by(PolicyVersion.number.desc()))).all()

    async def in_force(self, policy_ids: Sequence[UUID], as_of: date) -> Sequence[PolicyVersion]:
        """The version of each of these policies that holds on a day, with its steps; none of a policy that has none yet."""
        query = (
            select(PolicyVersion)
            .where(PolicyVersion.policy_id.in_(policy_ids), PolicyVersion.effective_from <= as_of)
            .ext(distinct_on(PolicyVersion.policy_id))
            .order_by(PolicyVersion.policy_id, PolicyVersion.effective_from.desc(), PolicyVersion.number.desc())
        )
        return (await self._session.scalars(query.options(selectinload(PolicyVersion.steps)))).all()

    async def with_scope(self, scope: Scope) -> UUID | None:
        """The id of the policy that is for exactly this; None where there is none."""
        query = select(Policy.id).where(
            Policy.organization_id.is_not_distinct_from(scope.organization_id),
            Policy.customer.is_not_distinct_from(scope.customer),
            Policy.mode.is_not_distinct_from(scope.mode),
            Policy.for_holds == list(scope.for_holds),
        )
        return await self._session.scalar(query)

    async def candidates(
        self, shipment_id: UUID, as_of: date, *, organization_id: UUID | None, limit: int
    ) -> Sequence[Candidate]:
        """The policies of a shipment's organization and those for all, narrowest first, those for other customers last.

        None for a shipment that is not there, or not the organization's.
        """
        bound = {"shipment_id": shipment_id, "organization_id": organization_id, "as_of": as_of, "limit": limit}
        rows = await self._session.execute(_CANDIDATES, bound)
        return [Candidate(**row) for row in rows.mappings()]


class PolicyRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, policy_id: UUID, *, organization_id: UUID | None) -> Policy | None:
        """As `PolicyReader.find`; nobody else publishes a version of it until the transaction ends."""
        policy = await self._session.get(Policy, policy_id, populate_existing=True, with_for_update=True)
        return policy if policy is not None and _may_see(policy, organization_id) else None

    async def newest_day(self, policy_id: UUID) -> date | None:
        """From which day on the newest version holds."""
        query = select(PolicyVersion.effective_from).where(PolicyVersion.policy_id == policy_id)
        return await self._session.scalar(query.order_by(PolicyVersion.number.desc()).limit(1))

    async def create(self, name: str, scope: Scope, *, created_by: str) -> UUID | None:
        """A policy without a version; None where there is one with this scope."""
        bound: dict[str, Any] = {
            "organization_id": scope.organization_id,
            "customer": scope.customer,
            "mode": scope.mode,
            "for_holds": list(scope.for_holds),
        }
        created: UUID | None = await self._session.scalar(_CREATE, {"name": name, "created_by": created_by, **bound})
        return created

    async def publish(self, policy_id: UUID, content: Content, effective_from: date, *, created_by: str) -> None:
        """Write the next version."""
        bound: dict[str, Any] = {
            "enabled": content.enabled,
            "basis": content.basis,
            "calendar": content.calendar,
            "statuses": list(content.statuses),
            "email_retries": content.email_retries,
            "email_interval_s": content.email_interval_s,
            "digest_above": content.digest_above,
            "days": [step.days_late for step in content.steps],
            "severities": [step.severity for step in content.steps],
        }
        keys = {"policy_id": policy_id, "effective_from": effective_from, "created_by": created_by}
        await self._session.execute(_PUBLISH, {**keys, **bound})

    async def bump(self, policy_id: UUID) -> None:
        """Give the policy its next entity tag."""
        await self._session.execute(_BUMP, {"id": policy_id})


def _may_see(policy: Policy, organization_id: UUID | None) -> bool:
    return organization_id is None or policy.organization_id in (None, organization_id)
