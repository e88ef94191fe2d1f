"""Which rows of this service go into files; docs/decisions/0015-what-is-archived.md says why these and no others."""

from typing import Final

from shared.runtime.archive.rules import Rule

RULES: Final = (
    # Why an order was offered to whom. Its facts are some kilobytes a row.
    Rule(
        table="match_explanations",
        key=("id",),
        when="old.decided_at",
        days=400,
        kept=("id", "organization_id", "order_id", "run_id", "outcome", "policy_number", "decided_at", "facts"),
        page=2_000,
    ),
    # What a run has asked the gateway for. What it found stays.
    Rule(
        table="recon_lookups",
        key=("run_id", "kind", "entity_id"),
        when="(SELECT finished_at FROM recon_runs WHERE id = old.run_id)",
        days=400,
        kept=("run_id", "kind", "entity_id", "found"),
    ),
)
