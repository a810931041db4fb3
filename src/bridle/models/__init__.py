"""Models: text in, text out. `open_model` opens one by what it is called.

    openai:gpt-5                          a provider of pydantic-ai (extra `models`)
    http://127.0.0.1:8000/v1#llama3       any OpenAI-compatible server
    cmd:PROGRAM ARGUMENTS                 any program: prompt on stdin, answer on stdout
    replay:FILE                           recorded answers
    Scripted([...]) or Scripted(function) from Python

Importing this package loads no provider's library: each kind is loaded when one is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridle.models.catalog import OpenedModel, open_model
from bridle.models.model import Completion, Model, Request, Usage
from bridle.models.retry import Retry
from bridle.models.scripted import Scripted

if TYPE_CHECKING:
    from bridle.models.replay import Recorder, Replay

__all__ = [
    "Completion",
    "Model",
    "OpenedModel",
    "Recorder",
    "Replay",
    "Request",
    "Retry",
    "Scripted",
    "Usage",
    "open_model",
]


def __getattr__(name: str) -> Any:
    """Load what deals with files when it is asked for: it would double the time of the import."""
    if name in ("Recorder", "Replay"):
        from bridle.models import replay

        return getattr(replay, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
