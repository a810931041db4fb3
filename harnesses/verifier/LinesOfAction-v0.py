# Bridle harness 89e1df48c9887dca2d8b7a314792a1ec42697d101ade585900f061e4d10735ec
# contract text-action, observation full; for textarena/LinesOfAction-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^ *([1-8]) \|(.*)\| \1[ \t]*$", re.M)
LINES = ((1, 0), (0, 1), (1, 1), (1, -1))


def read_board(text):
    """(own piece, {square: 'O', 'X' or ''}) of the last board"""
    me = re.search(r"Your pieces are '([OX])'", text).group(1)
    board = {}
    for number, cells in ROW.findall(text)[-8:]:
        for letter, cell in zip("abcdefgh", cells.split("|")):
            board[letter + number] = cell.strip()
    return me, board


def legal_moves(text):
    me, board = read_board(text)
    found = []
    for start, piece in board.items():
        if piece != me:
            continue
        for i, j in LINES:
            def at(n):
                return chr(ord(start[0]) + n * i) + chr(ord(start[1]) + n * j)
            span = sum(bool(board.get(at(n))) for n in range(-7, 8))
            for sign in (1, -1):
                end = at(sign * span)
                if end in board and board[end] != me and all(
                        board[at(sign * n)] in ("", me) for n in range(1, span)):
                    found.append(start + end)
    return found


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    return "[" + random.choice(moves) + "]" if moves else "[]"


ACTION = re.compile(r"\[?([a-h][1-8])([a-h][1-8])\]?$", re.I)


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action.strip())
    return found is not None and found.group(1).lower() + found.group(2).lower() in legal_moves(board)
