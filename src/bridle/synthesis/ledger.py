"""The ledger: every attempt at a model call, journalled: the intent before, the result after.

A result that is recorded is never asked for again. An intent without a result (the process died in between) is in
doubt: it is counted apart, and the request is made anew. What was recorded for another request is no answer to this
one, and is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any

from bridle.errors import ModelFault
from bridle.journal import Journal
from bridle.models.model import Completion, Model, Request, Usage
from bridle.models.retry import Retry


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What one expansion's calls came to.

    `unknown` counts the attempts whose usage the provider did not say, faults that it may bill all the same among them,
    `unpriced` those whose price nobody knows, and `answers` those that may be on its bill at all.
    """

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    unknown: int = 0
    unpriced: int = 0
    in_doubt: int = 0
    answers: int = 0

    def add(self, completion: Completion) -> Bill:
        """The bill with one more completion."""
        usage = completion.usage
        return replace(
            self,
            tokens=self.tokens + (usage.input_tokens + usage.output_tokens if usage else 0),
            usd=self.usd + (completion.usd or 0.0),
            unknown=self.unknown + (usage is None),
            unpriced=self.unpriced + (completion.usd is None),
            answers=self.answers + 1,
        )

    def fail(self, fault: ModelFault) -> Bill:
        """The bill with one more attempt that gave nothing."""
        billed = int(fault.billable)
        return replace(
            self, unknown=self.unknown + billed, unpriced=self.unpriced + billed, answers=self.answers + billed
        )


class OutOfCalls(Exception):
    """The expansion has used up the calls that were set aside for it."""


class Ledger:
    """One expansion's model calls.

    `allowance` is how many attempts were set aside for it, and `billable` how many of them may be billed, where tokens
    or money were set aside.
    """

    def __init__(
        self,
        journal: Journal,
        model: Model,
        *,
        expansion: int,
        allowance: int,
        billable: int | None = None,
        retry: Retry = Retry(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read back what the journal already has for this expansion."""
        self._journal, self._model, self._expansion, self._allowance = journal, model, expansion, allowance
        self._billable = allowance if billable is None else billable
        self._retry, self._sleep = retry, sleep
        self._number = 0
        self.bill = Bill()

    def complete(self, request: Request) -> Completion:
        """The request's completion: the recorded one, or a new one, with retries where a fault says they can help.

        Raises:
            ModelFault: the last fault, when it is permanent or the attempts are used up.
            OutOfCalls: nothing was set aside for this request.
        """
        if self._used_up:
            raise OutOfCalls
        for attempt in count(1):
            asked, answer = self._attempt(request)
            if isinstance(answer, Completion):
                self.bill = self.bill.add(answer)
                return answer
            self.bill = self.bill.fail(answer)
            wait = self._retry.wait(attempt, answer)
            if wait is None or self._used_up:
                raise answer
            if asked:
                self._sleep(wait)
        raise AssertionError("unreachable")

    @property
    def _used_up(self) -> bool:
        return self.bill.calls >= self._allowance or self.bill.answers >= self._billable

    def _attempt(self, request: Request) -> tuple[bool, Completion | ModelFault]:
        """One attempt, and whether it was made now; the recorded ones come first, those in doubt are only counted."""
        self.bill = replace(self.bill, calls=self.bill.calls + 1)
        while True:
            key = f"{self._expansion}/{self._number}"
            self._number += 1
            intent = self._journal.last("call.intent", key)
            if intent is None:
                break
            if intent.payload is not None and intent.payload["request"] != request.digest:
                continue
            result = self._journal.last("call.result", key)
            if result is None:
                self.bill = replace(self.bill, in_doubt=self.bill.in_doubt + 1)
            elif result.payload is not None:  # else it was erased, and has to be asked for again
                return False, recorded(result.payload)
        intent_payload = {"request": request.digest, "prompt": request.prompt, "model": self._model.name}
        self._journal.append("call.intent", key, intent_payload)
        try:
            completion = self._model.complete(request)
        except ModelFault as fault:
            record = {"fault": str(fault), "permanent": fault.permanent, "retry_after": fault.retry_after}
            record["billable"] = fault.billable
            self._journal.append("call.result", key, record)
            return True, fault
        self._journal.append("call.result", key, {"completion": asdict(completion)})
        return True, completion


def recorded(payload: dict[str, Any]) -> Completion | ModelFault:
    """The completion, or the fault, that a `call.result` event holds."""
    if "completion" in payload:
        fields = payload["completion"]
        usage = Usage(**fields["usage"]) if fields["usage"] else None
        return Completion(**{**fields, "usage": usage})
    return ModelFault(
        payload["fault"],
        permanent=payload["permanent"],
        retry_after=payload["retry_after"],
        billable=payload.get("billable"),
    )
