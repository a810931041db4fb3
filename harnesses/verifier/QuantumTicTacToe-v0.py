# Bridle harness c0699f612e9ef4eb829bacef3382dd9bf6abacb43e98b791cb37da8f365ac034
# contract text-action, observation full; for textarena/QuantumTicTacToe-v0, objective verifier, written by assistant
import random
import re

LABELS = re.compile(r"^\s*\[(\d)\]\s+\[(\d)\]\s+\[(\d)\]\s*$")


def open_cells(text):
    """The cells of the last board that are not solidified; a classical mark stands two lines below the label"""
    lines = text[text.rfind("Quantum Tic Tac Toe Board:"):].split("\n")
    found = []
    for i, line in enumerate(lines):
        labels = LABELS.match(line)
        if labels:
            below = lines[i + 2] if i + 2 < len(lines) else ""
            for c in range(3):
                if below[10 * c:10 * c + 10].strip() not in ("X", "O"):
                    found.append(int(labels.group(c + 1)))
    return found


def propose_action(board: str) -> str:
    cells = open_cells(board)
    if len(cells) < 2:
        return "[%d,%d]" % (cells[0], cells[0]) if cells else "[]"
    return "[%d,%d]" % tuple(random.sample(cells, 2))


ACTION = re.compile(r"\[\s*(\d+)\s*,\s*(\d+)\s*\]")


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    a, b = int(found.group(1)), int(found.group(2))
    cells = open_cells(board)
    return a != b and a in cells and b in cells
