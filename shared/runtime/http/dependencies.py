"""Classes as dependencies. FastAPI makes what is not `async` in a thread, because it might wait for something; ours never does,
and a thread costs a request more than a statement does. Functions say `async def`; classes say it here.

    ETag = Annotated[ShownTag, Depends(made(ShownTag))]
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from shared.runtime.http.problems import answers_of, may_answer

T = TypeVar("T")


def made(kind: type[T]) -> Callable[..., Awaitable[T]]:
    """A dependency that asks for what the class's constructor asks for, and makes it where the request is served."""

    @may_answer(*answers_of(kind))
    async def make(**given: Any) -> T:
        return kind(**given)

    make.__signature__ = inspect.signature(kind)  # type: ignore[attr-defined]  # what FastAPI reads, and typing does not know
    return make
