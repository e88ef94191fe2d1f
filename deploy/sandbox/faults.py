"""Fault rules: what a provider is told to do wrong, to whom and how often.

The first rule in the list that is switched on, matches and is not used up decides. Rules live in memory: a restart heals.
"""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from deploy.sandbox.changes import Changes
from deploy.sandbox.entries import glob, has_wildcard
from deploy.sandbox.problems import Problem

MAX_RULES = 10_000


class Rule(BaseModel):
    """What every provider's rules have. match: an address, `*` and `?` are wildcards; times: how often, None for ever.

    every: only each so-manieth match is struck, for runs in which a share of all is to go wrong.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default_factory=lambda: uuid4().hex[:8], pattern=r"^[A-Za-z0-9._-]{1,64}$")
    match: str = Field("*", min_length=1, max_length=320)
    times: int | None = Field(None, ge=1)
    every: int = Field(1, ge=1)
    enabled: bool = True

    def matches(self, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses (in lower case) that the rule is about."""
        pattern = self.match.lower()
        if not has_wildcard(pattern):
            return [address for address in addresses if address == pattern]
        return [address for address in addresses if fnmatchcase(address, glob(pattern))]


class AnswerRule(Rule):
    """What rules of HTTP APIs have besides. status: the HTTP status of an answer."""

    status: int | None = Field(None, ge=400, le=599)

    @model_validator(mode="before")
    @classmethod
    def _number_as_action(cls, values: Any) -> Any:
        """`{"action": 503}` is short for `{"action": "status", "status": 503}`."""
        if isinstance(values, dict) and isinstance(values.get("action"), int):
            return {**values, "action": "status", "status": values["action"]}
        return values


R = TypeVar("R", bound=Rule)


class FaultBoard(Generic[R]):
    """The rules of one provider and how often each has struck."""

    def __init__(self, provider: str, rule: type[R], changes: Changes) -> None:
        self.provider = provider
        self._adapter: TypeAdapter[list[R]] = TypeAdapter(list[rule])  # type: ignore[valid-type] # a runtime type argument
        self._rule = rule
        self._changes = changes
        self._rules: list[R] = []
        self._hits: dict[str, int] = {}
        self._spared: dict[str, int] = {}

    def replace(self, rules: Sequence[Any]) -> None:
        """Put these rules in the place of all, their counts at 0. Raises ValidationError, or Problem on a repeated id."""
        self._set(self._adapter.validate_python(list(rules)))
        self._hits, self._spared = {}, {}

    def add(self, rule: Any) -> None:
        """Put one more rule behind the others. Raises as `replace` does."""
        self._set([*self._rules, self._rule.model_validate(rule)])

    def take(self, addresses: Iterable[str], about: Callable[[R], bool]) -> R | None:
        """The rule that decides for one of the addresses, counted as a hit; None when all is to go well."""
        if not self._rules:
            return None
        wanted = tuple(addresses)
        for rule in self._rules:
            if rule.enabled and not self._used_up(rule) and about(rule) and rule.matches(wanted) and self._is_turn_of(rule):
                self._hits[rule.id] = self._hits.get(rule.id, 0) + 1
                self._changes.bump()
                return rule
        return None

    def switch(self, rule_id: str, enabled: bool) -> None:
        """Switch one rule on or off. Switched on, a used-up rule starts counting anew."""
        index = self._index(rule_id)
        if enabled:
            self._hits.pop(rule_id, None)
        self._rules[index] = self._rules[index].model_copy(update={"enabled": enabled})
        self._changes.bump()

    def remove(self, rule_id: str) -> None:
        """Remove one rule."""
        del self._rules[self._index(rule_id)]
        self._hits.pop(rule_id, None)
        self._changes.bump()

    def view(self) -> dict[str, Any]:
        """The rules in their order, each with its `hits` and with `left`, how many more it has (null: no end)."""
        return {"rules": [self._view(rule) for rule in self._rules]}

    def _set(self, rules: list[R]) -> None:
        if len({rule.id for rule in rules}) < len(rules):
            raise Problem(422, "repeated_rule_id", "Two rules have the same id; give each its own or leave the ids out.")
        self._rules = rules
        self._changes.bump()

    def _view(self, rule: R) -> dict[str, Any]:
        hits = self._hits.get(rule.id, 0)
        return {**rule.model_dump(), "hits": hits, "left": None if rule.times is None else rule.times - hits}

    def _is_turn_of(self, rule: R) -> bool:
        """Whether this match is one that the rule strikes, counted as spared where it is not."""
        spared = self._spared.get(rule.id, 0)
        self._spared[rule.id] = (spared + 1) % rule.every
        return spared + 1 == rule.every

    def _used_up(self, rule: R) -> bool:
        return rule.times is not None and self._hits.get(rule.id, 0) >= rule.times

    def _index(self, rule_id: str) -> int:
        for index, rule in enumerate(self._rules):
            if rule.id == rule_id:
                return index
        raise Problem(
            404, "rule_not_found", f"There is no rule {rule_id} for {self.provider}; GET /faults/{self.provider} lists them."
        )
