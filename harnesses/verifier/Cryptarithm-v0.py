# Bridle harness 3d3276b186fe850c68ce5bb847471efa8636f193e353bbb9b461f31b4ec6aa51
# contract text-action, observation full; for textarena/Cryptarithm-v0, objective verifier, written by assistant
import random
import re

PUZZLE = re.compile(r"^[A-Z]+(?: [-+*] [A-Z]+)* = [A-Z]+[ \t]*$", re.MULTILINE)
GIVEN = re.compile(r"^ *([A-Z]) → (\d)", re.MULTILINE)


def read(board):
    # the last puzzle line and the mapping below it are the current state
    last = list(PUZZLE.finditer(board))[-1]
    mapping = {letter: int(digit) for letter, digit in GIVEN.findall(board[last.end():])}
    words = re.findall(r"[A-Z]+", last.group(0))
    return words, mapping


def allowed(words, mapping, letter, digit):
    if letter not in "".join(words):
        return False
    if any(word[0] == letter and len(word) > 1 for word in words) and digit == 0:
        return False
    return all(other == letter or used != digit for other, used in mapping.items())


def propose_action(board: str) -> str:
    words, mapping = read(board)
    moves = [(letter, digit) for letter in sorted(set("".join(words))) for digit in range(10)
             if allowed(words, mapping, letter, digit)]
    new = [(letter, digit) for letter, digit in moves if mapping.get(letter) != digit]
    return "[%s %d]" % random.choice(new or moves or [("A", 5)])


MOVE = re.compile(r"\[\s*([A-Z])\s+(\d)\s*\]", re.IGNORECASE)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.fullmatch(action.strip())  # nothing but the assignment
    if found is None:
        return False
    words, mapping = read(board)
    return allowed(words, mapping, found.group(1).upper(), int(found.group(2)))
