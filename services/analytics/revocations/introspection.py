"""What a token is worth now, as this service's own API would judge it."""

from services.analytics.revocations.schemas import Introspection
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.verifier import Authenticator
from shared.runtime.errors import Forbidden, Unauthenticated


async def introspect(authenticator: Authenticator, token: str, asking: Principal) -> Introspection:
    """For whoever asks. Another organization's token is none to somebody who is bound to one."""
    try:
        found = await authenticator.authenticate(token)
    except (Unauthenticated, Forbidden):
        return Introspection(active=False)
    if asking.organization_id not in (None, found.organization_id):
        return Introspection(active=False)
    return Introspection(
        active=True,
        sub=found.id,
        kind=found.kind,
        scope=" ".join(sorted(found.scopes)),
        roles=sorted(found.roles),
        org=found.organization_id,
        exp=found.expires_at,
    )
