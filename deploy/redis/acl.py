"""The broker's access list: one user per service, the operator, foreign clients, the administrator.

    service   <name>    reads its own lanes, receipts and junk; pushes to others' lanes and receipts; subscribes to control
    operator            inspects and controls workers, reads queues, purges; the only one that may publish control
    monitor             hears the workers' events, counts what is in keys without reading it, removes what nobody owns
    client              any Celery program that sends a task and waits for its answer
    admin               everything; for maintenance by hand

A user is a set of selectors (the first without parentheses). A command passes when ONE selector allows the
command together with ALL its keys and channels, so a right to push somewhere is no right to read there.

`render` gives the text of an aclfile; passwords are in it as SHA-256 digests only.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Final

from shared.contracts.lanes import LANES, SERVICES, lanes_of

OPERATOR: Final = "operator"
MONITOR: Final = "monitor"
CLIENT: Final = "client"
ADMIN: Final = "admin"
USERS: Final = (*SERVICES, OPERATOR, MONITOR, CLIENT, ADMIN)

# What every connection of redis-py and kombu says before and around its work.
_CONNECTION: Final = (
    "+ping +hello +auth +select +reset +quit +client|setinfo +client|setname +client|id +multi +exec +discard +watch +unwatch"
)
_STRINGS: Final = "+get +set +mget +setex +psetex +del +unlink +exists +type +expire +pexpire +ttl +pttl +incr +incrby"
_LISTS: Final = "+lpush +rpush +rpop +brpop +lmpop +blmpop +llen +lrange +ltrim +lrem"
_HASHES: Final = "+hget +hset +hsetnx +hdel +hincrby +hlen +hmget +hgetall"
_SORTED_SETS: Final = "+zadd +zrem +zrange +zrangebyscore +zrevrangebyscore +zremrangebyscore +zcard +zcount +zscore"
_SUBSCRIBE: Final = "+subscribe +unsubscribe +psubscribe +punsubscribe"
_STREAMS: Final = (
    "+xadd +xread +xrange +xrevrange +xlen +incr +get +set +getdel +expire +evalsha +eval +script|load +script|exists"
)
_SCRIPTS: Final = "+eval +evalsha +script|load +script|exists"

# kombu keeps in sets which queue hears which exchange, and sweeps them by scripts that ask for the time.
_BIND: Final = (
    "+sadd +srem +smembers +scard +exists +del +zadd +zrem +zrangebyscore +eval +evalsha +script|load +script|exists +time"
)
_MAILBOXES: Final = ("celery.pidbox", "reply.celery.pidbox", "celeryev")
# kombu subscribes to fan-out exchanges under `/<database>.<exchange>`.
_CONTROL: Final = "/0.celery.pidbox"
_EVENTS: Final = "/0.celeryev/*"


def _keys(patterns: Iterable[str], prefix: str = "~") -> str:
    return " ".join(f"{prefix}{pattern}" for pattern in patterns)


def _bindings(exchanges: Iterable[str]) -> str:
    """The right to bind queues to exchanges: those of one's own, or a message for one could be copied to another."""
    tables = (f"_kombu.{kind}.{exchange}" for exchange in exchanges for kind in ("binding", "binding_permanent"))
    return f"(-@all {_BIND} {_keys(tables)} ~_kombu.binding_deadlines)"


def service_rules(service: str) -> list[str]:
    """What a service's API, relay and worker may do, as selectors."""
    own_lanes = [lane.name for lane in lanes_of(service)]
    own = [
        *own_lanes,
        *(f"slots:{lane}" for lane in own_lanes),
        *(f"{kind}:{service}" for kind in ("receipts", "junk")),
        *(f"{kind}:{service}:*" for kind in ("unacked", "answers", "ratelimit", "providers", "cache")),
        "celery-task-meta-*",
        "epoch",
    ]
    others = [name for name in SERVICES if name != service]
    pushed = [*(lane for lane, owned in LANES.items() if owned.owner != service), *(f"receipts:{name}" for name in others)]
    access = "~access:*" if service == "analytics" else "%R~access:*"
    return [
        f"{_CONNECTION} +info +time {_STRINGS} {_LISTS} {_HASHES} {_SORTED_SETS} {_SCRIPTS} {_keys(own)}",
        # Producers push to a lane, see how full it is and how many slots it has, and cannot read it.
        # What all API processes of a service tell those who follow, and the tickets by which browsers follow.
        f"(-@all {_STREAMS} {_keys([f'live:{service}:*'])})",
        f"(-@all +lpush +llen +exists {_keys(pushed, '%W~')})",
        f"(-@all +zcard +zcount +zrange +zrangebyscore {_keys(['slots:*'], '%R~')})",
        f"(-@all {_STRINGS} {access})",
        _bindings((*_MAILBOXES, *own_lanes)),
        # A worker listens to control, gossip and hints; it answers control and publishes events and hints, never control. `live:`
        # wakes the API processes that hold streams open.
        f"(-@all {_SUBSCRIBE} &{_CONTROL} &/0.celeryev/worker.* &hint:{service} &live:{service} &celery-task-meta-*)",
        f"(-@all +publish &{_EVENTS} &hint:{service} &live:{service} &celery-task-meta-*)",
        # Each worker declares boxes of its own for control and gossip, which stay empty, and pushes its answers to control.
        "(-@all +lpush +llen +exists +del +pexpire ~*@*.celery.pidbox* ~celeryev.* %W~*.reply.celery.pidbox*)",
    ]


def operator_rules() -> list[str]:
    """`celery inspect`, `control`, `events`, `purge`, Flower and the `waybill` command."""
    allowed = "+@read +@write +@connection +@transaction +@pubsub +@scripting +@blocking -@dangerous -@admin"
    return [f"{allowed} +info +acl|log +acl|whoami +client|list +memory|usage +time ~* &*"]


def monitor_rules() -> list[str]:
    """The analytics service's collector and monitoring: how much there is everywhere, and never what it says.

    Messages may be personal, so their bodies are no business of whoever watches the queues.
    """
    return [
        f"{_CONNECTION} +info +time +scan",
        f"(-@all {_SUBSCRIBE} &{_EVENTS})",
        "(-@all +llen +hlen +zcard +zcount +exists +type +ttl +pttl %R~*)",
        "(-@all +zrange +zrangebyscore %R~slots:* %R~unacked:*)",
        "(-@all +hmget +hgetall %R~providers:*)",
        # What workers and clients that are gone have left behind.
        "(-@all +del +unlink +zremrangebyscore ~slots:* ~celery-task-meta-* ~*.reply.celery.pidbox)",
    ]


def client_rules() -> list[str]:
    """A plain Celery client: sends to any lane, waits for the answer, reads nothing else."""
    return [
        f"{_CONNECTION}",
        f"(-@all +lpush +llen +exists {_keys(LANES, '%W~')})",
        # kombu asks for the length of the lists of three more priorities, too. They are empty: a lane is one list, and
        # a message with a priority of its own is refused aloud instead of waiting where nobody reads.
        f"(-@all +llen +exists {_keys((f'{lane}??[369]' for lane in LANES), '%W~')})",
        "(-@all +get +mget +exists +ttl %R~celery-task-meta-*)",
        f"(-@all {_SUBSCRIBE} &celery-task-meta-*)",
        _bindings(LANES),
    ]


def render(passwords: Mapping[str, str]) -> str:
    """The aclfile. `passwords` has one for each of USERS."""
    rules = {
        **{service: service_rules(service) for service in SERVICES},
        OPERATOR: operator_rules(),
        MONITOR: monitor_rules(),
        CLIENT: client_rules(),
        ADMIN: ["+@all ~* &*"],
    }
    lines = ["user default off resetpass resetkeys resetchannels -@all"]
    for user, selectors in rules.items():
        digest = hashlib.sha256(passwords[user].encode()).hexdigest()
        lines.append(f"user {user} on #{digest} resetkeys resetchannels -@all {' '.join(selectors)}")
    return "\n".join(lines) + "\n"


def main(environment: Mapping[str, str]) -> str:
    """The aclfile for passwords given as <USER>_REDIS_PASSWORD; the containers' entry point prints it."""
    names = {user: f"{user.upper()}_REDIS_PASSWORD" for user in USERS}
    if missing := [name for name in names.values() if not environment.get(name)]:
        sys.exit(f"set {', '.join(missing)}")
    return render({user: environment[name] for user, name in names.items()})


if __name__ == "__main__":
    sys.stdout.write(main(os.environ))
