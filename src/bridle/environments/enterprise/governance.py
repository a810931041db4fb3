"""What an organisation puts beside a workflow: its policy, the schema of that policy, and the request mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Protocol, runtime_checkable

from bridle.errors import UsageError
from bridle.harness import TOOL_CALL, Harness, read


@dataclass(frozen=True, kw_only=True)
class Governance:
    """The texts and data from which a policy engine and a request mapping are built. Nothing here decides.

    `policies` and `schema` are Cedar; `entities` are those that hold for every request (the roles); `mapping` says how
    a final call becomes a question, tool by tool.
    """

    name: str
    policies: str
    schema: str
    entities: Sequence[Mapping[str, Any]]
    mapping: Mapping[str, Any]


@runtime_checkable
class GovernedEnvironment(Protocol):
    """An environment that ships policies. Its episodes are `Informing` and `Withholding`."""

    policies: tuple[str, ...]

    def governance(self, policy: str) -> Governance:
        """The texts of one of `policies`.

        Raises:
            UsageError: there is no such policy.
        """


def shipped(package: str, policy: str, policies: Sequence[str]) -> Governance:
    """What lies in a package's folder: `<policy>.cedar`, `policy.cedarschema`, `entities.json`, `mapping.json`."""
    if policy not in policies:
        raise UsageError(f"There is no policy {policy!r}; use one of {', '.join(policies)}.")
    folder = resources.files(package)
    return Governance(
        name=policy,
        policies=(folder / f"{policy}.cedar").read_text("utf-8"),
        schema=(folder / "policy.cedarschema").read_text("utf-8"),
        entities=json.loads((folder / "entities.json").read_text("utf-8")),
        mapping=json.loads((folder / "mapping.json").read_text("utf-8")),
    )


def shipped_harness(package: str) -> Harness:
    """The harness written by hand that lies in a package's folder, `manual.harness`: source that nobody imports."""
    return read((resources.files(package) / "manual.harness").read_text("utf-8"), TOOL_CALL)
