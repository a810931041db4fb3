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
    state = env.state.game_state
    if state["turn_phase"] == "draw":
        return ["[draw]", "[take]"] if state["discard_pile"] else ["[draw]"]
    places = [(row, column) for row in range(1, env.num_rows + 1) for column in range(1, env.num_columns + 1)]
    swaps = [f"[swap {row} {column}]" for row, column in places]
    return swaps if state.get("took_from_discard") else ["[discard]", *swaps]


def _high_society(env: Any) -> list[str]:
    return [f"[{card}]" for card in env.state.game_state["player_money"][env.state.current_player_id]]


def _whist(env: Any) -> list[str]:
    player = env.state.current_player_id
    held = env.state.game_state["players"][player]["hand"]
    return [f"[play {place}]" for place, card in enumerate(held, 1) if env._is_valid_play(player, card)]


def _indian_poker(env: Any) -> list[str]:
    state, player = env.state.game_state, env.state.current_player_id
    chips = state["player_chips"][player]
    due = state["highest_bet"] - state["current_bets"][player]
    if chips < 0:
        return []
    if due == 0:
        return ["[check]", "[fold]", *(f"[bet {amount}]" for amount in range(1, chips + 1))]
    raises = [f"[raise {amount}]" for amount in range(1, chips - due + 1)]
    return ["[fold]", *(["[call]"] if due <= chips else []), *raises]


def _liars_dice(env: Any) -> list[str]:
    """Bids up to three more than the one that stands; there is no highest."""
    bid = env.state.game_state["current_bid"]
    counts = range(max(1, bid["quantity"]), bid["quantity"] + 4)
    return ["[Call]", *(f"[Bid: {count}, {face}]" for count in counts for face in range(1, 7))]


def _new_recruit(env: Any) -> list[str]:
    rng = _sampler(env)
    proposals = dict.fromkeys(f"[Propose] {''.join(rng.choices('ABCDE', k=8))}" for _ in range(40))
    return [*(["[Accept]", "[Reject]"] if env.state.game_state["current_proposal"] else []), *proposals]


def _poker(env: Any) -> list[str]:
    """Bets and raises by a few sums; any whole number may be named."""
    state, player = env.state.game_state, env.state.current_player_id
    paid, live, sums = state["player_bets"][player], state["current_bet"], (10, 20, 40, 50, 100, 200, 500, 1000)
    plain = ["[Call]", "[Fold]"] if live > paid else ["[Check]", "[Call]", "[Fold]"]
    bets = [f"[Bet {amount}]" for amount in sums if amount > paid]
    return [*plain, *bets, *(f"[Raise {amount}]" for amount in sums if live + amount > paid)]


def _spite(env: Any) -> list[str]:
    own = env.players[env.state.current_player_id]
    tops = [pile[-1] for pile in (own["payoff"], *own["discard"]) if pile]
    playable = dict.fromkeys([*own["hand"], *tops])
    centre = [(place, pile) for place, pile in enumerate(env.center_piles)]
    plays = [f"[play {card} {at}]" for card in playable for at, pile in centre if env._can_play_on_center(card, pile)]
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
    "GermanWhist": _whist,
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

EXACT_CARDS = frozenset(CARDS) - {"Chopsticks", "KuhnPoker", "LiarsDice"}
SAMPLED_CARDS = frozenset({"ColonelBlotto", "IteratedTwoThirdsAverage", "LiarsDice", "NewRecruit", "Poker"})
