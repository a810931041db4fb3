# Bridle harness c0138c7f4713983a3a291db00817285018a6f7feb852c28f274a74f10ff15b16
# contract text-action, observation full; for textarena/UltimateTicTacToe-v0, objective verifier, written by assistant
import random
import re

PLAYED = re.compile(r"^\[GAME\] Player \d+ played in micro board [^\n]*", re.M)
FORCED = re.compile(r"must now play in micro board (\d)")
LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))


def legal_moves(text):
    """[(mini-board, square), ...]; a free square of the last board is printed as [mini-board,square]"""
    shown = text[text.rfind("Current board:"):]
    free = [(int(m), int(c)) for m, c in re.findall(r"\[(\d),(\d)\]", shown)]
    played = PLAYED.findall(text)
    forced = FORCED.search(played[-1]) if played else None
    if forced:
        inside = [move for move in free if move[0] == int(forced.group(1))]
        if inside:
            return inside
    won = won_boards(shown)
    return [move for move in free if move[0] not in won]


def won_boards(shown):
    """The mini-boards with three equal marks in a line"""
    rows = [re.findall(r"\[\d,\d\]|[XO]", line) for line in shown.split("\n")[1:]]
    rows = [row for row in rows if len(row) == 9][:9]
    marks = {(r // 3 * 3 + c // 3, r % 3 * 3 + c % 3): mark for r, row in enumerate(rows) for c, mark in enumerate(row)}
    return {m for m in range(9) for a, b, c in LINES
            if marks.get((m, a)) in ("X", "O") and marks[m, a] == marks.get((m, b)) == marks.get((m, c))}


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    return "[%d %d]" % random.choice(moves) if moves else "[]"


ACTION = re.compile(r"\[\s*(\d)\s*,?\s*(\d)\s*\]")


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and (int(found.group(1)), int(found.group(2))) in legal_moves(board)
