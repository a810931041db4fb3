"""One game of TextArena, behind the port of episodes.

The bare game is used, without TextArena's wrappers: the adapter does their work (brackets around actions, the history
as text) and so can copy the game for a probe, which a wrapped one does not allow.
"""

from __future__ import annotations

import pickle
import random
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from bridle.environment import Observation, Step, Truth
from bridle.environments.textarena.foreign import foreign_actions, near_miss
from bridle.environments.textarena.loader import EpisodeRandom
from bridle.environments.textarena.state import PLAYER_ACTION, Refused
from bridle.errors import EnvironmentFault
from bridle.harness import Action

if TYPE_CHECKING:
    from bridle.environments.textarena.rules import Rules

LEGAL = Truth(True)
TOO_LONG = "The action is too long to be read."
UNREADABLE = "The action can't be read."
SHOWN = 200
"""Characters of a refused text that the history shows, where the game did not put it there itself."""


def _nothing() -> float:
    return 0.0


class TextArenaEpisode:
    """One game. Made by `TextArenaEnvironment.start`."""

    def __init__(self, rules: Rules, seed: int) -> None:
        """Deal a new game from the seed."""
        self._rules, self._seed = rules, seed
        self._taken: list[str] = []
        self._refused: dict[int, str] = {}
        self._over = False
        self._frozen: bytes | None = None
        self._stuck: bool | None = None
        self._deal()

    def observe(self) -> Observation:
        """What the player to move sees: its messages, as the paper's wrapper prints them, without hints."""
        player = self._state.current_player_id
        notes = self._state.observations[player]
        if notes:
            self._history.add(player, notes)
            notes.clear()
        return Observation(player, self._history.view(player), self._rules.may_be_stuck and self._is_stuck())

    def step(self, action: Action) -> Step:
        """Take the action; see the port."""
        if self._over:
            raise EnvironmentFault(f"This episode of {self._rules.name} is over; start another one.")
        self._frozen = self._stuck = None
        rules, text = self._rules, self._rules.formatted(action)
        done = self._turn_down(text, TOO_LONG) if len(text) > rules.longest else self._take(text)
        self._taken.append(text)
        refusal = self._state.refusal
        if done:
            return self._ended(refusal)
        if len(self._taken) == rules.step_limit:
            return self._ended(refusal, truncated=True)
        if refusal is not None:
            return Step(False, refusal, "illegal")
        return Step(True)

    def probe(self, action: Action) -> Truth:
        """The game's verdict on a copy of itself, where nothing but the verdict is waited for."""
        rules = self._rules
        if self._over:
            raise EnvironmentFault(f"This episode of {rules.name} is over; there is nothing to probe.")
        text = rules.formatted(action)
        if len(text) > rules.longest:
            return Truth(False, TOO_LONG, "illegal")
        copy = self._copy()
        state = copy.state
        player = state.current_player_id
        state.refusal, state.probing = None, True
        if rules.players == 1:
            copy._get_percentage_completion = _nothing  # a refusal pays it; its verdict does not depend on it
        rules.probe_random.lender = self._random
        rules.loaded.take_over(None, rules.probe_random)
        try:
            copy.step(text)
        except Refused:
            pass
        except Exception as error:
            if not rules.unreadable(error):
                raise self._fault(text, error) from error
            state.refusal = UNREADABLE
        refusal = state.refusal or (rules.fatal(copy, player) if rules.dies else None)
        return LEGAL if refusal is None else Truth(False, refusal, "illegal")

    def legal_actions(self) -> list[Action]:
        """Legal actions in their plainest spelling, in the order of the game's grammar.

        All of them where `exhaustive` is True, else a fair sample.
        """
        candidates = self._rules.candidates(self._env)
        return list[Action](candidates if self._rules.exact else filter(self._plays, candidates))

    @property
    def exhaustive(self) -> bool:
        """Whether `legal_actions` lists all of them."""
        return self._rules.exhaustive(self._env)

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """Legal ones, near misses, earlier ones, and the usual ways to spell an action badly."""
        legal, near = list[str](), list[str]()
        candidates = self._rules.candidates(self._env)
        for action in rng.sample(candidates, min(len(candidates), 24)):
            (legal if self._rules.exact or self._plays(action) else near).append(action)
        legal = legal[:6] or [str(action) for action in self.legal_actions()[:3]]
        changed = [near_miss(rng, action) for action in legal for _ in range(4 if self._rules.exact else 1)]
        near += [action for action in changed if not self._plays(action)]
        return list(foreign_actions(rng, legal=legal, near=near[:6], earlier=self._taken))

    def copy(self, rng: random.Random) -> TextArenaEpisode:
        """The same game going on by itself; what it draws from now on comes from `rng`."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._env = self._copy()  # catches up the history, so before that is copied
        twin._state = twin._env.state
        twin._history = deepcopy(self._history)
        twin._taken, twin._refused = list(self._taken), dict(self._refused)
        twin._random = EpisodeRandom(rng.getrandbits(64))
        return twin

    def _deal(self) -> None:
        rules = self._rules
        self._random = EpisodeRandom(self._seed) if rules.loaded.draws else rules.loaded.random
        self._history = rules.history(rules.players)
        rules.loaded.take_over(self, self._random)
        env: Any = rules.starts.take(self._seed)
        if env is None:
            env = rules.make()
            env.reset(num_players=rules.players, seed=self._seed)
            rules.starts.keep(self._seed, env)
        self._env, self._state = env, env.state

    def _take(self, text: str) -> bool:
        """Let the game take the text; True when that ended it. `refusal` of the state says whether it was legal."""
        rules, state = self._rules, self._state
        if rules.loaded.owner is not self:
            rules.loaded.take_over(self, self._random)
        player = state.current_player_id
        self._catch_up(player)
        state.refusal = None
        try:
            done, _ = self._env.step(text)
        except Exception as error:
            if not rules.unreadable(error):
                raise self._fault(text, error) from error
            return self._undo(text, UNREADABLE)
        if rules.dies and state.refusal is None:
            state.refusal = rules.fatal(self._env, player)
        if state.refusal is None:
            self._history.acted(player)
        elif rules.atomic and text.count("[") > 1:
            return self._undo(text, state.refusal)
        return bool(done)

    def _undo(self, text: str, reason: str) -> bool:
        """The game may have changed before it refused the text: put it back, and refuse the text in its name.

        What it changed is unknown, so the game is dealt again and everything before is replayed.
        """
        self._deal()
        for index, taken in enumerate(self._taken):
            if index in self._refused:
                self._refuse(taken, self._refused[index])
            else:
                self._take(taken)
        return self._turn_down(text, reason)

    def _turn_down(self, text: str, reason: str) -> bool:
        """Refuse the text in the game's name, and remember that, for a replay."""
        self._refused[len(self._taken)] = reason
        return self._refuse(text, reason)

    def _refuse(self, text: str, reason: str) -> bool:
        state = self._state
        self._catch_up(state.current_player_id)
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        state.add_observation(from_id=state.current_player_id, message=shown, observation_type=PLAYER_ACTION)
        state.refusal = None
        if self._rules.players == 1 and hasattr(self._env, "_get_percentage_completion"):
            state.set_invalid_move(reason=reason, reward=self._env._get_percentage_completion())
        else:
            eliminated = state.set_invalid_move(reason=reason)
            if eliminated:
                others = [player for player in range(self._rules.players) if player != state.current_player_id]
                state.set_winners(player_ids=others, reason=reason)
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

    def _plays(self, action: str) -> bool:
        """Whether the action is legal and does not break the game (uncorrected, some break on a winning move)."""
        try:
            return self.probe(action).legal
        except EnvironmentFault:
            return False

    def _is_stuck(self) -> bool:
        if self._stuck is None:
            self._stuck = not self._over and not any(map(self._plays, self._rules.candidates(self._env)))
        return self._stuck

    def _ended(self, refusal: str | None, *, truncated: bool = False) -> Step:
        self._over = True
        state, players = self._state, self._rules.players
        paid = state.rewards or {}
        if truncated and players == 1:
            paid = {0: self._env._get_percentage_completion()}
        rewards = tuple(float(paid.get(player, 0.0)) for player in range(players))
        if refusal is not None:
            return Step(False, refusal, "illegal", rewards=rewards, terminated=not truncated, truncated=truncated)
        reason = f"The limit of {len(self._taken)} steps is reached." if truncated else self._reason()
        return Step(True, reason, rewards=rewards, terminated=not truncated, truncated=truncated)

    def _reason(self) -> str:
        """Why the game says it ended. Some put the sentence into a list."""
        reason = self._state.game_info[0].get("reason") or ""
        return " ".join(map(str, reason)) if isinstance(reason, list | tuple) else str(reason)

    def _fault(self, text: str, error: Exception) -> EnvironmentFault:
        return EnvironmentFault(
            f"{self._rules.name} broke on {text[:80]!r} after {len(self._taken)} actions of seed {self._seed}: "
            f"{type(error).__name__}: {str(error)[:200]}"
        )
