"""Golden playthroughs: what a seeded game of each of the 145 says, action by action.

    python tests/environments/textarena_golden.py [GAME ...]     writes them anew (all, or those named)

A file holds the digest of the whole transcript and a readable excerpt of it. A change of the adapter, of TextArena or of
Python that changes a game shows as a difference in its file.
"""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

from bridle.environments.textarena.environment import TextArenaEnvironment
from bridle.environments.textarena.games import games

FOLDER = Path(__file__).parent / "golden"
STEPS, SEED = 40, 5
HEAD, LAST = 60, 12


def transcript(game: str) -> list[str]:
    """Lines: what is new to the player to move, the action, what became of it. Every fifth action is any foreign one."""
    environment = TextArenaEnvironment(games()[game])
    episode = environment.start(environment.scenarios("train")[SEED])
    rng, lines, seen = random.Random(SEED), list[str](), [""] * environment.players
    for turn in range(STEPS):
        player, view, _ = episode.observe()
        lines += [f"--- player {player} sees", *view.removeprefix(seen[player]).split("\n")]
        seen[player] = view
        actions = episode.foreign_actions(rng) if turn % 5 == 4 else episode.legal_actions()
        action = str(rng.choice(actions))
        step = episode.step(action)
        lines.append(f"--- takes {action!r}: {'legal' if step.legal else 'illegal'} {step.feedback!r}")
        if step.over:
            lines.append(f"--- over, rewards {tuple(round(reward, 6) for reward in step.rewards)}")
            break
    return lines


def golden(game: str) -> str:
    """The file of a game."""
    lines = transcript(game)
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
    cut = [] if len(lines) <= HEAD + LAST else [f"… {len(lines) - HEAD - LAST} lines …"]
    shown = [*lines[:HEAD], *cut, *lines[-LAST:]] if cut else lines
    return f"{game} {digest} {len(lines)} lines\n" + "\n".join(line.rstrip() for line in shown) + "\n"


def main(names: list[str]) -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for game in names or games():
        (FOLDER / f"{game}.txt").write_text(golden(game), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
