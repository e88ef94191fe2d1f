"""The broker as its operator sees it."""

from contextlib import closing

import redis
from redis.exceptions import RedisError

from deploy.local import elsewhere
from deploy.local.environment import read_environment
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.redis.acl import OPERATOR
from shared.contracts.lanes import LANES


def operator_url(home: Home) -> str:
    """The broker's URL for the operator; StackError before the first start."""
    if elsewhere.token() and (url := elsewhere.broker_url()):
        return url
    url = read_environment(home, OPERATOR).get("CELERY_BROKER_URL")
    if url is None:
        raise StackError("There is no local stack yet.", "`make run` makes one")
    return url


def connect(home: Home) -> "redis.Redis":
    """A connection as the operator."""
    return redis.Redis.from_url(
        operator_url(home), socket_timeout=5, socket_connect_timeout=3, client_name="waybill", decode_responses=True
    )


def lane_lengths(home: Home) -> dict[str, int] | dict[str, None]:
    """How many deliveries wait in the broker, by lane; None where it is another installation's, and nobody says where.

    A lane's backlog is more than that: it waits in PostgreSQL.
    """
    if elsewhere.token() and elsewhere.broker_url() is None:
        return dict.fromkeys(LANES)
    with closing(connect(home)) as client:
        try:
            pipe = client.pipeline(transaction=False)
            for name in LANES:
                pipe.llen(name)
            return dict(zip(LANES, pipe.execute(), strict=True))
        except RedisError as error:
            raise StackError(f"The broker does not answer: {error}.", "`waybill status` shows what runs") from None
