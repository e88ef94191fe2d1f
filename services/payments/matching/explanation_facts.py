"""What is kept of a decision, so that it can be explained for ever: every member of every pool, rule and term of it.

A pool's members are kept once for all runs that found the same, under the hash of what they are. Of each line there are left the
members that a rule refused, as a mask in hexadecimal over the pool; those without the capacity, with what they had; and of all
others the terms of their scores that do not follow from the pool alone.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import orjson

from services.payments.matching.planning import LineVerdict, Verdict
from services.payments.matching.policy_models import Policy
from services.payments.matching.pool_models import Member
from services.payments.matching.pools import Pool
from services.payments.matching.reasons import reason_of
from services.payments.matching.run_repository import KeptPool


class FactsWriter:
    """Writes down the decisions of one planner, by its policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = asdict(policy)
        self._snapshots: dict[str, KeptPool] = {}

    @property
    def pools(self) -> Sequence[KeptPool]:
        """The pools that the decisions so far are about."""
        return list(self._snapshots.values())

    def packed(self, verdict: Verdict) -> bytes:
        """What is to be kept of one decision: JSON, packed."""
        demand, window = verdict.demand, verdict.window
        facts = {
            "policy": self._policy,
            "currency": demand.currency,
            "state_code": demand.state_code,
            "place": [demand.place.latitude, demand.place.longitude] if demand.place is not None else None,
            "wanted_on": demand.wanted_on,
            "partners": sorted(demand.partners),
            "today": window.today,
            "until": window.until,
            "lines": [self._line(one) for one in verdict.lines],
            "plans": [{"score": plan.score, "choice": self._positions(verdict, plan.choice)} for plan in verdict.plans],
            "complete": verdict.complete,
            "reason": reason_of(verdict)[1] if not verdict.plans else None,
        }
        # The driver's ids are a class of their own, which JSON does not know.
        return zlib.compress(orjson.dumps(facts, default=str), _FAST)

    def _line(self, judged: LineVerdict) -> dict[str, Any]:
        rated = judged.rated
        return {
            "number": judged.line.number,
            "capability": judged.line.capability,
            "quantity": judged.line.quantity,
            "pool": self._snapshot(judged.pool).digest.hex(),
            "refused": {rule: f"{mask:x}" for rule, mask in judged.sifted.refused.items()},
            "short": rated.short,
            "able": rated.able,
        }

    def _snapshot(self, pool: Pool) -> KeptPool:
        if pool.capability not in self._snapshots:
            members = orjson.dumps([_member(one) for one in pool.members], default=str)
            self._snapshots[pool.capability] = KeptPool(pool.capability, hashlib.sha256(members).digest(), members)
        return self._snapshots[pool.capability]

    @staticmethod
    def _positions(verdict: Verdict, choice: Sequence[int]) -> list[int]:
        return [judged.pool.position_of[verdict.makers[place]] for judged, place in zip(verdict.lines, choice, strict=True)]


_FAST: Final = 1
"""The level of packing: a third is left, in a hundredth of a second for a hundred decisions."""

_FIELDS: Final = tuple(one for one in Member.__slots__ if one != "serves")


def unpacked(facts: bytes) -> dict[str, Any]:
    """What `FactsWriter.packed` has packed."""
    found: dict[str, Any] = orjson.loads(zlib.decompress(facts))
    return found


def _member(one: Member) -> list[Any]:
    serves = sorted(one.serves) if one.serves is not None else None
    return [*(getattr(one, name) for name in _FIELDS), serves]


def member_of(kept: Sequence[Any]) -> Member:
    """A member of a pool that was kept."""
    *plain, serves = kept
    values = dict(zip(_FIELDS, plain, strict=True)) | {"manufacturer_id": UUID(plain[0])}
    return Member(**values, serves=frozenset(serves) if serves is not None else None)
