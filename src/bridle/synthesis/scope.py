"""Which functions a refinement may rewrite, from what went wrong.

Source: the paper, section 3 (illegal and accepted: both; illegal and refused: the proposer only), and the design for
the cases that the paper leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridle.harness import Contract
from bridle.rollout import FailedStep

PROPOSE, CHECK = "propose_action", "is_legal_action"

TEXT_SCOPE: dict[str, tuple[str, ...]] = {
    "illegal-accepted": (PROPOSE, CHECK),
    "illegal-refused": (PROPOSE,),
    "refused-legal": (CHECK,),
    "foreign-accepted": (CHECK,),
    "foreign-refused": (CHECK,),
    "timid": (PROPOSE,),
    "crash-propose": (PROPOSE,),
    "crash-check": (CHECK,),
}


def scope(contract: Contract, failures: Iterable[FailedStep], *, from_root: bool) -> tuple[str, ...]:
    """The functions in scope, in the contract's order: the union over the failures; all from the root.

    Failures that say nothing about a function (the environment's own, a module that does not load) open everything
    only when there are no others.
    """
    everything = tuple(signature.name for signature in contract.functions)
    if from_root or contract.name != "text-action":
        return everything
    opened = {name for failure in failures for name in TEXT_SCOPE.get(failure.kind, ())}
    return tuple(name for name in everything if name in opened) or everything
