# Bridle harness e6187d4349d0a849291822a64f986567ce39b72b1ea539ff7be8a343bb961644
# contract text-action, observation full; for textarena/Mastermind-v0, objective policy, written by assistant
import collections
import itertools
import random
import re

ACTION = re.compile(r"\[\s*(\d+(?:\s+\d+)*)\s*\]")
RULES = re.compile(r"(\d+) digits long, each digit from (\d+) to (\d+)")
FEEDBACK = re.compile(r"^\[GAME\] Submitted \[([\d ,]+)\]\. Feedback: (\d+) black peg\(s\), (\d+) white peg", re.M)


def read_state(text):
    """(length, lowest, highest, duplicates allowed, [(guess, black, white), ...])"""
    length, low, high = map(int, RULES.search(text).groups())
    history = [(tuple(map(int, re.findall(r"\d+", guess))), int(black), int(white))
               for guess, black, white in FEEDBACK.findall(text)]
    return length, low, high, "no duplicates" not in text, history


def pegs(code, guess):
    black = sum(a == b for a, b in zip(code, guess))
    return black, sum(min(code.count(d), guess.count(d)) for d in set(guess)) - black


def propose_action(board: str) -> str:
    length, low, high, twice, history = read_state(board)
    digits = range(low, high + 1)
    codes = list(itertools.product(digits, repeat=length) if twice else itertools.permutations(digits, length))
    tried = {guess for guess, _, _ in history}
    fit = codes
    for guess, black, white in history:
        fit = [code for code in fit if pegs(code, guess) == (black, white)]
    fit = [code for code in fit if code not in tried] or [code for code in codes if code not in tried] or codes
    if len(fit) > 200:
        best = random.choice(fit)
    else:  # the fitting code whose answers split the fitting codes into the most classes
        tests = random.sample(fit, min(len(fit), 60))
        best = min(tests, key=lambda g: sum(n * n for n in collections.Counter(pegs(code, g) for code in fit).values()))
    return "[" + " ".join(map(str, best)) + "]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    length, low, high, twice, history = read_state(board)
    guess = list(map(int, found.group(1).split()))
    return len(guess) == length and all(low <= n <= high for n in guess) and (twice or len(set(guess)) == length)
