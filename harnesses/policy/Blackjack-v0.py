# Bridle harness 5bec7b3fd672e51d2bb2fe64c0260e4e60ec9647fe0a8a255a356f7ee50b9ba4
# contract text-action, observation full; for textarena/Blackjack-v0, objective policy, written by assistant
import re

ACTION = re.compile(r"\[(hit|stand)\]", re.I)
CARDS = [(n, 1 / 13) for n in range(1, 10)] + [(10, 4 / 13)]  # value (ace 1) and chance
DRAW = 0.25  # what a drawn hand is taken to be worth, a won one being 1


def value(card):
    rank = card.strip()[:-1]
    return 1 if rank == "A" else 10 if rank in ("J", "Q", "K") else int(rank)


def best(total, ace):
    """The score of a hand with this sum (aces 1), with or without an ace"""
    return total + 10 if ace and total <= 11 else total


def dealer(total, ace, memo):
    """{final score of the dealer: chance}, who draws below 17; above 21 counts as 22"""
    if (total, ace) not in memo:
        score = best(total, ace)
        if score >= 17:
            memo[total, ace] = {min(score, 22): 1.0}
        else:
            chances = {}
            for card, p in CARDS:
                for end, q in dealer(total + card, ace or card == 1, memo).items():
                    chances[end] = chances.get(end, 0) + p * q
            memo[total, ace] = chances
    return memo[total, ace]


def stand(total, ace, ends):
    score = best(total, ace)
    return sum(p * (1 if end > 21 or end < score else DRAW if end == score else 0) for end, p in ends.items())


def hit(total, ace, ends, memo):
    if (total, ace) not in memo:
        worth = 0
        for card, p in CARDS:
            new, soft = total + card, ace or card == 1
            if new <= 21:
                worth += p * max(stand(new, soft, ends), hit(new, soft, ends, memo))
        memo[total, ace] = worth
    return memo[total, ace]


def propose_action(board: str) -> str:
    hand = [value(card) for card in re.findall(r"Your hand: (.*?) \(Score", board)[-1].split(",")]
    shown = value(re.findall(r"Dealer shows: (\S+)", board)[-1])
    ends = dealer(shown, shown == 1, {})
    total, ace = sum(hand), 1 in hand
    return "[Hit]" if hit(total, ace, ends, {}) > stand(total, ace, ends) else "[Stand]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    return ACTION.search(action) is not None
