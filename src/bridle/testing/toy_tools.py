"""A small tool-call environment with every capability, for tests, demonstrations and as an example to copy.

Pottery: pots go from wet to shelved, one stage after another; a cracked one has to be mended before it is glazed. A
harness has to learn what the tools' schemas ask for, that a pot has to be seen before it is worked on, and which stage
each tool needs. Its nouns, ids and sentences have nothing in common with those of the workflows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridle.environment import Scenario, Split, Truth
from bridle.environments.enterprise.templates import TemplatedScenarios, divided
from bridle.environments.enterprise.workflow import (
    Allowance,
    Case,
    Mishaps,
    ToolCall,
    WorkflowEpisode,
    Workplace,
)
from bridle.harness import JSON, TOOL_CALL, Action
from bridle.trace import Tool, ToolEffect

STAGES = ("wet", "dry", "bisque", "glazed", "fired", "shelved")
GLAZES = ("celadon", "tenmoku", "shino", "ash_white")
SHAPES = ("bowl", "jug", "plate")

WORK: Mapping[str, str] = {
    "dry_pot": "wet",
    "bisque_pot": "dry",
    "glaze_pot": "bisque",
    "fire_pot": "glazed",
    "shelve_pot": "fired",
}
"""The stage that a tool needs; it takes the pot to the next one."""

_POT = {"type": "string", "pattern": "^pot_[0-9]+$"}


def _tool(name: str, description: str, effect: ToolEffect, **properties: Mapping[str, Any]) -> Tool:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return Tool(name=name, description=description, schema=schema, effect=effect, identity="ref")


CLOSE = _tool("close_studio", "Call it a day.", ToolEffect.IRREVERSIBLE)

TOOLS: tuple[Tool, ...] = (
    _tool("look_around", "See all pots.", ToolEffect.READ_ONLY),
    _tool(
        "throw_pot",
        "Make a pot from fresh clay.",
        ToolEffect.IRREVERSIBLE,
        shape={"enum": list(SHAPES)},
        grams={"type": "integer", "minimum": 100, "maximum": 5000},
    ),
    _tool(
        "dry_pot",
        "Let a wet pot dry.",
        ToolEffect.IRREVERSIBLE,
        pot=_POT,
        hours={"type": "integer", "minimum": 1, "maximum": 72},
    ),
    _tool("bisque_pot", "Fire a dry pot for the first time.", ToolEffect.IRREVERSIBLE, pot=_POT),
    _tool("mend_pot", "Mend a cracked pot.", ToolEffect.IDEMPOTENT, pot=_POT),
    _tool(
        "glaze_pot",
        "Glaze a bisque pot without cracks.",
        ToolEffect.IRREVERSIBLE,
        pot=_POT,
        glaze={"enum": list(GLAZES)},
    ),
    _tool(
        "fire_pot",
        "Fire a glazed pot.",
        ToolEffect.IRREVERSIBLE,
        pot=_POT,
        cone={"type": "number", "minimum": 1, "maximum": 14},
    ),
    _tool("shelve_pot", "Put a fired pot on the shelf.", ToolEffect.REVERSIBLE, pot=_POT),
    CLOSE,
)


@dataclass(kw_only=True)
class Pot:
    """One pot."""

    ref: str
    shape: str
    stage: str
    cracked: bool = False
    glaze: str | None = None

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return dict(vars(self))


class Studio:
    """The pots. Implements `System`."""

    def __init__(self, pots: Sequence[Pot], wanted: Mapping[str, str]) -> None:
        """`wanted` says which stage each pot of the task is to reach."""
        self._pots = {pot.ref: pot for pot in pots}
        self._wanted = dict(wanted)
        self._before = {pot.ref: pot.stage for pot in pots}

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """Seen, at the right stage, and not cracked where it is to be glazed."""
        if "pot" not in arguments:
            return Truth(True)
        ref = arguments["pot"]
        pot = self._pots.get(ref)
        if pot is None:
            return Truth(False, f"Nobody here ever made {ref}.", "not_found")
        if ref not in known:
            return Truth(False, f"You have not seen {ref} today; look around.", "missing_precondition")
        if tool == "mend_pot":
            return Truth(True) if pot.cracked else Truth(False, f"{ref} has no crack to mend.", "state_conflict")
        if pot.stage != WORK[tool]:
            return Truth(False, f"Ruined if you did: {ref} is {pot.stage}, not {WORK[tool]}.", "state_conflict")
        if tool == "glaze_pot" and pot.cracked:
            return Truth(False, f"Glaze would run into the crack of {ref}; mend it.", "missing_precondition")
        return Truth(True)

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Work on a pot, make one, or look."""
        if tool == "look_around":
            return {"studio": [pot.snapshot() for pot in self._pots.values()]}
        if tool == "throw_pot":
            pot = Pot(ref=f"pot_{len(self._pots) + 11}", shape=arguments["shape"], stage="wet")
            self._pots[pot.ref] = pot
            return pot.snapshot()
        pot = self._pots[arguments["pot"]]
        if tool == "mend_pot":
            pot.cracked = False
        else:
            pot.stage = STAGES[STAGES.index(pot.stage) + 1]
            pot.glaze = arguments.get("glaze", pot.glaze)
        return pot.snapshot()

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """Every tool on every pot."""
        found = [
            _call("look_around"),
            _call("throw_pot", shape=rng.choice(SHAPES), grams=rng.randint(3, 40) * 100),
        ]
        for ref in self._pots:
            found += [
                _call("dry_pot", pot=ref, hours=rng.randint(2, 48)),
                _call("bisque_pot", pot=ref),
                _call("mend_pot", pot=ref),
                _call("glaze_pot", pot=ref, glaze=rng.choice(GLAZES)),
                _call("fire_pot", pot=ref, cone=rng.choice((6, 7.5, 10))),
                _call("shelve_pot", pot=ref),
            ]
        return found

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """Each wanted pot at its stage, and the others as they were; denials change nothing of that."""
        found = {ref: self._pots[ref].stage == stage for ref, stage in self._wanted.items()}
        others = [pot for ref, pot in self._pots.items() if ref not in self._wanted]
        return {**found, "others": all(pot.stage == self._before.get(pot.ref) for pot in others)}

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """Whether there is such a pot, and its stage."""
        pot = self._pots.get(identity)
        return ({"known": False}, None) if pot is None else ({"known": True, "stage": pot.stage}, None)


class Potter:
    """Knows what is wanted, and plans from the view."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        """`wanted` as for the studio."""
        self._wanted = wanted

    def remaining(self, view: Mapping[str, Any]) -> list[ToolCall]:
        """Look, take each pot from stage to stage, close."""
        plan: list[ToolCall] = []
        if any(ref not in view["resources"] for ref in self._wanted):
            plan.append(_call("look_around"))
        for ref, goal in self._wanted.items():
            pot = view["resources"].get(ref, {"stage": "wet", "cracked": False})
            first, last = STAGES.index(pot["stage"]), STAGES.index(goal)
            for stage in STAGES[first:last]:
                if stage == "bisque" and pot["cracked"]:
                    plan.append(_call("mend_pot", pot=ref))
                plan.append(_next(stage, ref))
        return [*plan, _call("close_studio")]


class Pottery:
    """The environment: twelve templates, nine tools."""

    def __init__(self, transient: str | float = 0.02) -> None:
        """`transient` is the rate of transient failures; text, as it comes from an id's query."""
        self.name = "toy/pottery"
        self.description = "A pottery studio: pots go from wet to shelved, one stage after another."
        self.action_space = 'A tool call: {"tool": name, "arguments": {…}}. The view declares the tools.'
        self.contract = TOOL_CALL
        self.players = 1
        self.reward_range = (0.0, 1.0)
        self.templates = divided({stage: [f"{stage}/{count}" for count in (1, 2, 3)] for stage in STAGES[2:]})
        self._mishaps = Mishaps(transient=float(transient), internal=0.0)
        self._workplace = Workplace(TOOLS)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """Templates of the split in turn, each time with another seed."""
        return TemplatedScenarios(split, self.templates)

    def start(self, scenario: Scenario) -> WorkflowEpisode:
        """A studio with the pots of the task and one other."""
        pots, wanted = _start(scenario)
        work = ", ".join(f"{ref} until it is {stage}" for ref, stage in wanted.items())
        case = Case(
            task=f"Work on {work}. Touch nothing else. Close the studio when you are done.",
            me=f"potter-{random.Random(scenario.seed).getrandbits(24):06x}",
            subject={"type": "Potter", "id": "apprentice"},
            system=Studio(pots, wanted),
            allowance=Allowance(turns=7 * len(wanted) + 4, invalid=4),
            mishaps=self._mishaps,
            finish=CLOSE,
            seed=scenario.seed,
        )
        return WorkflowEpisode(case, self._workplace)

    def planner(self, scenario: Scenario) -> Potter:
        """Who knows what is wanted in a scenario."""
        return Potter(_start(scenario)[1])


def _start(scenario: Scenario) -> tuple[list[Pot], dict[str, str]]:
    goal, count = scenario.template.split("/")
    rng = random.Random(f"{scenario.template}/{scenario.seed}")
    refs = [f"pot_{number}" for number in rng.sample(range(100, 1000), int(count) + 1)]
    stages = STAGES[: STAGES.index(goal)]
    pots = [
        Pot(ref=ref, shape=rng.choice(SHAPES), stage=rng.choice(stages[:4]), cracked=rng.random() < 0.3) for ref in refs
    ]
    return rng.sample(pots, len(pots)), dict.fromkeys(refs[1:], goal)


def _next(stage: str, ref: str) -> ToolCall:
    """The call that takes a pot on from a stage."""
    more: dict[str, dict[str, Any]] = {"wet": {"hours": 24}, "bisque": {"glaze": "celadon"}, "glazed": {"cone": 9.5}}
    tool = next(name for name, needed in WORK.items() if needed == stage)
    return _call(tool, pot=ref, **more.get(stage, {}))


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
