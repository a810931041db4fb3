"""The model port: text in, text out, usage or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

from bridle.harness import digest


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a model is asked.

    `sample` tells apart requests with the same prompt, so that a cache or a replay never answers all of them with one
    completion. `settings` are the provider's (temperature and the like), JSON values.
    """

    prompt: str
    sample: int = 0
    max_output_tokens: int = 16_000
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that the answer may depend on, in hex."""
        return digest(
            {
                "prompt": self.prompt,
                "sample": self.sample,
                "max_output_tokens": self.max_output_tokens,
                "settings": dict(self.settings),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens as the provider counted them. There is no zero for unknown: a completion without counts has no `Usage`."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What a model answered. `usage` and `usd` are None where unknown; `model` is who answered, as it named itself."""

    text: str
    model: str
    usage: Usage | None = None
    usd: float | None = None
    seconds: float = 0.0


class Model(Protocol):
    """A model. Safe to call from several threads at once."""

    name: str

    def complete(self, request: Request) -> Completion:
        """Answer the request: exactly one attempt; retries are the caller's, who journals each.

        Raises:
            ModelFault: no usable completion, with whether and when to try again.
        """


@runtime_checkable
class Priced(Protocol):
    """A model that can say beforehand what a call would cost."""

    def price(self, usage: Usage) -> float | None:
        """US dollars for this usage by the price table at hand; None where the price is unknown."""
