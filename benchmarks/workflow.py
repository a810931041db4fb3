"""The expense workflow: what a step of the simulator costs, and what a harness has to gain in it.

    python benchmarks/workflow.py [--episodes 600] [--split sealed]

The reference of a step is the bare validation of its arguments. The table plays the simulated agents through the same
turns that rollouts and guard drive, with the policy deciding each call: with no harness, and behind a perfect `probe`,
which is the most that any harness can gain. Intervals are clustered by template.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from typing import Any, cast

import jsonschema

from bridle.agents.simulated import PROFILES, SimulatedAgent, simulated
from bridle.environment import Scenario
from bridle.environments.enterprise.expense.environment import Expense
from bridle.environments.enterprise.expense.tools import TOOLS
from bridle.runtime.call_modes import call_turn
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Effect, Mode, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import PerfectProbe, Unreviewed
from bridle.runtime.turn import CallTurn, Carry
from bridle.statistics import clustered

ENVIRONMENT = Expense()


class Tally:
    """What some episodes came to."""

    def __init__(self) -> None:
        self.proposals = self.reached = self.valid = self.denied = 0
        self.episodes: dict[str, list[float]] = defaultdict(list)

    def add(self, turn: CallTurn) -> None:
        self.proposals += 1
        for record in turn.records:
            reached = record.answered_by == "environment"
            self.reached += reached
            self.valid += reached and bool(record.legal)
            self.denied += record.answered_by == "policy"


def play(scenario: Scenario, agent: SimulatedAgent, gate: Gate, conduct: Conduct, tally: Tally) -> None:
    """One episode through the guard's own turns."""
    carry = Carry()
    while True:
        mode: Mode = call_turn(gate.observe(), conduct, carry)
        turn = driven(mode, agent, gate)
        carry = turn.carry
        tally.add(turn)
        if turn.step is not None and turn.step.over:
            tally.episodes[scenario.template].append(turn.step.rewards[0])
            return


def driven(mode: Mode, agent: SimulatedAgent, gate: Gate) -> CallTurn:
    try:
        effect: Effect = next(mode)
        while True:
            if isinstance(effect, Propose):
                effect = mode.send(agent.propose(effect.observation, effect.refusals))
            else:
                effect = mode.send(gate.answer(effect))
    except StopIteration as stop:
        return cast(CallTurn, stop.value)


def headroom(episodes: int, split: Any) -> None:
    print(f"\ncompletion over {episodes} {split} episodes, 95 % intervals clustered by template")
    for policy in ENVIRONMENT.policies:
        governance = ENVIRONMENT.governance(policy)
        engine = CedarEngine(governance.policies, governance.schema, entities=governance.entities)
        mapping = RequestMapping.from_data(governance.mapping)
        for profile in PROFILES:
            agents = simulated(ENVIRONMENT, profile)
            for reviewer in (Unreviewed(), PerfectProbe()):
                conduct, tally = Conduct(reviewer=reviewer, tools=TOOLS, mapping=mapping), Tally()
                for scenario in ENVIRONMENT.scenarios(split)[:episodes]:
                    gate = Gate(ENVIRONMENT.start(scenario), mapping, engine)
                    play(scenario, agents(scenario, 0), gate, conduct, tally)
                done = [(int(sum(rewards)), len(rewards)) for rewards in tally.episodes.values()]
                share, interval = sum(count for count, _ in done) / episodes, clustered(done)
                print(
                    f"  {policy:7}{agents.name:17}{'perfect probe' if reviewer.reviews else 'no harness':14}"
                    f"{share:.3f} [{interval.low:.3f}, {interval.high:.3f}]   proposals {tally.proposals}, "
                    f"valid {tally.valid / tally.reached:.3f} of those that arrived, denied {tally.denied}"
                )


def speed(episodes: int) -> None:
    validators = {tool.name: jsonschema.Draft202012Validator(dict(tool.schema)) for tool in TOOLS}
    spent: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)

    def timed(name: str, work: Any, *arguments: Any) -> Any:
        start = time.perf_counter()
        result = work(*arguments)
        spent[name] += time.perf_counter() - start
        counts[name] += 1
        return result

    for scenario in ENVIRONMENT.scenarios("train")[:episodes]:
        episode = timed("start", ENVIRONMENT.start, scenario)
        planner, over = ENVIRONMENT.planner(scenario), False
        while not over:
            view = timed("observe", episode.observe).view
            call = timed("plan", planner.remaining, view)[0]
            timed("probe", episode.probe, call)
            timed("reference: jsonschema alone", validators[call["tool"]].is_valid, call["arguments"])
            over = timed("step", episode.step, call).over
        timed("foreign actions (a sample)", ENVIRONMENT.start(scenario).foreign_actions, random.Random(0))
    print(f"one operation, mean over {episodes} episodes, in microseconds")
    for name, seconds in spent.items():
        print(f"  {name:30}{seconds / counts[name] * 1e6:9.1f}   × {counts[name]}")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--episodes", type=int, default=600)
    options.add_argument("--split", default="sealed", choices=("train", "validation", "sealed"))
    given = options.parse_args()
    speed(min(given.episodes, 300))
    headroom(given.episodes, given.split)


if __name__ == "__main__":
    main()
