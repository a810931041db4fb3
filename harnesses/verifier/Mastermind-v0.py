# Bridle harness cea1177638c23f54503669ffd28bea3b4a918f1e5db4b97c040a73cd758b2065
# contract text-action, observation full; for textarena/Mastermind-v0, objective verifier, written by assistant
import random
import re

RULES = re.compile(r"(\d+) digits long, each digit from (\d+) to (\d+)")
SUBMITTED = re.compile(r"^\[GAME\] Submitted \[([\d ,]+)\]", re.M)


def read_rules(text):
    """(length, lowest, highest, duplicates allowed)"""
    length, low, high = map(int, RULES.search(text).groups())
    return length, low, high, "no duplicates" not in text


def propose_action(board: str) -> str:
    length, low, high, twice = read_rules(board)
    tried = {tuple(map(int, re.findall(r"\d+", guess))) for guess in SUBMITTED.findall(board)}
    digits = range(low, high + 1)
    for _ in range(100):  # a guess that was not made yet
        guess = random.choices(digits, k=length) if twice else random.sample(digits, length)
        if tuple(guess) not in tried:
            break
    return "[" + " ".join(map(str, guess)) + "]"


ACTION = re.compile(r"\[(\d+(?:\s+\d+)*)\]")


def made_guesses(text):
    return {tuple(map(int, re.findall(r"\d+", guess))) for guess in SUBMITTED.findall(text)}


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    length, low, high, twice = read_rules(board)
    guess = tuple(map(int, found.group(1).split()))
    return (len(guess) == length and all(low <= n <= high for n in guess)
            and (twice or len(set(guess)) == length) and guess not in made_guesses(board))
