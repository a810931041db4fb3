"""The only way to a tool. What is executed has a permit for exactly that call, and a permit is good for one execution.

The gate answers a mode's effects but for those of the agent and of the harness. It trusts neither the mode nor the
engine: it freezes the call itself, checks that the decision is about the question it asked, and hands the environment
the very object that was decided on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from bridle.authorization import AuthorizationRequest, Decision, Facts, Informing, Outcome, PolicyEngine
from bridle.environment import Episode, Observation, Probing, Step, Truth
from bridle.errors import EnvironmentFault, PolicyFault, UsageError, told
from bridle.harness import Action
from bridle.runtime.denials import Denials
from bridle.runtime.effects import Authorise, Effect, Execute, Observe, Probe, Withhold
from bridle.runtime.frozen import FrozenCall, freeze, own
from bridle.runtime.policies.batch import decide
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.policies.remembered import Decisions
from bridle.trace import Withholding

NOBODY = Facts(subject={"type": "Agent", "id": "agent"})
"""The facts of a session that has none: for runs without a policy."""


class Inform(NamedTuple):
    """Ask the control plane for the facts about a resource; answered by `Facts`, or by throwing what was raised."""

    resource_type: str
    resource_id: str


class Evaluate(NamedTuple):
    """Ask the policy engine; answered by whatever it answers, or by throwing what was raised."""

    request: AuthorizationRequest


Asking: TypeAlias = Generator["Inform | Evaluate", Any, Decision]
"""An authorisation in progress. It does no input or output, so that whoever waits for the answers may do so its way."""


class Gate:
    """Authorises and executes the calls of one session. Not for several threads at once."""

    def __init__(
        self,
        session: Episode,
        mapping: RequestMapping,
        engine: PolicyEngine,
        *,
        volatile: Iterable[str] = (),
        decisions: Decisions | None = None,
    ) -> None:
        """`session` executes calls; its facts are the control plane's (`Informing`), where it has any.

        `engine` may be exchanged while the session goes on. `volatile` names keys of the context that change by
        themselves (see `Denials`). `decisions` remembers some, and may be shared; without it the engine is asked.

        Raises:
            UsageError: the engine is none, or the mapping.
        """
        if not callable(getattr(engine, "evaluate", None)):
            raise UsageError("A policy engine has evaluate(request); FunctionEngine makes one of a callable.")
        is_mapping(mapping)
        self.session, self.mapping, self.engine = session, mapping, engine
        self.informing = session if isinstance(session, Informing) else None
        self._withholding = session if isinstance(session, Withholding) else None
        self._denials, self._decisions = Denials(volatile), decisions
        self._permit: FrozenCall | None = None
        self._handed: list[FrozenCall] = []

    def begin(self) -> list[FrozenCall]:
        """A turn begins: its calls are noted in this list when they are handed to the environment."""
        self._handed = []
        return self._handed

    def answer(self, effect: Effect) -> Any:
        """Answer an effect that is not for the agent or the harness.

        Raises:
            EnvironmentFault: the environment broke, or can't answer this effect.
            PolicyFault: a call was to be executed that has no permit; nothing was executed.
        """
        if isinstance(effect, Authorise):
            return self.authorise(effect.action)
        if isinstance(effect, Execute):
            return self.execute(effect.action)
        if isinstance(effect, Withhold):
            return self.withhold(effect)
        if isinstance(effect, Observe):
            return self.observe()
        if isinstance(effect, Probe):
            return self.probe(effect.action)
        raise EnvironmentFault(f"A gate does not answer {type(effect).__name__}; the agent or the harness does.")

    def observe(self) -> Observation:
        """What the session shows now."""
        return self.session.observe()

    def authorise(self, action: Action) -> Decision:
        """Ask whether exactly this call may be executed. On a permit it may be, once, until something else is asked."""
        asking = self.asking(action)
        try:
            ask = next(asking)
            while True:
                try:
                    answer = self._answered(ask)
                except Exception as error:
                    ask = asking.throw(error)
                else:
                    ask = asking.send(answer)
        except StopIteration as decided:
            return cast(Decision, decided.value)

    def asking(self, action: Action) -> Asking:
        """The authorisation of a call, for whoever drives it; see `authorise`."""
        self._permit = None
        frozen = freeze(action)
        if isinstance(frozen, str):
            return self._indeterminate(frozen)
        try:
            facts = yield Inform(*self.mapping.resource(frozen.call))
            request = self.mapping.request(frozen.call, facts)
            decision = yield from self._decide(request, facts.version)
        except Exception as error:
            return self._indeterminate(f"{type(error).__name__}: {told(error)}")
        if decision.permits:
            self._permit = frozen
        return decision

    def preview(self, calls: Sequence[Action]) -> list[Decision]:
        """What would be decided on these calls now, in as few exchanges as the engine needs. It permits nothing.

        Denials that stand are left out of account: whoever asks for the execution of a call is told of them.
        """
        found: list[Decision | AuthorizationRequest] = []
        for call in calls:
            frozen = freeze(call)
            try:
                if isinstance(frozen, str):
                    found.append(self._indeterminate(frozen))
                    continue
                facts = self._answered(Inform(*self.mapping.resource(frozen.call)))
                found.append(self.mapping.request(frozen.call, facts))
            except Exception as error:
                found.append(self._indeterminate(f"{type(error).__name__}: {told(error)}"))
        decided = iter(decide(self.engine, [one for one in found if isinstance(one, AuthorizationRequest)]))
        return [next(decided) if isinstance(one, AuthorizationRequest) else one for one in found]

    def execute(self, action: Action) -> Step:
        """Hand the permitted call to the environment."""
        return self.session.step(self.redeem(action))

    def redeem(self, action: Action) -> dict[str, Any]:
        """The permitted call, for one execution; its permit is spent.

        Raises:
            PolicyFault: the call has none.
        """
        permit, self._permit = self._permit, None
        frozen = freeze(action)
        if permit is None or isinstance(frozen, str) or frozen.digest != permit.digest:
            raise PolicyFault(
                "A call without a permit of its own was to be executed; authorise exactly that call first."
            )
        self._handed.append(frozen)
        return own(frozen.call)  # Not the permit's: an engine may have changed what it was shown.

    def withhold(self, effect: Withhold) -> Step:
        """Tell the session of a call that does not reach it."""
        if self._withholding is not None:
            return self._withholding.withhold(effect.action, effect.error_class, effect.message)
        return Step(legal=False, feedback=effect.message, error_class=effect.error_class)

    def probe(self, action: Action) -> Truth:
        """The environment's truth about a call; only simulated environments have it."""
        if not isinstance(self.session, Probing):
            raise EnvironmentFault("This environment has no probe; only one that has can stand in for a harness.")
        return self.session.probe(action)

    def _answered(self, ask: Inform | Evaluate) -> Any:
        if isinstance(ask, Evaluate):
            return self.engine.evaluate(ask.request)
        return NOBODY if self.informing is None else self.informing.facts(ask.resource_type, ask.resource_id)

    def _decide(self, request: AuthorizationRequest, version: str | int | None) -> Asking:
        """The engine's decision; a denial that stands is repeated, also against the engine's own new word."""
        question = self._denials.question(request, version)
        policy = self._policy_digest()
        settled = self._denials.settled(question, policy, request.digest)
        if settled is None and self._decisions is not None:
            settled = self._decisions.known(request, version, policy)
        if settled is not None:
            return settled
        decision: object = yield Evaluate(request)
        if not isinstance(decision, Decision) or not _well_formed(decision):
            what = "what is no decision" if isinstance(decision, Decision) else type(decision).__name__
            return self._indeterminate(f"the engine answered {what}", request.digest)
        if decision.request_digest != request.digest:
            return self._indeterminate("the engine decided another request than the one it was asked", request.digest)
        settled = self._denials.settled(question, decision.policy_digest, request.digest)
        if settled is not None and decision.permits:
            return settled
        self._denials.note(question, decision)
        if self._decisions is not None and decision.policy_digest == policy:
            self._decisions.keep(request, version, decision)
        return decision

    def _indeterminate(self, error: str, request_digest: str = "") -> Decision:
        return Decision(
            outcome=Outcome.INDETERMINATE,
            request_digest=request_digest,
            policy_digest=self._policy_digest(),
            errors=(error,),
        )

    def _policy_digest(self) -> str:
        """The digest of the policy in force, where the engine knows it without deciding anything; else empty."""
        try:
            known = getattr(self.engine, "policy_digest", "")
        except Exception:  # As an engine that does not know; if it is out of order, it will say so when it is asked.
            return ""
        return known if isinstance(known, str) else ""


def is_mapping(mapping: object) -> None:
    """UsageError where it is none."""
    if not isinstance(mapping, RequestMapping):
        raise UsageError("A mapping is a RequestMapping; RequestMapping.from_data makes one of data.")


def _well_formed(decision: Decision) -> bool:
    """Whether a decision holds what it declares: what it says goes into messages and the trace."""
    texts = (decision.request_digest, decision.policy_digest)
    lists = (decision.reasons, decision.errors)
    return (
        isinstance(decision.outcome, Outcome)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(one, tuple | list) and all(isinstance(text, str) for text in one) for one in lists)
    )
