"""Celery's prefork pool, for which a delivery is in hand once it is written to a child.

The original forgets deliveries that a child has been handed and has not yet taken up, whenever the consumer closes:
at the end of the worker and after a lost connection. The child carries them out all the same. Nobody watches their
time limit then, nobody acknowledges them, and at the end nobody reads their result, for which the child waits half
a minute.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

from celery.concurrency import asynpool, prefork

if TYPE_CHECKING:
    # Celery's stubs leave out what a pool is made of.
    BasePool: TypeAlias = Any
    BaseTaskPool: TypeAlias = Any
else:
    BasePool = asynpool.AsynPool
    BaseTaskPool = prefork.TaskPool


class Pool(BasePool):
    """The children and the pipes to them."""

    def flush(self) -> None:
        """Forget what has not been written to a child, and nothing else."""
        handed = {number: job for number, job in self._cache.items() if not job._accepted and _is_with_a_child(job)}
        super().flush()
        self._cache.update(handed)
        self._busy_workers.update(job._write_to.inqW_fd for job in handed.values())


def _is_with_a_child(job: Any) -> bool:
    return job._write_to is not None and bool(job._write_to._is_alive())


class TaskPool(BaseTaskPool):
    """`worker_pool` of every service."""

    Pool = Pool
