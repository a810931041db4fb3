"""The attack suite: hostile harnesses, and oracles outside the sandbox that say whether they got out.

Each attack runs without the static gate, so that the kernel has to stop it, and is given everything it might look for:
the paths, ports, process ids and addresses of its bait. An attack is contained when, afterwards, no tripwire outside is
tripped: no file changed, no listener heard anything, no process was started, ended or written to, no secret came back,
no answer was accepted that is not a value of its kind, nobody was held longer than the limits say, and another harness
in the same sandbox noticed nothing.
"""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family, Finding, Outcome
from bridle.sandbox.attacks.catalog import ATTACKS
from bridle.sandbox.attacks.supervisor import carry_out

__all__ = ["ATTACKS", "Attack", "Family", "Finding", "Outcome", "carry_out"]
