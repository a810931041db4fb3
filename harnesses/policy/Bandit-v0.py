# Bridle harness 2603368ad444dd2cd75f55ef050210d86648615d47adbce91bf76f711a41c922
# contract text-action, observation full; for textarena/Bandit-v0, objective policy, written by assistant
import random
import re

ACTION = re.compile(r"\[\s*([A-Za-z]+)\s*\]")
PRESSED = re.compile(r"^\[GAME\] You pressed the (\w+) button and received a reward of ([\d.]+)", re.M)
WON, LOST = 3.0, 4.0  # what is believed of a button before its first press (a Beta distribution)


def read_state(text):
    """({button: [won, lost]} with the prior belief, presses left)"""
    buttons = re.split(r",\s*", re.search(r"buttons: ([^.]*)\.", text).group(1).strip())
    belief = {button: [WON, LOST] for button in buttons}
    pressed = PRESSED.findall(text)
    for button, reward in pressed:
        won = min(max(float(reward.rstrip(".")), 0.0), 1.0)
        if button in belief:
            belief[button][0] += won
            belief[button][1] += 1 - won
    return belief, int(re.search(r"You have (\d+) time steps", text).group(1)) - len(pressed)


def mean(pair):
    return pair[0] / (pair[0] + pair[1])


def gain(pair, rival, left):
    """The most that pressing this button n times (n up to left) raises the expected mean of the choice, per press"""
    a, b = pair
    now, best = max(mean(pair), rival), 0.0
    for n in range(1, left + 1):
        chance = 1.0  # that none of the n presses wins
        for k in range(n):
            chance *= (b + k) / (a + b + k)
        worth = 0.0
        for won in range(n + 1):
            worth += chance * max(rival, (a + won) / (a + b + n))
            if won < n:
                chance *= (n - won) / (won + 1) * (a + won) / (b + n - won - 1)
        best = max(best, (worth - now) / n)
    return best


def propose_action(board: str) -> str:
    belief, left = read_state(board)
    buttons = list(belief)
    random.shuffle(buttons)
    if left > 0:
        choice = max(buttons, key=lambda x: round(gain(
            belief[x], max(mean(belief[y]) for y in buttons if y != x), left), 12))
    else:
        choice = max(buttons, key=lambda x: round(mean(belief[x]), 12))
    return "[" + choice + "]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and found.group(1).lower() in read_state(board)[0]
