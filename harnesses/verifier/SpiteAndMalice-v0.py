# Bridle harness 59e098f57a46438c3951f504cf24ce21ecab53e1d4f26dfb6541a3353817066d
# contract text-action, observation full; for textarena/SpiteAndMalice-v0, objective verifier, written by assistant
import random
import re

CARD = r"[A2-9JQK][♠♥♦♣]"
ACTION = re.compile(r"\[(draw|play|discard)(?:\s(" + CARD + r")\s([0-3]))?\]")  # [0-3]: no other digits, also no wide ones
RANKS = {**{str(n): n for n in range(2, 10)}, "A": 1, "J": 10, "Q": 11}


def cards(text):
    return re.findall(CARD, text)


def read_state(text):
    """The last board: center piles, hand, payoff card and discard piles (top last)"""
    at = text.rfind("[GAME] Current Board:")
    shown = text[at:]
    center = [cards(pile) for pile in re.findall(r"^Pile \d+: \[(.*)\]", shown, re.M)]
    payoff = cards(re.search(r"^Payoff Pile \(Top Card\): ([^,\n]*)", shown, re.M).group(1))
    return {"center": center, "hand": cards(re.search(r"^Hand: \[(.*)\]", shown, re.M).group(1)),
            "payoff": payoff[0] if payoff else "",
            "discard": [cards(pile) for pile in re.findall(
                r"\[([^\[\]]*)\]", re.search(r"^Discard Piles: \[(.*)\]", shown, re.M).group(1))]}


def height(pile):
    """The rank a center pile has reached; a king counts as the rank it stands for"""
    level = 0
    for card in pile:
        level = level + 1 if card[0] == "K" else RANKS[card[:-1]]
    return level


def fits(state, card, n):
    return 0 <= n < len(state["center"]) and (card[0] == "K" or RANKS[card[:-1]] == height(state["center"][n]) + 1)


def sources(state):
    """The cards that may be played"""
    tops = [pile[-1] for pile in state["discard"] if pile]
    return state["hand"] + ([state["payoff"]] if state["payoff"] else []) + tops


def play(state, card, n):
    """Carry out a legal play, for a second action in the same text"""
    if card in state["hand"]:
        state["hand"].remove(card)
    elif card == state["payoff"]:
        state["payoff"] = ""
    else:
        next(pile for pile in state["discard"] if pile and pile[-1] == card).pop()
    state["center"][n].append(card)
    if height(state["center"][n]) >= 11:
        state["center"][n] = []


def propose_action(board: str) -> str:
    state = read_state(board)
    plays = ["[play %s %d]" % (card, n) for card in sorted(set(sources(state)))
             for n in range(len(state["center"])) if fits(state, card, n)]
    discards = ["[discard %s %d]" % (card, n) for card in sorted(set(state["hand"]))
                for n in range(len(state["discard"]))]
    if len(state["hand"]) < 5 and random.random() < 0.2:
        return "[draw]"
    return random.choice(plays + plays + discards + ["[draw]"])


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.findall(action)
    state = read_state(board)
    for kind, card, number in found:
        if kind == "draw":  # allowed at any time, also with a full hand
            continue
        if not card:
            return False
        n = int(number)
        if kind == "discard":
            return card in state["hand"] and n < len(state["discard"])
        if card not in sources(state) or not fits(state, card, n):
            return False
        play(state, card, n)
    return bool(found)
