"""Answers for whoever must not block: awaited where they can be, else from a thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def awaited(function: Callable[..., Any], *values: Any, finish: bool = True) -> Any:
    """The function's answer: awaited where it is asynchronous, else from a thread, so that the loop goes on.

    A thread can't be called off. Cancelled, this waits until it is through, unless `finish` is False: what it uses must
    not be used by anybody else meanwhile.
    """
    if inspect.iscoroutinefunction(function):
        return await function(*values)
    running = asyncio.ensure_future(asyncio.to_thread(function, *values))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if finish:
            await asyncio.wait([running])
        raise
