"""One game of TextArena, behind the port of episodes.

The bare game is used, without TextArena's wrappers: the adapter does their work (brackets around actions, the history
as text) and so can copy the game for a probe, which a wrapped one does not allow.
"""

from __future__ import annotations

import pickle
import random
from typing import TYPE_CHECKING, Any

from bridle.environment import Observation, Step, Truth
from bridle.environments.textarena.foreign import foreign_actions
from bridle.environments.textarena.loader import EpisodeRandom
from bridle.environments.textarena.state import PLAYER_ACTION, Refused
from bridle.errors import EnvironmentFault
from bridle.harness import Action

if TYPE_CHECKING:
    from bridle.environments.textarena.environment import Rules

BAD_ACTION = (ValueError, OverflowError, RecursionError, SyntaxError, MemoryError)
"""What a game's own parsing raises on text it did not expect. Anything else out of `step` is the game's fault."""

TRUTH = Truth(True)


class ProbeRandom(EpisodeRandom):
    """Draws what the episode's generator would draw next, without advancing it.

    Its state (625 words) is copied at the first draw only: most probes draw nothing.
    """

    lender: EpisodeRandom | None = None

    def _borrow(self) -> None:
        if self.lender is not None:
            self.setstate(self.lender.getstate())
            self.lender = None

    def random(self) -> float:
        """As the episode's would."""
        self._borrow()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """As the episode's would."""
        self._borrow()
        return super().getrandbits(k)


class TextArenaEpisode:
    """One game. Made by `TextArenaEnvironment.start`."""

    def __init__(self, rules: Rules, seed: int) -> None:
        """Deal a new game from the seed."""
        self._rules, self._seed = rules, seed
        self._random = EpisodeRandom(seed)
        self._history = rules.history(rules.players)
        self._taken: list[str] = []
        self._crashed: set[int] = set()
        self._over = False
        self._frozen: bytes | None = None
        self._env = self._deal()

    def observe(self) -> Observation:
        """What the player to move sees: its messages, as the paper's wrapper prints them, without hints."""
        player = self._state.current_player_id
        notes = self._state.observations[player]
        if notes:
            self._history.add(player, notes)
            notes.clear()
        return Observation(player, self._history.view(player))

    def step(self, action: Action) -> Step:
        """Take the action; see the port."""
        if self._over:
            raise EnvironmentFault(f"This episode of {self._rules.name} is over; start another one.")
        self._frozen = None
        state, text = self._state, self._rules.formatted(action)
        state.refusal = None
        self._catch_up(state.current_player_id)
        done = self._take(text)
        state = self._state
        refusal = state.refusal
        self._taken.append(text)
        if done:
            return self._ended(refusal)
        if refusal is not None:
            return Step(False, refusal, "illegal")
        return Step(True)

    def probe(self, action: Action) -> Truth:
        """The game's verdict on a copy of itself, where nothing but the verdict is waited for."""
        if self._over:
            raise EnvironmentFault(f"This episode of {self._rules.name} is over; there is nothing to probe.")
        loaded, copy = self._rules.loaded, self._copy()
        state = copy.state
        player = state.current_player_id
        state.refusal, state.probing = None, True
        generator = self._rules.probe_random
        generator.lender = self._random
        loaded.take_over(None, generator)
        try:
            copy.step(self._rules.formatted(action))
        except Refused:
            pass
        except BAD_ACTION as error:
            return Truth(False, _unreadable(error), "illegal")
        except Exception as error:
            raise self._fault(action, error) from error
        refusal = state.refusal or self._rules.fatal(copy, player)
        return TRUTH if refusal is None else Truth(False, refusal, "illegal")

    def legal_actions(self) -> list[Action]:
        """Legal actions in their plainest spelling, sorted as the game's grammar lists them."""
        return list[Action](action for action in self._rules.candidates(self._env) if self.probe(action))

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """Legal ones, near misses, earlier ones, and the usual ways to spell an action badly."""
        legal: list[str] = []
        near: list[str] = []
        candidates = self._rules.candidates(self._env)
        for action in rng.sample(candidates, min(len(candidates), 24)):
            (legal if self.probe(action) else near).append(action)
        return list(foreign_actions(rng, legal=legal[:6], near=near[:6], earlier=self._taken))

    def _deal(self) -> Any:
        rules = self._rules
        rules.loaded.take_over(self, self._random)
        env = rules.make()
        env.reset(num_players=rules.players, seed=self._seed)
        self._state = env.state
        return env

    def _take(self, text: str) -> bool:
        """Let the game take the text; True when that ended it."""
        rules = self._rules
        if rules.loaded.owner is not self:
            rules.loaded.take_over(self, self._random)
        player = self._state.current_player_id
        try:
            done, _ = self._env.step(text)
        except BAD_ACTION as error:
            return self._crash(text, error)
        except Exception as error:
            raise self._fault(text, error) from error
        state = self._state
        if state.refusal is None:
            state.refusal = rules.fatal(self._env, player)
        if state.refusal is None:
            self._history.acted(player)
        return bool(done)

    def _crash(self, text: str, error: Exception) -> bool:
        """The game choked on the text: put it back to where it was, and refuse the text in its name.

        Where it stopped is unknown, so it is dealt again and everything before is replayed.
        """
        self._crashed.add(len(self._taken))
        self._random = EpisodeRandom(self._seed)
        self._history = self._rules.history(self._rules.players)
        self._env = self._deal()
        for index, taken in enumerate(self._taken):
            if index in self._crashed:
                self._refuse(taken, "unreadable")
            else:
                self._env.step(taken)
            self._state.refusal = None
        return self._refuse(text, _unreadable(error))

    def _refuse(self, text: str, reason: str) -> bool:
        state = self._state
        player = state.current_player_id
        state.add_observation(from_id=player, message=text, observation_type=PLAYER_ACTION)
        state.set_invalid_move(reason=reason)
        done, _ = state.step()
        return bool(done)

    def _catch_up(self, player: int) -> None:
        """Move what the player was sent into its history."""
        notes = self._state.observations[player]
        if notes:
            self._history.add(player, notes)
            notes.clear()

    def _copy(self) -> Any:
        """The game, copied: from one serialisation for all probes of this state."""
        if self._frozen is None:
            for player in range(self._rules.players):
                self._catch_up(player)
            self._frozen = pickle.dumps(self._env, pickle.HIGHEST_PROTOCOL)
        return pickle.loads(self._frozen)

    def _ended(self, refusal: str | None) -> Step:
        self._over = True
        state = self._state
        paid = state.rewards or {}
        rewards = tuple(float(paid.get(player, 0.0)) for player in range(self._rules.players))
        reason = str(state.game_info[0].get("reason") or "")
        if refusal is not None:
            return Step(False, refusal, "illegal", rewards=rewards, terminated=True)
        return Step(True, reason, rewards=rewards, terminated=True)

    def _fault(self, action: Action, error: Exception) -> EnvironmentFault:
        return EnvironmentFault(
            f"{self._rules.name} broke on {str(action)[:80]!r} after {len(self._taken)} actions of seed {self._seed}: "
            f"{type(error).__name__}: {str(error)[:200]}"
        )


def _unreadable(error: Exception) -> str:
    return f"The action can't be read: {str(error)[:120]}"
