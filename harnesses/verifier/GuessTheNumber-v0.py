# Bridle harness d8001b0d3f0db84362d0eede0ae0aa9476e8b291cdfda3defdf779c2f8cb58fc
# contract text-action, observation full; for textarena/GuessTheNumber-v0, objective verifier, written by assistant
import random
import re

GUESS = re.compile(r"\[(\d+)\]")


def open_numbers(board):
    # numbers of the range that were not guessed yet; every line of the history that starts with a
    # sender is looked at for the first [number] in it
    low, high = map(int, re.search(r"between (\d+) and (\d+)", board).groups())
    history = board[board.find("Enter your guess.") + 1:]
    guessed = set()
    for message in re.split(r"^\[(?:Player[^\]\n]*|GAME)\] ", history, flags=re.MULTILINE)[1:]:
        found = GUESS.search(message)
        if found and len(found.group(1)) < 10:
            guessed.add(int(found.group(1)))
    return [number for number in range(low, high + 1) if number not in guessed]


def propose_action(board: str) -> str:
    return "[%d]" % random.choice(open_numbers(board) or [1])


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = GUESS.search(action)  # the first bracketed number counts
    return found is not None and len(found.group(1)) < 10 and int(found.group(1)) in open_numbers(board)
