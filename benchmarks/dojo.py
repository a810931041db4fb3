"""AgentDojo's tools and user tasks as environments, driven without a model: `dojo:Dojo?suite=banking`.

AgentDojo (Debenedetti et al. 2024, MIT licence) brings tools, states and 97 tasks with the calls that solve each. Here
a scenario is a task with a seed: the calls that solve it are the plan of a simulated agent, who strays from it. Of each
suite's tasks the even ones are open to a search, the odd ones sealed. The truth about a call is what the tool says when
it runs on a copy of the state; the tools' published schemas come first, so that a value which a tool would silently
convert counts as inapplicable.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

from agentdojo.functions_runtime import FunctionsRuntime
from agentdojo.task_suite.load_suites import get_suite
from pydantic import BaseModel

from bridle.environment import Scenario, Split, Truth
from bridle.environments.enterprise.templates import TemplatedScenarios
from bridle.environments.enterprise.workflow import Allowance, Case, Mishaps, ToolCall, WorkflowEpisode, Workplace
from bridle.errors import UsageError
from bridle.harness import JSON, TOOL_CALL, Action, canonical
from bridle.trace import Tool, ToolEffect

VERSION = "v1.2.2"
SUITES = ("banking", "slack", "travel", "workspace")
READING = ("get_", "read_", "search_", "list_", "check_")
FINISH = Tool(
    name="finish_task",
    description="Say that the task is done.",
    schema={"type": "object", "properties": {}, "additionalProperties": False},
    effect=ToolEffect.IRREVERSIBLE,
)


def plain(value: Any) -> JSON:
    """What a tool returned, as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Sequence | set | frozenset):
        return [plain(inner) for inner in value]
    return str(value)


class Stage:
    """The state of one task, behind the tools: a `System`."""

    def __init__(self, suite: str, gold: Sequence[ToolCall]) -> None:
        made = get_suite(VERSION, suite)
        self._runtime = FunctionsRuntime(made.tools)
        self._state = made.load_and_inject_default_environment({})
        self._suite, self._gold, self._done = suite, gold, set[bytes]()

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """What the tool says when it is run on a copy of the state."""
        _, error = self._runtime.run_function(deepcopy(self._state), tool, dict(arguments))
        if error is None:
            return Truth(True)
        kind, _, sentence = error.partition(": ")
        return Truth(False, " ".join(sentence.split()), {"ValidationError": "schema"}.get(kind, "state_conflict"))

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Run it."""
        result, error = self._runtime.run_function(self._state, tool, dict(arguments))
        assert error is None, "it was applicable on a copy"
        self._done.add(canonical([tool, dict(arguments)]))
        return plain(result)

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """The calls of the suite's open tasks."""
        calls = [call for task in half(self._suite, 0) for call in gold_calls(self._suite, task)]
        return [deepcopy(call) for call in rng.sample(calls, min(20, len(calls)))]

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """Every call that solves the task was made."""
        return {
            f"{number} {call['tool']}": canonical([call["tool"], call["arguments"]]) in self._done
            for number, call in enumerate(self._gold)
        }

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """Nothing: there is no policy here."""
        return {}, None


class Solver:
    """A planner: the calls that solve the task, those that were not made yet."""

    def __init__(self, gold: Sequence[ToolCall]) -> None:
        self._gold = gold

    def remaining(self, view: Mapping[str, Any]) -> Sequence[ToolCall]:
        """In the order in which they solve it, then the end."""
        made = [[call["tool"], call["arguments"]] for call in view["calls"] if call["ok"]]
        left = [deepcopy(call) for call in self._gold if [call["tool"], call["arguments"]] not in made]
        return [*left, {"tool": FINISH.name, "arguments": {}}]


class Dojo:
    """The environment of one suite."""

    contract, players, reward_range = TOOL_CALL, 1, (0.0, 1.0)
    action_space = 'A tool call: {"tool": name, "arguments": {…}}, as the tools\' schemas ask.'

    def __init__(self, suite: str = "banking") -> None:
        if suite not in SUITES:
            raise UsageError(f"AgentDojo has no suite {suite!r}; use one of {', '.join(SUITES)}.")
        self.suite, self.name = suite, f"agentdojo/{suite}"
        self.description = f"The {suite} tools of AgentDojo: an assistant works on a user's behalf."
        self._workplace = Workplace([*tools(suite), FINISH])

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """Tasks in turn, each time with another seed: even ones are open, odd ones sealed."""
        opened = half(self.suite, 0)
        chosen = {"train": opened[::2] + opened[1::4], "validation": opened[3::4], "sealed": half(self.suite, 1)}
        return TemplatedScenarios(split, chosen)

    def start(self, scenario: Scenario) -> WorkflowEpisode:
        """The suite's state as it is delivered, and the task."""
        gold = gold_calls(self.suite, scenario.template)
        return WorkflowEpisode(
            Case(
                task=get_suite(VERSION, self.suite).get_user_task_by_id(scenario.template).PROMPT,
                me="user",
                subject={"type": "user", "id": "user"},
                system=Stage(self.suite, gold),
                allowance=Allowance(turns=3 * len(gold) + 12, invalid=6),
                mishaps=Mishaps(transient=0.0, internal=0.0),
                finish=FINISH,
                seed=scenario.seed,
            ),
            self._workplace,
        )

    def planner(self, scenario: Scenario) -> Solver:
        """Who knows the calls that solve the task."""
        return Solver(gold_calls(self.suite, scenario.template))


@lru_cache
def half(suite: str, rest: int) -> tuple[str, ...]:
    """The tasks of a suite with an even (0) or odd (1) place that are solved by calls that all run."""
    names = list(get_suite(VERSION, suite).user_tasks)
    return tuple(name for place, name in enumerate(names) if place % 2 == rest and gold_calls(suite, name))


@lru_cache
def gold_calls(suite: str, task: str) -> tuple[ToolCall, ...]:
    """The calls that solve a task; none where one of them does not run, or does not fit its schema."""
    made = get_suite(VERSION, suite)
    state = made.load_and_inject_default_environment({})
    solved = made.get_user_task_by_id(task).ground_truth(deepcopy(state))
    calls = [{"tool": call.function, "arguments": plain(dict(call.args))} for call in solved]
    check, runtime = Workplace(tools(suite)).check, FunctionsRuntime(made.tools)
    for call in calls:
        if not check(call) or runtime.run_function(state, call["tool"], call["arguments"])[1] is not None:
            return ()
    return tuple(calls)


@lru_cache
def tools(suite: str) -> tuple[Tool, ...]:
    """The suite's tools, their schemas as they publish them."""
    made = []
    for function in get_suite(VERSION, suite).tools:
        schema = function.parameters.model_json_schema()
        schema.pop("title", None)
        schema["additionalProperties"] = False
        effect = ToolEffect.READ_ONLY if function.name.startswith(READING) else ToolEffect.IRREVERSIBLE
        made.append(Tool(name=function.name, description=function.description, schema=schema, effect=effect))
    return tuple(made)
