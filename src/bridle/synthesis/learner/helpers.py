"""What a learned harness is made of besides its rules: how it reads a view, a call and a form.

The text of these functions goes into every harness that needs them, as it stands here; the learner judges its rules
with the very same functions. So they use nothing but what a harness may import.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{2})[-/.]([0-9]{2})")
WORD = re.compile(r"[^\s\"'(),;!?\[\]{}]+")


def found(value: Any, path: str) -> list[Any]:
    """What stands at a dotted path; through a list with [], as in lines[].sku; nothing where it is not there."""
    if isinstance(value, dict) and path in value:
        return [value[path]]
    if path.isidentifier():
        return []
    reached = [value]
    for name in path.split("."):
        key = name.removesuffix("[]")
        reached = [inner[key] for inner in reached if isinstance(inner, dict) and key in inner]
        if name.endswith("[]"):
            reached = [item for inner in reached if isinstance(inner, list) for item in inner]
    return reached


def seen(view: Any, identities: list[Any], path: str) -> list[Any]:
    """What stands at a path in the resources with these ids, as last seen; > goes on to the resource named there."""
    for hop in path.split(">"):
        resources = [view["resources"].get(identity) for identity in identities if isinstance(identity, str)]
        identities = [value for resource in resources for value in found(resource, hop)]
    return identities


def sizes(values: list[Any]) -> list[int]:
    """How long the lists among the values are."""
    return [len(value) for value in values if isinstance(value, list)]


def called(view: Any, tool: str, identities: list[Any] | None = None) -> list[int]:
    """How often a tool was called successfully: at all, or naming each of these values anywhere."""
    named = [inside(call["arguments"]) for call in view["calls"] if call["ok"] and call["tool"] == tool]
    if identities is None:
        return [len(named)]
    return [sum(identity in values for values in named) for identity in identities]


def earlier(view: Any, tool: str, identities: list[Any], path: str) -> list[Any]:
    """What stands at a path in the last successful call of a tool that named one of these values anywhere."""
    for call in reversed(view["calls"]):
        if call["ok"] and call["tool"] == tool and any(value in inside(call["arguments"]) for value in identities):
            return found(call, path)
    return []


def listed_by(view: Any, tool: str) -> list[list[Any]]:
    """Everything that a tool listed when it was last called without arguments, and that calls have told of since.

    As one list; nothing where it was not called.
    """
    told: list[Any] = []
    for call in reversed(view["calls"]):
        if call["ok"] and call["tool"] == tool and not call["arguments"]:
            return [told + inside(call["result"])]
        if call["ok"]:
            told += inside([call["arguments"], call["result"]])
    return []


def misplaced(values: list[Any], keys: list[Any], table: dict[Any, Any]) -> list[Any]:
    """The values that don't go with a key, by a table of the one that does; of keys in no row nothing is said."""
    known = [key for key in keys if isinstance(key, (str, bool)) and key in table]
    return [value for key in known for value in values if value != table[key]]


def inside(value: Any) -> list[Any]:
    """Everything in a value that holds no more."""
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for item in inner for leaf in inside(item)]
    return [value]


def alternatives(view: Any, arguments: Any, name: str) -> list[Any]:
    """The arguments with each thing that was shown, of the kind that an argument names, in its place; also its own."""
    resources, named = view["resources"], arguments.get(name)
    kind = resources.get(named) if isinstance(named, str) else None
    if not isinstance(kind, dict):
        return []
    alike = [other for other, thing in resources.items() if isinstance(thing, dict) and thing.keys() == kind.keys()]
    return [{**arguments, name: other} for other in alike]


def spoken(view: Any) -> set[str]:
    """Every word of the task, and of what calls have shown."""
    words: set[str] = set()
    waiting = [view["task"], *[call["result"] for call in view["calls"] if call["ok"]]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            words.add(value)
            words.update(word.rstrip(".:") for word in WORD.findall(value))
        elif value is not None:
            words.add(str(value))
    return words


def couples(left: list[Any], right: list[Any]) -> list[tuple[Any, Any]]:
    """Those of both sides that can be put in order: two numbers, or two texts."""
    return [(a, b) for a in left for b in right if order(a) == order(b) != ""]


def order(value: Any) -> str:
    """How a value is put in order: as a number, as a text, or not at all."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number"
    return "text" if isinstance(value, str) else ""


def kinds(value: Any) -> set[str]:
    """The JSON types of a value."""
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return {"integer", "number"}
    names = {float: "number", str: "string", list: "array", dict: "object", type(None): "null"}
    return {names.get(type(value), "")}


def fits(value: Any, form: Any) -> bool:
    """Whether a value has a form: the keywords of JSON Schema that say something about one value."""
    if not isinstance(form, dict):
        return bool(form)
    wanted = form.get("type", [])
    if wanted and not kinds(value) & set([wanted] if isinstance(wanted, str) else wanted):
        return False
    choices = [form["const"]] if "const" in form else form.get("enum")
    if choices is not None and not any(value == choice and kinds(value) == kinds(choice) for choice in choices):
        return False
    if "anyOf" in form and not any(fits(value, option) for option in form["anyOf"]):
        return False
    if isinstance(value, str) and "pattern" in form and not re.search(form["pattern"], value):
        return False
    if isinstance(value, (str, list)):
        least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        return bool(form.get(least, 0) <= len(value) <= form.get(most, len(value)))
    if "number" in kinds(value):
        low, high = form.get("exclusiveMinimum"), form.get("exclusiveMaximum")
        outside = (low is not None and value <= low) or (high is not None and value >= high)
        return bool(form.get("minimum", value) <= value <= form.get("maximum", value)) and not outside
    return True


def declared(view: Any, tool: str) -> list[tuple[str, Any]]:
    """The forms that a tool declares: each path in its arguments with the schema of what stands there."""
    forms: list[tuple[str, Any]] = []
    waiting = [("", view["tools"].get(tool, {}).get("schema", {}))]
    while waiting:
        path, form = waiting.pop(0)
        if isinstance(form, dict):
            forms.append((path, form))
            dot = f"{path}." if path else ""
            waiting += [(dot + name, inner) for name, inner in form.get("properties", {}).items()]
            waiting += [(f"{path}[]", form["items"])] if path and "items" in form else []
    return forms


def misfits(view: Any, tool: str, arguments: Any, keywords: tuple[str, ...]) -> list[str]:
    """The arguments that don't fit what their tool declares by these keywords."""
    wrong = []
    for path, form in declared(view, tool):
        part = {keyword: form[keyword] for keyword in keywords if keyword in form}
        if path and part and not all(fits(value, part) for value in found(arguments, path)):
            wrong.append(f"{path}: {part}")
    return wrong


def unstated(view: Any, tool: str, arguments: Any) -> list[str]:
    """The arguments that a tool declares as required and that the call leaves out."""
    return [
        f"{path}.{name}".lstrip(".")
        for path, form in declared(view, tool)
        for value in (found(arguments, path) if path else [arguments])
        for name in form.get("required", [])
        if isinstance(value, dict) and name not in value
    ]


def surplus(view: Any, tool: str, arguments: Any) -> list[str]:
    """The arguments that a tool does not declare, where it says that there are no others."""
    return [
        f"{path}.{name}".lstrip(".")
        for path, form in declared(view, tool)
        if form.get("additionalProperties") is False
        for value in (found(arguments, path) if path else [arguments])
        if isinstance(value, dict)
        for name in value
        if name not in form.get("properties", {})
    ]


def spelt(value: Any, path: str, form: Any, spell: Callable[[Any, Any], Any]) -> Any:
    """A copy in which what stands at a path is respelt, where it does not fit its form and then would."""
    if not path:
        other = value if fits(value, form) else spell(value, form)
        return other if fits(other, form) else value
    name, _, rest = path.partition(".")
    key = name.removesuffix("[]")
    if not isinstance(value, dict) or key not in value:
        return value
    inner = value[key]
    if not name.endswith("[]"):
        return {**value, key: spelt(inner, rest, form, spell)}
    return {**value, key: [spelt(item, rest, form, spell) for item in inner] if isinstance(inner, list) else inner}


def respelt(arguments: Any, forms: list[tuple[str, Any]], spellings: dict[str, Any]) -> tuple[Any, str]:
    """The arguments with every value spelt as its form asks for, and the first rule that was needed."""
    used = ""
    for path, form in forms:
        for rule, spell in spellings.items():
            other = spelt(arguments, path, form, spell) if path else arguments
            if other != arguments:
                arguments, used = other, used or rule
    return arguments, used


def trimmed(value: Any, form: Any) -> Any:
    """A text without the white space around it."""
    return value.strip() if isinstance(value, str) else value


def as_number(value: Any, form: Any) -> Any:
    """A number that was written as text; a comma, a sign of a currency or an exponent is nobody's plain spelling."""
    if not isinstance(value, str) or not NUMBER.fullmatch(value.strip()):
        return value
    return float(value) if "." in value else int(value)


def as_boolean(value: Any, form: Any) -> Any:
    """True or false that was written as text."""
    return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


def as_date(value: Any, form: Any) -> Any:
    """A date, year first, with other marks between its parts."""
    parts = DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    return "-".join(parts.groups()) if parts else value


def as_listed(value: Any, form: Any) -> Any:
    """The listed value that differs in nothing but capitals, and spaces, - or _ between its words."""
    if not isinstance(value, str):
        return value
    alike = [c for c in form.get("enum", []) if isinstance(c, str) and plain(c) == plain(value)]
    return alike[0] if len(alike) == 1 else value


def plain(text: str) -> str:
    """A text without regard to capitals, and to spaces, - and _."""
    return re.sub(r"[\s_-]+", "_", text.strip()).casefold()


def repeatable(view: Any, call: Any) -> bool:
    """Whether the tool's declared effect lets a call be made again while nobody knows what the first one did."""
    tool = view["tools"].get(call["tool"], {})
    key = tool.get("idempotency_key")
    return tool.get("effect") in ("read-only", "idempotent") or (key is not None and bool(call["arguments"].get(key)))


def unchanged(view: Any, tool: str, arguments: Any, lasting: tuple[str, ...]) -> bool:
    """Whether this very call failed with an error that lasts, and nothing has gone well since."""
    for call in reversed(view["calls"]):
        if call["ok"]:
            return False
        if call["tool"] == tool and call["arguments"] == arguments:
            return call["error"]["class"] in lasting
    return False


def failures(view: Any, call: Any) -> int:
    """How often this very call has failed."""
    same = [c for c in view["calls"] if c["tool"] == call["tool"] and c["arguments"] == call["arguments"]]
    return sum(not c["ok"] for c in same)
