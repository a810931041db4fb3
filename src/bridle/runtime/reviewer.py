"""Who reviews a call before the policy engine sees it: a harness, nobody, or a perfect `probe`.

The three make one table: the same agent through the same turns without a harness, with it, and behind the most that any
harness could know. Each method is a generator of effects and does no input or output.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from bridle.environment import Observation, Truth
from bridle.errors import Blame, Failure
from bridle.harness import Action, Call, Harness, Reply
from bridle.runtime.effects import Effect, Invoke, Probe, Propose, Refusal
from bridle.runtime.frozen import freeze
from bridle.runtime.verdict import ACCEPT, Verdict, defines, recovery_verdict, review_verdict, rules_of
from bridle.trace import Origin

Talk: TypeAlias = Generator[Effect, Any, "Verdict | Failure"]
"""A review in progress: returns a verdict, or how the reviewer failed."""

Proposed: TypeAlias = "Generator[Effect, Any, Action | Failure]"

PROBE_RULE = "probe"
"""The rule that a perfect probe's refusals name."""


class Reviewer(Protocol):
    """Reviews calls. `digest` is the harness's, empty where there is none; `reviews` is False where nobody is asked.

    `origin` says whose proposals they are: an agent's, or those of a harness that acts alone.
    """

    digest: str
    reviews: bool
    origin: Origin

    def propose(self, observation: Observation, refusals: tuple[Refusal, ...], seed: int) -> Proposed:
        """The call that the turn is about."""

    def review(self, view: Any, call: Mapping[str, Any], seed: int) -> Talk:
        """Its word on a call."""

    def recover(self, view: Any, call: Mapping[str, Any], error: Mapping[str, str], seed: int) -> Talk | None:
        """Its word on a call's error; None where it has none to give."""


class Unreviewed:
    """No harness: the agent's call goes on as it is."""

    digest: str = ""
    reviews: bool = False
    origin: Origin = "agent"

    def propose(self, observation: Observation, refusals: tuple[Refusal, ...], seed: int) -> Proposed:
        """Ask the agent."""
        action: Action = yield Propose(observation, refusals)
        return action

    def review(self, view: Any, call: Mapping[str, Any], seed: int) -> Talk:
        """Accept, asking nobody."""
        yield from ()
        return ACCEPT

    def recover(self, view: Any, call: Mapping[str, Any], error: Mapping[str, str], seed: int) -> Talk | None:
        """The agent has to see for itself."""
        return None


class PerfectProbe(Unreviewed):
    """The environment's own truth as a harness: refuses what would not be accepted, with the environment's sentence."""

    reviews = True

    def review(self, view: Any, call: Mapping[str, Any], seed: int) -> Talk:
        """Ask the environment."""
        truth: Truth = yield Probe(dict(call))
        if truth:
            return ACCEPT
        return Verdict(word="reject", rule=PROBE_RULE, code=truth.error_class, hint=truth.feedback)


class FailedReviewer(Unreviewed):
    """Stands for a harness that can't be had: every review fails, so nothing is accepted."""

    reviews = True

    def __init__(self, failure: Failure) -> None:
        """`failure` says why there is none."""
        self._failure = failure

    def review(self, view: Any, call: Mapping[str, Any], seed: int) -> Talk:
        """Fail."""
        yield from ()
        return self._failure


class HarnessReviewer(Unreviewed):
    """A harness, asked in its sandbox, as a verifier in front of an agent."""

    reviews = True

    def __init__(self, harness: Harness) -> None:
        """Read the harness's rules and what it defines, without running it; HarnessFault where they can't be read."""
        self.digest = harness.digest
        self.rules = rules_of(harness)
        self._normalises = defines(harness, "normalise_view")

    def review(self, view: Any, call: Mapping[str, Any], seed: int) -> Talk:
        """Call `review_call`."""
        reply = yield from self._invoke("review_call", view, (dict(call),), seed)
        return reply.failure or review_verdict(reply.value, self.rules)

    def recover(self, view: Any, call: Mapping[str, Any], error: Mapping[str, str], seed: int) -> Talk | None:
        """Call `on_error`."""
        return self._recover(view, call, error, seed)

    def _recover(self, view: Any, call: Mapping[str, Any], error: Mapping[str, str], seed: int) -> Talk:
        reply = yield from self._invoke("on_error", view, (dict(call), dict(error)), seed)
        return reply.failure or recovery_verdict(reply.value, self.rules)

    def _invoke(self, function: str, view: Any, others: tuple[Any, ...], seed: int) -> Generator[Effect, Any, Reply]:
        """Call a function of the harness on the view, normalised first where the harness has a way to."""
        if self._normalises:
            normalised: Reply = yield Invoke(Call("normalise_view", (view,), seed=seed))
            if normalised.failure is not None:
                return normalised
            view = normalised.value
        reply: Reply = yield Invoke(Call(function, (view, *others), seed=seed))
        return reply


class ActingHarness(HarnessReviewer):
    """A harness that acts alone: `propose_call` in place of an agent, and its own review of what it proposed."""

    origin = "harness"

    def __init__(self, harness: Harness) -> None:
        """As a verifier; a harness without `propose_call` fails at every turn."""
        super().__init__(harness)
        self._proposes = defines(harness, "propose_call")

    def propose(self, observation: Observation, refusals: tuple[Refusal, ...], seed: int) -> Proposed:
        """Call `propose_call`."""
        if not self._proposes:
            return Failure(blame=Blame.HARNESS, kind="static", message="the harness defines no propose_call")
        reply = yield from self._invoke("propose_call", observation.view, (), seed)
        if reply.failure is not None:
            return reply.failure
        action: Action = reply.value
        return action


class FilteringHarness(HarnessReviewer):
    """A harness as a filter: it offers the agent what it finds applicable, and reviews whatever the agent then chooses.

    It looks for calls by `propose_call`, asked again and again with other seeds, and among `candidates`; of these it
    offers the ones that it accepts, as they are or as it rewrites them. The set may be incomplete, so it is no list of
    what is applicable: a call that is not in it is reviewed like any other, and nothing is put in a choice's place.
    """

    def __init__(
        self,
        harness: Harness,
        *,
        draws: int = 16,
        candidates: Callable[[Any], Iterable[Action]] | None = None,
    ) -> None:
        """As a verifier; `draws` is how often `propose_call` is asked where there is one, `candidates` reads a view.

        What `candidates` raises ends the turn, before anything was done, and is raised.
        """
        super().__init__(harness)
        self._draws = draws if defines(harness, "propose_call") else 0
        self._candidates = candidates

    def propose(self, observation: Observation, refusals: tuple[Refusal, ...], seed: int) -> Proposed:
        """Ask the agent, with the choices that were found; more refusals bring no other choices."""
        choices = yield from self.offers(observation.view, seed)
        said: Action = yield Propose(observation, refusals, choices)
        return said

    def offers(self, view: Any, seed: int) -> Generator[Effect, Any, tuple[Action, ...]]:
        """The calls that are offered in this view: each once, those of `propose_call` first."""
        tried: set[str] = set()
        offered: dict[str, Action] = {}
        for draw in range(self._draws):
            reply = yield from self._invoke("propose_call", view, (), seed + draw)
            if reply.failure is None:
                yield from self._offer(view, reply.value, seed, tried, offered)
        for candidate in self._candidates(view) if self._candidates is not None else ():
            yield from self._offer(view, candidate, seed, tried, offered)
        return tuple(offered.values())

    def _offer(
        self, view: Any, call: Action, seed: int, tried: set[str], offered: dict[str, Action]
    ) -> Generator[Effect, Any, None]:
        """Offer the call where the harness accepts it, or what it makes of it where it accepts that."""
        for _ in range(2):
            frozen = freeze(call)
            if isinstance(frozen, str) or frozen.digest in tried:
                return
            tried.add(frozen.digest)
            word = yield from self.review(view, frozen.call, seed)
            if isinstance(word, Failure):
                return
            if word.word == "accept":
                offered[frozen.digest] = frozen.call
            if word.word != "rewrite" or word.call is None:
                return
            call = dict(word.call)
