"""A provider's model, `provider:model`, through pydantic-ai's low-level interface (extra `models`).

One `complete` is one request: the provider's library is told to make no retries of its own. All requests of a model
run on one event loop in a thread of its own, because a provider's HTTP client belongs to the loop that first used it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import threading
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from bridle.errors import BridleError, MissingExtra, ModelFault, UsageError
from bridle.models.answer import excerpt, usable
from bridle.models.model import Completion, Request, Usage
from bridle.models.prices import price, price_in_detail

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model as Client
    from pydantic_ai.settings import ModelSettings

T = TypeVar("T")

TIMEOUT = 600.0
"""Seconds for a whole request."""


def open_provider(spec: str, *, timeout: float = TIMEOUT, label: str | None = None) -> ProviderModel:
    """The model that pydantic-ai knows as `spec`, for example `openai:gpt-5`. Nothing is sent yet.

    Raises:
        MissingExtra: pydantic-ai is not installed.
        UsageError: no such provider, its library or its key is missing, or it can't be kept from retrying by itself.
    """
    try:
        from pydantic_ai.exceptions import UserError
        from pydantic_ai.models import infer_model
    except ImportError:
        raise MissingExtra(f"The model {spec}", "models") from None
    try:
        client = infer_model(spec)
    except ImportError as error:
        command = re.search(r"pip install [\"']?([\w\[\]-]+)", str(error))
        remedy = f"install it with  pip install '{command[1]}'." if command else excerpt(str(error))
        raise UsageError(f"The model {spec} needs its provider's library: {remedy}") from None
    except (UserError, ValueError) as error:
        raise UsageError(_unopened(spec, str(error))) from None
    if "max_retries" in client.unsupported_settings:
        raise UsageError(
            f"The library behind {spec} retries by itself, which would spend calls that no budget counts; "
            "use the provider's OpenAI-compatible address instead, as in  https://HOST/v1#MODEL ."
        )
    return ProviderModel(client, name=spec, timeout=timeout, label=label)


def _unopened(spec: str, said: str) -> str:
    """A sentence for what pydantic-ai says when it can't make a model."""
    if said.startswith("Unknown model"):
        guess = re.search(r"Did you mean '([^']+)'", said)
        instead = (
            f"did you mean {guess[1]}?" if guess else "write it as in  openai:gpt-5  or  anthropic:claude-sonnet-4-5 ."
        )
        return f"No provider knows the model {spec}: {instead}"
    variables = re.findall(r"`([A-Z][A-Z0-9_]+)`", said)
    if variables:
        return f"The model {spec} needs {' or '.join(variables)} in the environment:  export {variables[0]}=… ."
    return f"The model {spec} can't be used: {excerpt(said)}"


class ProviderModel:
    """A model of pydantic-ai behind the model port."""

    def __init__(self, client: Client, *, name: str, timeout: float = TIMEOUT, label: str | None = None) -> None:
        """`client` is pydantic-ai's model (a `FunctionModel` in tests); `label` is who answers, else its own word."""
        self.name = name
        self._client, self._timeout, self._label = client, timeout, label
        self._loop = _Loop(client)

    def complete(self, request: Request) -> Completion:
        """One request to the provider.

        Raises:
            ModelFault: whatever went wrong, as far as the provider says whether and when to ask again.
        """
        start = time.monotonic()
        try:
            response = self._loop.run(self._ask(request))
        except BridleError:
            raise
        except concurrent.futures.CancelledError:
            raise ModelFault(f"{self.name} was closed while it was answering.", permanent=True) from None
        except Exception as error:
            # A provider's library may raise anything at all on an answer that it did not expect.
            raise _fault(self.name, error) from error
        usage = _usage(response)
        model, url = response.model_name or self.name.partition(":")[2], response.provider_url
        return Completion(
            text=usable(response.text, self.name, why=response.finish_reason or ""),
            model=self._label or model,
            usage=usage,
            usd=price_in_detail(response.usage, model, url) if usage and url else None,
            seconds=time.monotonic() - start,
        )

    def price(self, usage: Usage) -> float | None:
        """US dollars for this usage; None where the provider or the model is not in the price table."""
        url = self._client.base_url
        return price(usage, self._client.model_name, url) if url else None

    def close(self) -> None:
        """End every request that is under way; their `complete` raises. Closing twice is no error."""
        self._loop.close()

    async def _ask(self, request: Request) -> ModelResponse:
        from pydantic_ai.direct import model_request
        from pydantic_ai.messages import ModelRequest

        settings = {
            **request.settings,
            "max_tokens": request.max_output_tokens,
            "max_retries": 0,
            "timeout": self._timeout,
            "request_timeout": self._timeout,
        }
        prompt = [ModelRequest.user_text_prompt(request.prompt)]
        return await model_request(
            self._client, prompt, model_settings=cast("ModelSettings", settings), instrument=False
        )


class _Loop:
    """An event loop in a thread of its own, inside which one client is open."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. Whoever waits may be interrupted: then the work is cancelled too."""
        with self._lock:
            try:
                if self._closed:
                    raise ModelFault("The model was closed.", permanent=True)
                if self._loop is None:
                    self._start()
            except BaseException:
                work.close()
                raise
            assert self._loop is not None
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def _start(self) -> None:
        """Start the thread and wait until the client is open in it."""
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()

        async def serve() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            async with self._client:
                ready.set_result(None)
                await self._stop.wait()
                others = asyncio.all_tasks() - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)

        def live() -> None:
            try:
                asyncio.run(serve())
            except BaseException as error:
                if ready.done():
                    raise
                ready.set_exception(error)

        self._thread = threading.Thread(target=live, name="bridle-model", daemon=True)
        self._thread.start()
        ready.result()

    def close(self) -> None:
        """Cancel what is under way, close the client and end the thread."""
        with self._lock:
            if self._closed or self._loop is None:
                self._closed = True
                return
            self._closed = True
            self._loop.call_soon_threadsafe(self._stop.set)
        assert self._thread is not None
        self._thread.join()


def _usage(response: ModelResponse) -> Usage | None:
    """Tokens where the provider counted them; pydantic-ai shows zeros where it did not."""
    found = response.usage
    if found.unmeasured_requests or found.input_tokens <= 0 or found.output_tokens <= 0:
        return None
    return Usage(input_tokens=found.input_tokens, output_tokens=found.output_tokens)


def _fault(who: str, error: Exception) -> ModelFault:
    """What pydantic-ai or a provider's library raised, as a fault."""
    from pydantic_ai import exceptions

    said = f"{who}: {excerpt(str(error)) or type(error).__name__}"
    if isinstance(error, exceptions.ModelAPIError):
        final = (exceptions.ModelRequestRejectedError, exceptions.ModelQuotaExceededError)
        refused = isinstance(error, exceptions.ModelHTTPError)  # a status is no answer
        return ModelFault(
            said,
            permanent=isinstance(error, final),
            retry_after=error.retry_after,
            billable=False if refused else None,
        )
    return ModelFault(said, permanent=isinstance(error, exceptions.UserError))
