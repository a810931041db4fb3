"""The prompts: versioned Markdown files, rendered by one function."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources
from typing import Any

import jinja2


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(source),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def source(name: str) -> str:
    """The Markdown file called `name`, unrendered."""
    return (resources.files(__name__) / f"{name}.md").read_text("utf-8")


def version(name: str) -> str:
    """The prompt's name and the first digits of its file's SHA-256: what a node records."""
    return f"{name}@{hashlib.sha256(source(name).encode()).hexdigest()[:12]}"


def render(name: str, /, **slots: Any) -> str:
    """The prompt with its slots filled; a slot that is missing is an error."""
    return _environment().get_template(name).render(**slots)
