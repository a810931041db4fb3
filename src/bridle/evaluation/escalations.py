"""Whether people are asked when they are needed, and only then, and whether it is the right people.

A harness's escalation asks a person, and does no work of the task: where handing over is what is right, the agent's own
call hands over, which the policy engine decides as any other. So recall counts what either asked, and completion only
what the agent did.
"""

from __future__ import annotations

from bridle.evaluation.estimates import Episodes, pooled
from bridle.statistics import Estimate


def escalation_precision(episodes: Episodes) -> Estimate | None:
    """The harness's escalations in episodes that need a person ÷ its escalations."""
    return pooled((e.cluster, e.needs_person, True) for e in episodes for a in e.steps if a.asks_person)


def escalation_recall(episodes: Episodes) -> Estimate | None:
    """Episodes that need a person in which one was asked, by harness or agent ÷ episodes that need one."""
    return pooled(
        (e.cluster, any(a.asks_person for a in e.steps) or any(r.person for r in e.routed), True)
        for e in episodes
        if e.needs_person
    )


def routing_accuracy(episodes: Episodes) -> Estimate | None:
    """Things sent where they belong ÷ things sent somewhere: work to a queue or level, a question to a person.

    Only where the environment tells where they belong.
    """
    return pooled((e.cluster, routed.correct, True) for e in episodes for routed in e.routed)
