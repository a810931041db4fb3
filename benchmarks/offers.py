"""How much of the legal set a filter finds, with the hand-written harnesses and candidates from the view alone.

    python benchmarks/offers.py [--episodes 20] [--most 64]

Legal acts that were offered ÷ legal acts that the environment lists, over states of sealed episodes; intervals of 95 %,
clustered by template. The most that is offered in a state bounds it.
"""

from __future__ import annotations

import argparse

from bridle.environment import Shipping
from bridle.environments.catalog import resolve
from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.evaluation.guarded import tools_of
from bridle.evaluation.offers import offers
from bridle.evaluation.slice import Slice
from bridle.harness import Limits
from bridle.runtime.candidates import Candidates
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import FilteringHarness
from bridle.sandbox import LocalSandbox

ENVIRONMENTS = ("enterprise/expense", "enterprise/support", "enterprise/deployment")


def measure(name: str, episodes: int, most: int) -> None:
    environment = resolve(name)
    assert isinstance(environment, Shipping)
    assert isinstance(environment, GovernedEnvironment)
    harness = environment.manual_harness()
    mapping = RequestMapping.from_data(environment.governance("strict").mapping)
    tools = tools_of(environment.start(environment.scenarios("train")[0]).observe().view)
    reviewer = FilteringHarness(harness, candidates=Candidates(tools, most=most))
    where = Slice(name="sealed", environment=name, split="sealed", offset=0, count=episodes)
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        found = offers(environment, reviewer, loaded, mapping, where, seed=0)
    recall = found.recall
    assert recall is not None
    missed = ", ".join(f"{tool} {count}" for tool, count in sorted(found.missed.items(), key=lambda one: -one[1])[:4])
    print(
        f"{name:24} recall {recall.value:.3f} [{recall.low:.3f}, {recall.high:.3f}] of {recall.n} acts in "
        f"{found.states} states; {found.offered / found.states:.0f} offered in each; missed: {missed}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--most", type=int, default=64)
    options = parser.parse_args()
    for name in ENVIRONMENTS:
        measure(name, options.episodes, options.most)


if __name__ == "__main__":
    main()
