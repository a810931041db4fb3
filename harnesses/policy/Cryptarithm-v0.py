# Bridle harness 7e8b14bff04c7027f5d971cc6f104a59f6d58d5899bb36e621db031bcec3fdf3
# contract text-action, observation full; for textarena/Cryptarithm-v0, objective policy, written by assistant
import random
import re

ACTION = re.compile(r"\[\s*([A-Za-z])\s+(\d)\s*\]")
EQUATION = re.compile(r"^([A-Z]+(?: \+ [A-Z]+)+) = ([A-Z]+)[ \t]*$", re.M)


def read_state(text):
    """(addends, result, {letter: digit}) as of the last board"""
    left, right = EQUATION.findall(text)[-1]
    shown = text[text.rfind("Mapping:"):]
    return left.split(" + "), right, {a: int(n) for a, n in re.findall(r"^\s+([A-Z]) → (\d)", shown, re.M)}


def solve(addends, result):
    """A mapping that makes the sum right, leading digits not 0; {} if there is none"""
    words = addends + [result]
    width = max(map(len, words))
    columns = [[w[-k] for w in words if len(w) >= k] for k in range(1, width + 1)]
    order = list(dict.fromkeys(a for column in columns for a in column))
    first = {w[0] for w in words}
    # how many columns from the right are complete once the first i letters are known
    done = [next((k for k in range(width) if not set(columns[k]) <= set(order[:i])), width)
            for i in range(len(order) + 1)]

    def low(word, k, digits):
        return int("".join(str(digits[a]) for a in word[-k:]))

    def extend(i, digits):
        k = done[i]
        if k and (sum(low(w, k, digits) for w in addends) - low(result, k, digits)) % 10 ** k:
            return {}
        if i == len(order):
            return digits if sum(low(w, width, digits) for w in addends) == low(result, width, digits) else {}
        for n in range(10):
            if n not in digits.values() and (n or order[i] not in first):
                found = extend(i + 1, {**digits, order[i]: n})
                if found:
                    return found
        return {}

    return extend(0, {})


def propose_action(board: str) -> str:
    addends, result, now = read_state(board)
    letters = sorted(set("".join(addends) + result))
    goal = solve(addends, result)
    used = set(now.values())
    wrong = [a for a in letters if a in now and a in goal and now[a] != goal[a]]
    ready = [a for a in wrong if goal[a] not in used]  # first mend what is wrong, then add what is missing
    if not wrong:
        ready = [a for a in letters if a in goal and a not in now]
    if ready:
        letter = random.choice(ready)
        return "[%s %d]" % (letter, goal[letter])
    letter = (wrong or letters)[0]
    free = [n for n in range(1, 10) if n not in used] or [now.get(letter, 1)]
    return "[%s %d]" % (letter, random.choice(free))


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    addends, result, now = read_state(board)
    letter, n = found.group(1).upper(), int(found.group(2))
    return letter in "".join(addends) + result and all(a == letter or d != n for a, d in now.items())
