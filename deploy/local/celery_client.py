"""A plain Celery client of the local stack, as any program outside makes one: it knows the broker and no code of ours."""

from typing import TYPE_CHECKING

from deploy.local.environment import read_environment
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.redis.acl import CLIENT

if TYPE_CHECKING:
    from celery import Celery


def celery_client(home: Home) -> "Celery":
    """Under the broker's user for foreign clients, who may send to any lane and read nothing but their answers."""
    from celery import Celery

    settings = read_environment(home, CLIENT)
    if not settings:
        raise StackError("There is no local stack yet.", "`make run` makes one")
    app = Celery(broker=settings["CELERY_BROKER_URL"], backend=settings["CELERY_RESULT_BACKEND"], set_as_current=False)
    app.conf.update(
        task_serializer="json", accept_content=["json"], broker_transport_options={"priority_steps": [0], "socket_timeout": 5}
    )
    app.conf.update(task_publish_retry=False, broker_connection_timeout=4, result_backend_always_retry=False)
    return app
