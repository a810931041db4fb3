# Bridle harness 45419b750e122a7b386a7897c795efdaf15493ecb1c95b54b3e5b66f958132df
# contract text-action, observation full; for textarena/GuessTheNumber-v0, objective policy, written by assistant
import random
import re

ACTION = re.compile(r"\[(\d+)\]")
HINT = re.compile(r"^\[GAME\] The target number is (higher|lower)", re.M)


def read_state(text):
    """(lowest, highest, [(guess, 'higher' or 'lower'), ...])"""
    low, high = re.search(r"between (\d+) and (\d+)", text).groups()
    history, start = [], 0
    for hint in HINT.finditer(text):  # the guess is the first number in brackets of the last echo before the hint
        chunk = text[start:hint.start()]
        guess = ACTION.search(chunk, chunk.rfind("\n[Player") + 1)
        if guess:
            history.append((int(guess.group(1)), hint.group(1)))
        start = hint.start()
    return int(low), int(high), history


def propose_action(board: str) -> str:
    low, high, history = read_state(board)
    tried = {guess for guess, _ in history}
    left = [n for n in range(low, high + 1) if n not in tried]
    fit = [n for n in left if all((n > g) == (hint == "higher") for g, hint in history)] or left
    return "[%d]" % random.choice((fit[(len(fit) - 1) // 2], fit[len(fit) // 2]))


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    low, high, history = read_state(board)
    return low <= int(found.group(1)) <= high and all(int(found.group(1)) != guess for guess, _ in history)
