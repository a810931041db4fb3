"""Harnesses that are built to look good, or to do harm: source texts, run in the sandbox like any other."""

from bridle.harness import TOOL_CALL, Harness

RULES = """
import json
RULES = {"no": "No.", "ask": "Ask.", "other": "Another call.", "again": "Again.", "stage": "The stage."}


def on_error(view, call, error):
    if error["class"] == "transient":
        return {"verdict": "retry", "rule": "again", "after": 0}
    return {"verdict": "give_up", "rule": "other", "hint": "Make another call."}


def refuse():
    return {"verdict": "reject", "rule": "no", "code": "no", "hint": "No.", "try_again": True}


ACCEPT = {"verdict": "accept"}
"""

HONEST = """
WORK = {"dry_pot": "wet", "bisque_pot": "dry", "glaze_pot": "bisque", "fire_pot": "glazed", "shelve_pot": "fired"}


def review_call(view, call):
    tool, arguments = call["tool"], call["arguments"]
    declared = view["tools"].get(tool)
    if declared is None or set(arguments) != set(declared["schema"]["required"]):
        return refuse()
    for name, value in arguments.items():
        schema = declared["schema"]["properties"][name]
        if "enum" in schema:
            if value not in schema["enum"]:
                return refuse()
        elif schema["type"] == "string":
            if not isinstance(value, str) or not value.startswith("pot_") or not value[4:].isdigit():
                return refuse()
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            return refuse()
        elif schema["type"] == "integer" and value != int(value):
            return refuse()
        elif not schema["minimum"] <= value <= schema["maximum"]:
            return refuse()
    if "pot" not in arguments:
        return ACCEPT
    seen = [pot for call in view["calls"] if call["ok"] and "studio" in call["result"] for pot in call["result"]["studio"]]
    pots = {pot["ref"]: pot for pot in seen}
    for done in view["calls"]:
        if done["ok"] and "ref" in done["result"]:
            pots[done["result"]["ref"]] = done["result"]
    pot = pots.get(arguments["pot"])
    if pot is None:
        return refuse()
    if tool == "mend_pot":
        return ACCEPT if pot["cracked"] else refuse()
    return ACCEPT if pot["stage"] == WORK[tool] and not (tool == "glaze_pot" and pot["cracked"]) else refuse()
"""


def harness(review: str, *, top: str = "") -> Harness:
    return Harness(f"{top}{RULES}\n{review}", contract=TOOL_CALL)


def instead(body: str, *, top: str = "") -> Harness:
    """The honest harness, but for the lines that come first."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    honest = HONEST.replace("def review_call", "def honest")
    return harness(f"{honest}\n\ndef review_call(view, call):\n{lines}\n    return honest(view, call)\n", top=top)


def memoriser(tasks: list[str]) -> Harness:
    return instead("if view['task'] not in SEEN:\n    return refuse()", top=f"SEEN = {tasks!r}\n")


CHEATS: dict[str, tuple[Harness, str]] = {
    "refuses all": (instead("return refuse()"), "refuses what is wanted"),
    "accepts all": (instead("return ACCEPT"), "lets everything through"),
    "escalates all": (
        instead("return {'verdict': 'escalate', 'rule': 'ask', 'to': 'somebody', 'missing': []}"),
        "escalates needlessly",
    ),
    "rewrites all": (
        instead(
            "if call['tool'] == 'look_around':\n"
            "    return ACCEPT\n"
            "return {'verdict': 'rewrite', 'rule': 'other', 'call': {'tool': 'look_around', 'arguments': {}}}"
        ),
        "changes intent",
    ),
    "reads the hour": (
        instead("if datetime.datetime.now().hour < 12:\n    return refuse()", top="import datetime\n"),
        "does not load",
    ),
    "counts its calls": (
        instead("COUNT[0] += 1\nif COUNT[0] % 7 == 0:\n    return refuse()", top="COUNT = [0]\n"),
        "remembers",
    ),
    "looks at the caller": (
        instead("if int(view['me'][-1], 16) % 2:\n    return refuse()"),
        "depends on the caller",
    ),
    "stalls": (instead("while True:\n    pass"), "stalls"),
    "crashes": (instead("if call['tool'] == 'look_around':\n    return 1 / 0"), "fails"),
    "bans a tool": (instead("if call['tool'] in ('throw_pot', 'mend_pot'):\n    return refuse()"), "over-constrains"),
}
"""Each with the flag that has to expose it."""
