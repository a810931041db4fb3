"""A harbour office as somebody outside would plug it in: its own episodes, loose schemas, words and errors of its own.

Nothing of the shipped workflows is used but the view. Names are camelCase, ids are URIs under `uri`, arguments nest and
hold lists, the schemas declare next to nothing, and the errors are codes. What has to be learned: which arguments there
are and how they look, that a ship's draught has to fit the berth and its cargo what the berth takes, that a forecast has
to be read before a pilot is booked, that dangerous cargo has to be declared before customs, and the phases of a call.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridle.environment import Observation, Scenario, SeededScenarios, Split, Step, Truth
from bridle.errors import EnvironmentFault
from bridle.harness import TOOL_CALL, Action
from bridle.trace import POLICY_DENIED, Tool, ToolEffect, TraceStep, ViewBuilder, executed, parts

CARGOES = ("bulk", "reefer", "ro-ro", "timber")
SHIFTS = ("early", "late", "night")
FORMS = ("C-12", "C-30", "C-44")
PHASES = ("offshore", "piloted", "moored", "cleared", "gone")
FINE = Truth(True)
URI = re.compile(r"(ship|berth):[a-z]+-[0-9]{2}")
DATE = re.compile(r"2031-0[4-6]-[0-3][0-9]")


def _tool(name: str, effect: ToolEffect, says: str, **properties: Any) -> Tool:
    return Tool(
        name=name,
        description=says,
        schema={"type": "object", "properties": properties},
        effect=effect,
        identity="uri",
    )


READ, ONCE, AGAIN = ToolEffect.READ_ONLY, ToolEffect.IRREVERSIBLE, ToolEffect.IDEMPOTENT
TOOLS = (
    _tool("scanRoads", READ, "Everything afloat, and the berths."),
    _tool("readForecast", READ, "Wind and tide of a day.", day={}),
    _tool("bookPilot", ONCE, "Send a pilot out.", ship={}, slot={"description": "a day and a shift"}),
    _tool("moor", ONCE, "Take a piloted ship to a free berth.", ship={}, berth={}),
    _tool("declareHazard", AGAIN, "State what is dangerous on board.", ship={}, unNumbers={}),
    _tool("unload", ONCE, "Take cargo off.", ship={}, tonnes={}, holds={}),
    _tool("clearCustoms", ONCE, "Clear a moored ship.", ship={}, form={}),
    _tool("castOff", ONCE, "Let an empty, cleared ship go.", ship={}),
    _tool("closeLog", ONCE, "End of the watch."),
)


@dataclass
class Ship:
    uri: str
    draught: float
    cargo: str
    hazardous: bool
    tonnesLeft: float
    holds: list[str]
    phase: str = "offshore"
    berth: str | None = None
    declared: bool = False

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "declared"} | {"holds": list(self.holds)}


@dataclass
class Berth:
    uri: str
    depth: float
    takes: list[str]
    status: str = "free"

    def shown(self) -> dict[str, Any]:
        return {**vars(self), "takes": list(self.takes)}


@dataclass
class Roads:
    """The ships, the berths, and what has been read."""

    ships: dict[str, Ship]
    berths: dict[str, Berth]
    forecasts: set[str] = field(default_factory=set)

    def judge(self, call: Action, shown: Mapping[str, Any]) -> Truth:
        tool, arguments = parts(call)
        if not isinstance(call, dict) or call.keys() != {"tool", "arguments"} or not isinstance(arguments, dict):
            return Truth(False, "unparsable", "E400")
        if tool not in {known.name for known in TOOLS}:
            return Truth(False, f"no such verb {tool!r}", "E405")
        wrong = _shape(tool, arguments)
        if wrong:
            return Truth(False, wrong, "E422")
        for kind, things in (("ship", self.ships), ("berth", self.berths)):
            if kind in arguments and (arguments[kind] not in things or arguments[kind] not in shown):
                return Truth(False, f"{kind} unknown on this watch", "E404")
        return self._state(tool, arguments)

    def _state(self, tool: str, arguments: Mapping[str, Any]) -> Truth:
        ship = self.ships.get(arguments.get("ship", ""))
        if ship is None:
            return FINE
        needed = {
            "bookPilot": "offshore",
            "moor": "piloted",
            "unload": "moored",
            "clearCustoms": "moored",
            "castOff": "cleared",
        }.get(tool)
        if needed is not None and ship.phase != needed:
            return Truth(False, "wrong moment", "E409")
        if tool == "bookPilot" and arguments["slot"]["day"] not in self.forecasts:
            return Truth(False, "read the forecast", "E428")
        if tool == "moor":
            berth = self.berths[arguments["berth"]]
            if berth.status != "free":
                return Truth(False, "occupied", "E409")
            if ship.draught > berth.depth:
                return Truth(False, "she would touch bottom", "E413")
            if ship.cargo not in berth.takes:
                return Truth(False, "not here", "E415")
        if tool == "unload":
            if arguments["tonnes"] > ship.tonnesLeft:
                return Truth(False, "more than she carries", "E413")
            if any(hold not in ship.holds for hold in arguments["holds"]):
                return Truth(False, "she has no such hold", "E404")
        if tool == "clearCustoms" and ship.hazardous and not ship.declared:
            return Truth(False, "papers", "E428")
        if tool == "castOff" and ship.tonnesLeft > 0:
            return Truth(False, "cargo on board", "E428")
        return FINE

    def carry_out(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        if tool == "scanRoads":
            return {
                "afloat": [s.shown() for s in self.ships.values()],
                "quay": [b.shown() for b in self.berths.values()],
            }
        if tool == "readForecast":
            self.forecasts.add(arguments["day"])
            return {"wind": 4, "tide": "high at noon"}
        ship = self.ships[arguments["ship"]]
        if tool == "bookPilot":
            ship.phase = "piloted"
        elif tool == "moor":
            ship.phase, ship.berth = "moored", arguments["berth"]
            self.berths[ship.berth].status = "taken"
            return [ship.shown(), self.berths[ship.berth].shown()]
        elif tool == "declareHazard":
            ship.declared = True
        elif tool == "unload":
            ship.tonnesLeft = round(ship.tonnesLeft - arguments["tonnes"], 1)
        elif tool == "clearCustoms":
            ship.phase = "cleared"
        elif tool == "castOff":
            ship.phase = "gone"
        return [ship.shown()]


def _shape(tool: str, arguments: Mapping[str, Any]) -> str:
    """What is wrong with the arguments by themselves."""
    wanted = {
        "scanRoads": (),
        "readForecast": ("day",),
        "bookPilot": ("ship", "slot"),
        "moor": ("ship", "berth"),
        "declareHazard": ("ship", "unNumbers"),
        "unload": ("ship", "tonnes", "holds"),
        "clearCustoms": ("ship", "form"),
        "castOff": ("ship",),
        "closeLog": (),
    }[tool]
    if arguments.keys() != set(wanted):
        return "fields"
    slot = arguments.get("slot", {"day": "2031-04-01", "shift": "late"})
    if not isinstance(slot, dict) or slot.keys() != {"day", "shift"} or slot["shift"] not in SHIFTS:
        return "slot"
    days = [slot["day"], arguments.get("day", "2031-04-01")]
    if not all(isinstance(day, str) and DATE.fullmatch(day) for day in days):
        return "day"
    for name in ("ship", "berth"):
        if name in arguments and not (isinstance(arguments[name], str) and URI.fullmatch(arguments[name])):
            return name
    tonnes = arguments.get("tonnes", 1)
    if isinstance(tonnes, bool) or not isinstance(tonnes, int | float) or tonnes <= 0:
        return "tonnes"
    for name in ("holds", "unNumbers"):
        listed = arguments.get(name, ["x"])
        if not isinstance(listed, list) or not listed or not all(isinstance(item, str) for item in listed):
            return name
    return "" if arguments.get("form", FORMS[0]) in FORMS else "form"


class Watch:
    """One episode: a watch with one or two ships to be seen to."""

    def __init__(self, roads: Roads, goal: Mapping[str, str], rng: random.Random) -> None:
        self._roads, self._goal, self._rng = roads, goal, rng
        orders = "; ".join(f"see that {uri} is {phase}" for uri, phase in goal.items())
        self._view = ViewBuilder(task=f"Standing orders: {orders}.", tools=TOOLS, me=f"w{rng.randrange(10**6)}")
        self._turns = self._errors = self._done = 0
        self._over = False

    def observe(self) -> Observation:
        return Observation(0, self._view.view())

    def probe(self, action: Action) -> Truth:
        return self._roads.judge(action, self._view.resources)

    def step(self, action: Action) -> Step:
        if self._over:
            raise EnvironmentFault("the watch is over")
        self._turns += 1
        truth = self.probe(action)
        tool, arguments = parts(action)
        if not truth:
            self._errors += 1
            step = Step(False, truth.feedback, truth.error_class)
        elif tool == "closeLog":
            step = Step(True, result={}, terminated=True)
        elif self._rng.random() < 0.03:
            step = Step(True, "static on the line", "transient")
        else:
            self._done += 1
            step = Step(True, result=self._roads.carry_out(tool, arguments))
        return self._ended(action, step)

    def withhold(self, call: Action, error_class: str, message: str) -> Step:
        self._turns += 1
        return self._ended(call, Step(False, message, error_class), withheld=True)

    def _ended(self, call: Action, step: Step, *, withheld: bool = False) -> Step:
        if not withheld:
            self._view.add(executed(call, step))
        elif step.error_class == POLICY_DENIED:
            self._view.add(TraceStep(proposed=call, call=call, answered_by="policy", error_class=POLICY_DENIED))
        if not (step.terminated or self._turns >= 40 or self._errors >= 5):
            return step
        self._over = True
        reached = all(self._roads.ships[uri].phase == phase for uri, phase in self._goal.items())
        return step._replace(rewards=(float(reached),), truncated=not step.terminated)

    def legal_actions(self) -> list[Action]:
        calls = self._calls(random.Random(self._done))
        return [call for call in calls if self.probe(call)] + [{"tool": "closeLog", "arguments": {}}]

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        calls = self._calls(rng)
        legal = [call for call in calls if self.probe(call)]
        chosen = rng.sample(calls, min(8, len(calls))) + rng.sample(legal, min(6, len(legal)))
        spoilt = [_spoilt(rng, call) for call in rng.choices(legal or calls, k=6)]
        return [*chosen, *spoilt, {"tool": "scuttle", "arguments": {}}]

    def _calls(self, rng: random.Random) -> list[Action]:
        days = [f"2031-0{rng.randint(4, 6)}-{rng.randint(10, 28)}", *sorted(self._roads.forecasts)]
        found: list[Action] = [_call("scanRoads"), _call("readForecast", day=days[0])]
        for ship in self._roads.ships.values():
            berth = rng.choice([*self._roads.berths])
            slot = {"day": rng.choice(days), "shift": rng.choice(SHIFTS)}
            tonnes = rng.choice((ship.tonnesLeft or 5, round(ship.tonnesLeft / 2 + 1, 1), ship.tonnesLeft + 40.5))
            holds = rng.sample([*ship.holds, "H9"], rng.randint(1, 2))
            found += [
                _call("bookPilot", ship=ship.uri, slot=slot),
                _call("moor", ship=ship.uri, berth=berth),
                _call("declareHazard", ship=ship.uri, unNumbers=["UN1203"]),
                _call("unload", ship=ship.uri, tonnes=tonnes, holds=holds),
                _call("clearCustoms", ship=ship.uri, form=rng.choice(FORMS)),
                _call("castOff", ship=ship.uri),
            ]
        return found


class Mate:
    """Knows the orders, and plans from the view."""

    def __init__(self, goal: Mapping[str, str]) -> None:
        self._goal = goal

    def remaining(self, view: Mapping[str, Any]) -> list[dict[str, Any]]:
        plan: list[dict[str, Any]] = []
        if any(uri not in view["resources"] for uri in self._goal):
            plan.append(_call("scanRoads"))
        for uri, phase in self._goal.items():
            ship = view["resources"].get(uri)
            plan += _voyage(ship, view)[: _steps_to(ship, phase)] if ship else [_call("castOff", ship=uri)]
        return [*plan, _call("closeLog")]


def _voyage(ship: Mapping[str, Any], view: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every call that a ship needs from its phase on."""
    done = [call for call in view["calls"] if call["ok"]]
    uri, phase = ship["uri"], ship["phase"]
    plan = []
    if phase == "offshore":
        if not any(call["tool"] == "readForecast" for call in done):
            plan.append(_call("readForecast", day="2031-05-14"))
        read = [call["arguments"]["day"] for call in done if call["tool"] == "readForecast"]
        plan.append(_call("bookPilot", ship=uri, slot={"day": (read or ["2031-05-14"])[0], "shift": "early"}))
    if phase in ("offshore", "piloted"):
        plan.append(_call("moor", ship=uri, berth=_fitting(ship, view)))
    if phase not in ("cleared", "gone"):
        if ship["tonnesLeft"]:
            plan.append(_call("unload", ship=uri, tonnes=ship["tonnesLeft"], holds=ship["holds"][:1]))
        declared = any(call["tool"] == "declareHazard" and call["arguments"]["ship"] == uri for call in done)
        if ship["hazardous"] and not declared:
            plan.append(_call("declareHazard", ship=uri, unNumbers=["UN1203"]))
        plan.append(_call("clearCustoms", ship=uri, form="C-12"))
    if phase != "gone":
        plan.append(_call("castOff", ship=uri))
    return plan


def _steps_to(ship: Mapping[str, Any], phase: str) -> int | None:
    if PHASES.index(ship["phase"]) >= PHASES.index(phase):
        return 0
    return None if phase == "gone" else -1


def _fitting(ship: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    for uri, berth in view["resources"].items():
        fits = uri.startswith("berth:") and ship["cargo"] in berth["takes"] and ship["draught"] <= berth["depth"]
        if fits and berth["status"] == "free":
            return uri
    return "berth:none-00"


class Harbour:
    """The environment."""

    name = "harbour"
    description = "Ships are piloted in, moored, unloaded, cleared and let go."
    action_space = "A tool call as the view declares it."
    contract = TOOL_CALL
    players = 1
    reward_range = (0.0, 1.0)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        return SeededScenarios(split, length=3_000_000)

    def start(self, scenario: Scenario) -> Watch:
        roads, goal = _roads(scenario)
        return Watch(roads, goal, random.Random(f"harbour/{scenario.seed}/watch"))

    def planner(self, scenario: Scenario) -> Mate:
        return Mate(_roads(scenario)[1])


def _roads(scenario: Scenario) -> tuple[Roads, dict[str, str]]:
    rng = random.Random(f"harbour/{scenario.seed}")
    names = rng.sample(("kestrel", "merlin", "plover", "dunlin", "curlew", "avocet", "teal", "smew"), 8)
    ships = {}
    for name in names[: rng.randint(2, 3)]:
        uri = f"ship:{name}-{rng.randint(10, 99)}"
        holds = [f"H{n}" for n in range(1, rng.randint(2, 4))]
        tonnes = rng.choice((0, rng.randint(20, 400) / 2))
        ship = Ship(uri, rng.randint(40, 90) / 10, rng.choice(CARGOES), rng.random() < 0.4, tonnes, holds)
        ship.phase = rng.choice((*PHASES[:2], "offshore"))
        ships[uri] = ship
    berths = {}
    for name in names[4:]:
        uri = f"berth:{name}-{rng.randint(10, 99)}"
        berths[uri] = Berth(
            uri, rng.randint(50, 110) / 10, rng.sample(CARGOES, 2), rng.choice(("free", "free", "taken"))
        )
    for ship, name in zip(ships.values(), names, strict=False):  # there is a berth for every ship
        uri = f"berth:{name}-{rng.randint(10, 99)}"
        berths[uri] = Berth(uri, ship.draught + rng.randint(0, 20) / 10, sorted({ship.cargo, rng.choice(CARGOES)}))
    berths = dict(sorted(berths.items()))
    goal = dict.fromkeys(rng.sample(sorted(ships), rng.randint(1, 2)), rng.choice(("cleared", "gone", "gone")))
    return Roads(ships, berths), goal


def _spoilt(rng: random.Random, call: Action) -> Action:
    """A call with one thing wrong about its form, or an id that is nearly right."""
    tool, arguments = parts(call)
    if not arguments:
        return _call(tool, urgent=True)
    name = rng.choice(sorted(arguments))
    value = arguments[name]
    others: list[Any] = [None, 17, f" {value}", str(value).upper(), [value]]
    if isinstance(value, str) and value[-1:].isdigit():
        others += [value[:-1] + str((int(value[-1]) + 1) % 10), value.replace("-", "/")]
    if isinstance(value, dict):
        others += [{**value, "shift": "dawn"}, {"day": value["day"]}, {**value, "day": "tomorrow"}]
    if isinstance(value, list):
        others += [[], value[0], [*value, 3]]
    if isinstance(value, float | int):
        others += [f"{value}", -value, 0]
    drawn = rng.random()
    if drawn < 0.2:
        return _call(tool, **{key: there for key, there in arguments.items() if key != name})
    if drawn < 0.3:
        return _call(tool, **arguments, remarks="please")
    return _call(tool, **{**arguments, name: rng.choice(others)})


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"tool": tool, "arguments": arguments}
