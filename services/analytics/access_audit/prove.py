"""`python -m services.analytics.access_audit.prove`: proves the audit, and ends with 1 where it is not as it was written."""

import asyncio
import sys

from services.analytics import access_deps
from services.analytics.access_audit.schemas import AuditProofWithCheckpoints
from services.analytics.settings import AnalyticsSettings
from services.analytics.settings import settings as read_settings
from shared.runtime.db import Database


async def prove(settings: AnalyticsSettings) -> AuditProofWithCheckpoints:
    """What there is to say."""
    database = Database(settings.database_url.get_secret_value(), name="prove-audit", pool_size=1)
    try:
        async with database.read() as session:
            return await access_deps.audit_proving(session).prove()
    finally:
        await database.close()


def main() -> int:
    """The exit code."""
    proof = asyncio.run(prove(read_settings()))
    sys.stdout.write(proof.model_dump_json(indent=2) + "\n")
    return 0 if proof.intact else 1


if __name__ == "__main__":
    sys.exit(main())
