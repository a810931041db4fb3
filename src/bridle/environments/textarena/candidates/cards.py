"""Candidates of card, dice, bidding and negotiating games."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from bridle.environments.textarena.candidates.puzzles import words

_FACES = {1: "A", 11: "J", 12: "Q", 13: "K"}


def _sampler(env: Any) -> random.Random:
    """A generator that depends on the state alone, so that asking twice gives the same sample."""
    return random.Random(1000 * env.state.turn + env.state.current_player_id)


def _hand(env: Any) -> list[str]:
    """`[play X]`, by the place in the hand."""
    held = env.state.game_state["players"][env.state.current_player_id]["hand"]
    return [f"[play {place}]" for place in range(1, len(held) + 1)]


def _blotto(env: Any) -> list[str]:
    """200 ways to divide the units among the fields."""
    rng, fields, units = _sampler(env), env.field_names, env.num_total_units
    found: dict[str, None] = {}
    for _ in range(200):
        cuts = sorted(rng.randint(0, units) for _ in range(len(fields) - 1))
        shares = [b - a for a, b in zip([0, *cuts], [*cuts, units], strict=True)]
        found[f"[{' '.join(f'{name}{share}' for name, share in zip(fields, shares, strict=True))}]"] = None
    return list(found)


def _chopsticks(env: Any) -> list[str]:
    total = sum(env.state.game_state["hands"][env.state.current_player_id])
    attacks = [f"[attack {mine} {theirs}]" for mine in (0, 1) for theirs in (0, 1)]
    return attacks + [f"[split {left} {total - left}]" for left in range(total + 1)]


def _pure_strategy(env: Any) -> list[str]:
    held = env.state.game_state["player_hands"][env.state.current_player_id]
    return [f"[{_FACES.get(card, card)}]" for card in held]


def _golf(env: Any) -> list[str]:
    places = [(row, column) for row in range(1, env.num_rows + 1) for column in range(1, env.num_columns + 1)]
    return ["[draw]", "[take]", "[discard]", *(f"[swap {row} {column}]" for row, column in places)]


def _high_society(env: Any) -> list[str]:
    return [f"[{card}]" for card in env.state.game_state["player_money"][env.state.current_player_id]]


def _indian_poker(env: Any) -> list[str]:
    chips = max(0, env.state.game_state["player_chips"][env.state.current_player_id])
    sums = range(1, chips + 1)
    bets = [f"[{verb} {amount}]" for verb in ("bet", "raise") for amount in sums]
    return ["[check]", "[call]", "[fold]", *bets]


def _liars_dice(env: Any) -> list[str]:
    """Bids up to three more than the one that stands; there is no highest."""
    bid = env.state.game_state["current_bid"]
    counts = range(max(1, bid["quantity"]), bid["quantity"] + 4)
    return ["[Call]", *(f"[Bid: {count}, {face}]" for count in counts for face in range(1, 7))]


def _new_recruit(env: Any) -> list[str]:
    rng = _sampler(env)
    proposals = [f"[Propose] {''.join(rng.choices('ABCDE', k=8))}" for _ in range(40)]
    return ["[Accept]", "[Reject]", *dict.fromkeys(proposals)]


def _poker(env: Any) -> list[str]:
    """Bets and raises by a few sums; any whole number may be named."""
    sums = (10, 20, 40, 50, 100, 200, 500, 1000)
    return ["[Check]", "[Call]", "[Fold]", *(f"[{verb} {amount}]" for verb in ("Bet", "Raise") for amount in sums)]


def _spite(env: Any) -> list[str]:
    own = env.players[env.state.current_player_id]
    tops = [pile[-1] for pile in (own["payoff"], *own["discard"]) if pile]
    playable = dict.fromkeys([*own["hand"], *tops])
    plays = [f"[play {card} {pile}]" for card in playable for pile in range(4)]
    discards = [f"[discard {card} {pile}]" for card in dict.fromkeys(own["hand"]) for pile in range(4)]
    return ["[draw]", *plays, *discards]


def _two_thirds(env: Any) -> list[str]:
    """The whole numbers of the range, and some between."""
    rng = _sampler(env)
    low, high = env.min_guess, env.max_guess
    return [f"[{n}]" for n in range(int(low), int(high) + 1)] + [f"[{rng.uniform(low, high):.2f}]" for _ in range(20)]


CARDS: dict[str, Callable[[Any], list[str]]] = {
    "Briscola": _hand,
    "Chopsticks": _chopsticks,
    "ColonelBlotto": _blotto,
    "GameOfPureStrategy": _pure_strategy,
    "GermanWhist": _hand,
    "Golf": _golf,
    "HighSociety": _high_society,
    "IndianPoker": _indian_poker,
    "IteratedMatchingPennies": words("heads", "tails"),
    "IteratedRockPaperScissors": words("rock", "paper", "scissors"),
    "IteratedTwoThirdsAverage": _two_thirds,
    "KuhnPoker": words("check", "bet", "call", "fold"),
    "LiarsDice": _liars_dice,
    "NewRecruit": _new_recruit,
    "PigDice": words("roll", "hold"),
    "Poker": _poker,
    "SpiteAndMalice": _spite,
}

EXACT_CARDS = frozenset(
    {
        "Briscola",
        "ColonelBlotto",
        "GameOfPureStrategy",
        "HighSociety",
        "IteratedMatchingPennies",
        "IteratedRockPaperScissors",
        "IteratedTwoThirdsAverage",
        "PigDice",
    }
)
SAMPLED_CARDS = frozenset({"ColonelBlotto", "IteratedTwoThirdsAverage", "LiarsDice", "NewRecruit", "Poker"})
