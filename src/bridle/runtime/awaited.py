"""Answers for whoever must not block: awaited where they can be, else from a thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any


class GivenUp(RuntimeError):
    """What was waited for was called off, and not by whoever waits: it is an error of its own, and no cancellation."""


async def awaited(function: Callable[..., Any], *values: Any, finish: bool = True) -> Any:
    """The function's answer: awaited where it is asynchronous, else from a thread, so that the loop goes on.

    A thread can't be called off. Cancelled, this waits until it is through, unless `finish` is False: what it uses must
    not be used by anybody else meanwhile. Then a thread that has not begun never does.

    Raises:
        GivenUp: the function was cancelled though whoever waits for it was not.
    """
    if inspect.iscoroutinefunction(function):
        return await answered(function(*values))
    running = asyncio.ensure_future(asyncio.to_thread(function, *values))
    try:
        return await answered(asyncio.shield(running))
    except asyncio.CancelledError:
        if finish:
            await asyncio.wait([running])
        else:
            running.cancel()
        raise


async def answered(waiting: Awaitable[Any]) -> Any:
    """What is being waited for; its own cancellation is an error of its own."""
    try:
        return await waiting
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise GivenUp("it was cancelled, and not by whoever waited for it") from error
