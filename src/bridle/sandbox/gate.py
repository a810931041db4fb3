"""The static gate: what a harness's source must look like, told early and readably. Feedback, never the boundary.

What the gate lets through is stopped, if need be, by the kernel; what it finds saves a round trip through the sandbox
and teaches the refiner. `Sandbox.load` holds every source against it inside the confined worker; here it can be asked
beforehand.
"""

from __future__ import annotations

import ast

from bridle.harness import IMPORTS, Harness, Limits
from bridle.sandbox.analysis import Demands, Finding, Function, analyse, read_rules

__all__ = ["Finding", "demands", "examine", "rules"]


def examine(harness: Harness, limits: Limits) -> tuple[Finding, ...]:
    """The gate's objections to a harness, by line; none means that it may be loaded."""
    return analyse(harness.source, demands(harness, limits)).findings


def demands(harness: Harness, limits: Limits) -> Demands:
    """What the harness's contract and limits ask of its source."""
    contract = harness.contract
    return Demands(
        functions=[Function(f.name, f.parameters, f.result, f.required) for f in contract.functions],
        imports=IMPORTS,
        source_bytes=limits.source_bytes,
        rules=contract.name == "tool-call",
    )


def rules(source: str) -> dict[str, str]:
    """The `RULES` of a tool-call harness, by a literal parse; empty where there are none that can be read."""
    try:
        return read_rules(ast.parse(source))[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
