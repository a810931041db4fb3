"""The three modes of the paper for `text-action`, and the code playing alone as the training rollout has it.

Source: the paper, section 3. Each mode is a generator of effects over one turn; it returns a `Turn`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, cast

from bridle.environment import Observation, Step
from bridle.errors import Failure
from bridle.harness import Action, Call, Reply
from bridle.runtime.effects import Execute, Invoke, Mode, Propose, Refusal

ModeName: TypeAlias = Literal["verifier", "filter", "policy"]

ILLEGAL = "illegal action"
"""What the verifier tells the agent about a refused proposal (the paper's warning)."""


class Turn(NamedTuple):
    """One turn of a `text-action` episode.

    `action` is the final one (None where the harness gave none), `verdict` what `is_legal_action` said of it (None
    where it was not asked or failed), `step` what the environment made of it, `failure` what went wrong in the harness,
    `refused` the proposals that the harness turned down on the way.
    """

    action: Action | None
    verdict: bool | None
    step: Step | None
    failure: Failure | None = None
    refused: tuple[Action, ...] = ()


def own_play(observation: Observation, *, seed: int = 0) -> Mode:
    """The code plays alone and its own check is asked too: the training rollout.

    The check does not gate the action: the environment's word on a proposal that the check refuses decides which
    function has to be refined.
    """
    call = Call("propose_action", (observation.view,), then="is_legal_action", seed=seed)
    reply = cast(Reply, (yield Invoke(call)))
    if reply.failure is not None:
        return Turn(None, None, None, reply.failure)
    check = reply.then or Reply()
    step = cast(Step, (yield Execute(reply.value)))
    return Turn(reply.value, check.value, step, check.failure)


def policy(observation: Observation, *, seed: int = 0) -> Mode:
    """Harness-as-policy: `propose_action` acts, no agent is asked."""
    reply = cast(Reply, (yield Invoke(Call("propose_action", (observation.view,), seed=seed))))
    if reply.failure is not None:
        return Turn(None, None, None, reply.failure)
    return Turn(reply.value, None, cast(Step, (yield Execute(reply.value))))


def verifier(observation: Observation, *, attempts: int = 5, seed: int = 0) -> Mode:
    """The agent proposes; a refused proposal is asked for again with a warning, up to `attempts` times.

    When every attempt is refused, the last proposal is executed all the same: for a game the environment is the judge,
    and not moving is no option. A check that fails accepts nothing.
    """
    refusals: tuple[Refusal, ...] = ()
    verdict: bool | None = None
    failure: Failure | None = None
    action: Action = ""
    for _ in range(attempts):
        action = cast(Action, (yield Propose(observation, refusals)))
        reply = cast(Reply, (yield Invoke(Call("is_legal_action", (observation.view, action), seed=seed))))
        verdict, failure = reply.value, reply.failure or failure
        if verdict:
            break
        refusals += (Refusal(action, ILLEGAL),)
    refused = tuple(r.action for r in refusals if verdict or r is not refusals[-1])
    return Turn(action, verdict, cast(Step, (yield Execute(action))), failure, refused)


def filtered(observation: Observation, *, draws: int = 16, seed: int = 0) -> Mode:
    """`propose_action` is called repeatedly for a set of legal moves and the agent chooses one (the filter).

    A choice outside the set is replaced by the set's first member. Draws whose own check refuses them are left out; an
    empty set leaves the agent to propose freely.
    """
    offered: dict[str, Action] = {}
    failure: Failure | None = None
    for draw in range(draws):
        call = Call("propose_action", (observation.view,), then="is_legal_action", seed=seed + draw)
        reply = cast(Reply, (yield Invoke(call)))
        failure = reply.failure or failure
        if reply.failure is None and reply.then is not None and reply.then.value:
            offered.setdefault(str(reply.value), reply.value)
    choices = tuple(offered.values())
    action = cast(Action, (yield Propose(observation, (), choices)))
    final = action if not choices or action in choices else choices[0]
    refused = () if final == action else (action,)
    return Turn(final, bool(choices) or None, cast(Step, (yield Execute(final))), failure, refused)
