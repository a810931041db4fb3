# Bridle harness 123d759076ec957bd959549ddc9f31c828a41cb099114a6bc84a67918b53e49c
# contract tool-call, observation full; for enterprise/expense, objective workflow, written by assistant
import datetime
import re

RULES = {
    "shape": "A call is an object with exactly two fields, tool (a string) and arguments (an object).",
    "known_tool": "Only the tools that the view declares can be called.",
    "schema": "The arguments fit the schema of the tool.",
    "spelling": "A value that is only spelled wrongly is spelled as the schema wants it.",
    "exists": "An id that the system did not know is not asked for again.",
    "shown_first": "A request, item or receipt has to be shown in the session before it is used.",
    "right_state": "A step needs the request, item or receipt in a certain state.",
    "complete": "Only a complete draft is submitted.",
    "level": "A request goes up its path level by level and is approved at the last one needed.",
    "payee": "The payee is confirmed before a request is paid.",
    "amount": "Not more is paid than is outstanding.",
    "denied": "What was denied is not tried again.",
    "correct_it": "A call that was wrong is corrected before it is made again.",
    "look_first": "After an unclear outcome, look before repeating what is not safe to repeat.",
    "passing": "A passing failure is tried again.",
    "enough": "What keeps failing is left.",
}

# tool: (word, states of the request)
REQUEST_STATES = {
    "add_item": ("edit", ["draft"]),
    "update_request": ("edit", ["draft"]),
    "submit_request": ("submit", ["draft"]),
    "withdraw_request": ("withdraw", ["draft", "submitted", "in_review"]),
    "reopen_request": ("reopen", ["rejected", "withdrawn"]),
    "start_review": ("start_review", ["submitted", "in_review"]),
    "escalate_request": ("escalate", ["in_review"]),
    "approve_request": ("approve", ["in_review"]),
    "reject_request": ("reject", ["in_review"]),
    "confirm_payee": ("confirm_payee", ["approved"]),
    "reimburse_request": ("reimburse", ["approved"]),
}
ITEM_STATES = {"attach_receipt": ["open"], "remove_item": ["open", "receipted"]}
RECEIPT_STATES = {"attach_receipt": ["unattached"], "detach_receipt": ["attached"]}
SHOWN_BY = {"request_id": "get_request", "item_id": "get_request for its request",
            "receipt_id": "list_receipts"}
WAY = {
    ("draft", "draft"): "",
    ("submitted", "draft"): "withdraw_request and then reopen_request make it a draft.",
    ("in_review", "draft"): "withdraw_request and then reopen_request make it a draft.",
    ("rejected", "draft"): "reopen_request makes it a draft.",
    ("withdrawn", "draft"): "reopen_request makes it a draft.",
    ("draft", "submitted"): "Call submit_request first.",
    ("draft", "in_review"): "Call submit_request and then start_review first.",
    ("submitted", "in_review"): "Call start_review first.",
    ("rejected", "in_review"): "It can be reopened with reopen_request and submitted again.",
    ("withdrawn", "in_review"): "It can be reopened with reopen_request and submitted again.",
    ("in_review", "approved"): "It has to be approved first.",
    ("submitted", "approved"): "It has to be reviewed and approved first.",
    ("draft", "approved"): "It has to be submitted, reviewed and approved first.",
}
TYPES = {"string": str, "number": (int, float), "integer": (int, float), "boolean": bool,
         "array": list, "object": dict, "null": type(None)}


def reject(rule, code, hint, try_again):
    return {"verdict": "reject", "rule": rule, "code": code, "hint": hint, "try_again": try_again}


def has_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[name])


def is_date(value):
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value)
    if not found or not (1 <= int(found.group(2)) <= 12 and int(found.group(1))):
        return False
    year, month, day = map(int, found.groups())
    after = datetime.date(year + month // 12, month % 12 + 1, 1) if year < 9999 else None
    return 1 <= day <= ((after - datetime.timedelta(days=1)).day if after else 31)


def misfit(value, schema, path):
    """What is wrong with a value, as a sentence, or None."""
    if "enum" in schema and not any(value == v and type(value) == type(v) for v in schema["enum"]):
        return "%s: %r is not one of %s." % (path, value, schema["enum"])
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(has_type(value, name) for name in names):
        return "%s: %r is not of type %s." % (path, value, " or ".join(names))
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return "%s: %r does not match %s." % (path, value, schema["pattern"])
        if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", len(value)):
            return "%s: needs %s to %s characters." % (
                path, schema.get("minLength", 0), schema.get("maxLength", "any number of"))
        if schema.get("format") == "date" and not is_date(value):
            return "%s: %r is not a date like 2025-03-24." % (path, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if (value < schema.get("minimum", value) or value > schema.get("maximum", value)
                or ("exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"])
                or ("exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"])):
            return "%s: %r is out of range." % (path, value)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0) or len(value) > schema.get("maxItems", len(value)):
            return "%s: wrong number of entries." % path
        for entry in value:
            wrong = misfit(entry, schema.get("items", {}), path)
            if wrong:
                return wrong
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                return "%s: %r is missing; give it." % (path, name)
        extra = [name for name in value if name not in properties]
        if extra and schema.get("additionalProperties") is False:
            return "%s: leave out %s; allowed are %s." % (path, extra, sorted(properties))
        if len(value) < schema.get("minProperties", 0):
            return "%s: give at least %d of %s." % (path, schema["minProperties"], sorted(properties))
        for name, entry in value.items():
            wrong = misfit(entry, properties.get(name, {}), name)
            if wrong:
                return wrong
    return None


def respelled(value, schema):
    """The same value as the schema spells it, or the value as it is."""
    if not isinstance(value, str) or misfit(value, schema, "") is None:
        return value
    bare = value.strip()
    if schema.get("type") in ("number", "integer"):
        if re.fullmatch(r"[+-]?\d{1,15}", bare):
            return int(bare)
        return float(bare) if re.fullmatch(r"[+-]?\d{1,15}\.\d{1,15}", bare) else value
    if schema.get("type") == "boolean" and bare.lower() in ("true", "false"):
        return bare.lower() == "true"
    if "enum" in schema:
        def plain(text):
            return re.sub(r"[\s_-]+", "_", str(text).strip().lower())
        same = [v for v in schema["enum"] if isinstance(v, str) and plain(v) == plain(value)]
        return same[0] if len(same) == 1 else value
    joined = re.sub(r"[\s_/.]+", "-", bare)
    for text in (bare, bare.upper(), bare.lower(), joined, joined.upper(), joined.lower()):
        if ("pattern" in schema or "format" in schema) and misfit(text, schema, "") is None:
            return text
    return value


def errors_of(view):
    return [(entry.get("call", entry), entry["error"]) for entry in view.get("calls", [])
            if isinstance(entry, dict) and isinstance(entry.get("error"), dict)]


def removed(view, name):
    for entry in view.get("calls", []):
        made = entry.get("call", entry) if isinstance(entry, dict) else {}
        given = made.get("arguments")
        if (made.get("tool") == "remove_item" and isinstance(given, dict)
                and given.get("item_id") == name and not entry.get("error")):
            return True
    return False


def state_of(record):
    return record.get("state", record.get("status"))


def item_state(resources, item_id):
    """The status of an item; its request tells more when the two differ."""
    status = state_of(resources[item_id])
    for record in resources.values():
        for item in (record.get("items") if isinstance(record, dict) else None) or []:
            if isinstance(item, dict) and item.get("id") == item_id:
                if record.get("state") not in (None, "draft"):
                    return "locked"
                return item.get("status") if status == "locked" else status
    return status


def wrong_state(name, state, word, states):
    if state is None or state in states:
        return None
    way = WAY.get((state, states[0]), "Call get_request or list_requests to find one in the right state.")
    return reject("right_state", "state_conflict", "%s is %s; %s needs %s. %s" % (
        name, state, word, " or ".join(states), way), False)


def review_state(view, tool, arguments):
    resources = view.get("resources", {})
    for field, shown_by in SHOWN_BY.items():
        name = arguments.get(field)
        if field == "item_id" and name is not None and removed(view, name):
            return reject("exists", "not_found", "%s was removed; add a new item with add_item." % name, False)
        if name is None or name in resources:
            continue
        if any(error.get("class") == "not_found" and name in str(error.get("message"))
               for unused, error in errors_of(view)):
            return reject("exists", "not_found", "There is no %s; look the id up with %s." % (
                name, "list_receipts" if field == "receipt_id" else "list_requests"), False)
        if tool != "get_request":
            return reject("shown_first", "missing_precondition",
                          "%s was not shown in this session; call %s first." % (name, shown_by), True)
    if "item_id" in arguments and tool in ITEM_STATES:
        wrong = wrong_state(arguments["item_id"], item_state(resources, arguments["item_id"]),
                            tool, ITEM_STATES[tool])
        if wrong:
            return wrong
    if "receipt_id" in arguments and tool in RECEIPT_STATES:
        wrong = wrong_state(arguments["receipt_id"], state_of(resources[arguments["receipt_id"]]),
                            tool, RECEIPT_STATES[tool])
        if wrong:
            return wrong
    if tool not in REQUEST_STATES or arguments.get("request_id") not in resources:
        return None
    name, request = arguments["request_id"], resources[arguments["request_id"]]
    wrong = wrong_state(name, state_of(request), *REQUEST_STATES[tool])
    if wrong:
        return wrong
    if tool == "submit_request" and (request.get("missing") or request.get("ready") is False):
        return reject("complete", "missing_precondition", "%s is not complete, it lacks: %s. Add that first "
                      "(add_item, update_request, attach_receipt)." % (
                          name, ", ".join(map(str, request.get("missing") or ["see get_request"]))), True)
    following = request.get("next_level")
    if tool == "approve_request" and following:
        return reject("level", "missing_precondition",
                      "%s has to be escalated to %s first; call escalate_request." % (name, following), True)
    if tool == "escalate_request" and "next_level" in request and arguments["to"] != following:
        return reject("level", "state_conflict", "The next level of %s is %s; %s." % (
            name, following or "none", "escalate to that one" if following else "it is decided where it is"), False)
    if tool == "reimburse_request":
        if request.get("payee_confirmed") is False:
            return reject("payee", "missing_precondition",
                          "The payee of %s is not confirmed; call confirm_payee first." % name, True)
        outstanding = request.get("outstanding_eur")
        if outstanding is not None and arguments["amount"] > outstanding + 0.004:
            return reject("amount", "state_conflict", "Only %s EUR of %s are outstanding; pay at most that." % (
                outstanding, name), False)
    return None


def problem_of(view, call):
    """The rejection of a call, or None where it is applicable."""
    if not isinstance(call, dict) or set(call) != {"tool", "arguments"}:
        return reject("shape", "schema", "Make a call with exactly two fields, tool and arguments.", True)
    tool, arguments = call["tool"], call["arguments"]
    if not isinstance(tool, str) or not isinstance(arguments, dict):
        return reject("shape", "schema", "tool has to be a string and arguments an object.", True)
    tools = view["tools"]
    if tool not in tools:
        words = set(re.split(r"[^a-z]+", tool.lower())) - {"v", ""}
        near = [name for name in sorted(tools)
                if words and all(any(w.startswith(part) for w in words) for part in name.split("_"))]
        return reject("known_tool", "unknown_tool", "There is no tool %r; %s." % (
            tool, "use " + near[0] if near else "there are " + ", ".join(sorted(tools))), True)
    wrong = misfit(arguments, tools[tool].get("schema", {}), "arguments")
    if wrong:
        return reject("schema", "schema", wrong, True)
    return review_state(view, tool, arguments)


def review_call(view: dict, call: dict) -> dict:
    problem = problem_of(view, call)
    if problem is None:
        return {"verdict": "accept"}
    if problem["rule"] == "schema":
        properties = view["tools"][call["tool"]]["schema"].get("properties", {})
        spelled = {"tool": call["tool"], "arguments": {
            name: respelled(value, properties.get(name, {})) for name, value in call["arguments"].items()}}
        if spelled != call:
            further = problem_of(view, spelled)
            if further is None:
                return {"verdict": "rewrite", "rule": "spelling", "call": spelled}
            if further["rule"] != "schema":
                problem["hint"] += " And then: " + further["hint"]
    return problem


def on_error(view: dict, call: dict, error: dict) -> dict:
    kind, message = str(error.get("class")), str(error.get("message"))
    if kind == "policy_denied":
        return {"verdict": "give_up", "rule": "denied",
                "hint": "This was denied, do not try it again; leave the request to a colleague with hand_over."}
    text = (kind + " " + message).lower().replace("_", " ")
    unclear = re.search(r"time ?out|timed out|no answer|no response|unknown outcome|connection|lost", text)
    passing = re.search(r"unavailable|transient|temporar|rate limit|too many|busy|overload|try again|later", text)
    settled = kind in ("schema", "unknown_tool", "not_found", "missing_precondition", "state_conflict")
    if settled or not (unclear or passing):
        hint = message + {
            "not_found": " Look the id up with list_requests, get_request or list_receipts.",
            "missing_precondition": " Do that first, then make the call again.",
            "state_conflict": " Call get_request to see the present state and choose the step that fits it.",
        }.get(kind, " Correct the call; do not repeat it as it is.")
        return {"verdict": "revise", "rule": "correct_it", "hint": hint}
    earlier = [made for made, unused in errors_of(view) if made.get("tool") == call.get("tool")
               and made.get("arguments") == call.get("arguments")]
    if len(earlier) > 2:
        return {"verdict": "give_up", "rule": "enough",
                "hint": "This keeps failing; go on with something else or hand the request over with hand_over."}
    tool = view.get("tools", {}).get(call.get("tool"), {})
    safe = (tool.get("effect") not in ("reversible", "irreversible")
            or tool.get("idempotency_key") in (call.get("arguments") or {}))
    if unclear and not safe:
        return {"verdict": "revise", "rule": "look_first",
                "hint": "It is not clear whether this was carried out. Look with get_request, list_requests or "
                        "list_receipts, and repeat the call only if it was not."}
    steps = re.search(r"(\d+) (?:further |more )?(?:step|call|turn)", text)
    return {"verdict": "retry", "rule": "passing", "after": int(steps.group(1)) if steps else 1}
