# Bridle harness 92fd509230dfb3da8eaf38f29a48abc500d6c67fce2531d4ae4998045db42915
# contract text-action, observation full; for textarena/Secretary-v0, objective policy, written by assistant
import re

VALUE = re.compile(r"^\[GAME\] The current value is (-?\d+(?:\.\d+)?)", re.MULTILINE)
MOVE = re.compile(r"\[(accept|continue)\]", re.IGNORECASE)


def threshold(left):
    # the value from which the best one so far is taken when `left` uniform values are still to come:
    # winning now, x**left, is then at least as likely as winning with a later record
    low, high = 0.0, 1.0
    for step in range(50):
        x = (low + high) / 2
        if x == 0 or sum((x ** -j - 1) / j for j in range(1, left + 1)) > 1:
            low = x
        else:
            high = x
    return high


def propose_action(board: str) -> str:
    total = int(re.search(r"observe (\d+) hidden values", board).group(1))
    values = [float(value) for value in VALUE.findall(board)]
    left = total - len(values)
    if left <= 0 or (values[-1] >= max(values) and values[-1] >= threshold(left)):
        return "[accept]"
    return "[continue]"


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    return MOVE.search(action) is not None
