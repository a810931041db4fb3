"""An environment under a policy: what is denied is refused, shown, and never executed."""

import random
from collections import Counter

import pytest

from bridle.environments.catalog import resolve
from bridle.environments.enterprise.expense.environment import Expense
from bridle.errors import UsageError
from bridle.evaluation.comparison import cedar
from bridle.testing.governed import Governed
from bridle.trace import POLICY_DENIED


def test_what_the_policy_denies_is_refused_and_shown_and_what_it_permits_is_carried_out() -> None:
    environment = Expense(transient=0.0, internal=0.0)
    governed = Governed(environment, cedar(environment, "strict"))
    denied = carried_out = 0
    for scenario in governed.scenarios("train")[:12]:
        episode, free = governed.start(scenario), environment.start(scenario)
        planner = governed.planner(scenario)
        for _ in range(30):
            view = episode.observe().view
            call = planner.remaining(view)[0]
            truth = episode.probe(call)
            step = episode.step(call)
            shown = episode.observe().view["calls"][-1]
            if truth.error_class == POLICY_DENIED:
                denied += 1
                assert not shown["ok"]
                assert shown["error"]["class"] == POLICY_DENIED
            else:
                carried_out += 1
                assert truth == free.probe(call)
                assert free.step(call).legal == step.legal
            if step.over:
                break
    assert denied
    assert carried_out > denied


def test_what_it_makes_up_is_judged_by_system_and_policy() -> None:
    environment = Expense(transient=0.0, internal=0.0)
    governed = Governed(environment, cedar(environment, "strict"))
    found = Counter[str]()
    for scenario in governed.scenarios("train")[:8]:
        under, free, planner = governed.start(scenario), environment.start(scenario), environment.planner(scenario)
        assert under.foreign_actions(random.Random(1)) == free.foreign_actions(random.Random(1))
        for _ in range(3):
            for call in free.foreign_actions(random.Random(1)):
                without, truth = free.probe(call), under.probe(call)
                if truth != without:
                    assert without.legal
                    assert (truth.legal, truth.error_class) == (False, POLICY_DENIED)
                found["denied" if truth != without else "applicable" if truth else "refused"] += 1
            call = planner.remaining(free.observe().view)[0]
            if not under.probe(call) or under.step(call) != free.step(call):
                break
    assert min(found[one] for one in ("denied", "applicable", "refused")) > 0, found


def test_where_nobody_can_be_at_work_there_is_nothing_to_govern() -> None:
    game = resolve("textarena/TicTacToe-v0")
    with pytest.raises(UsageError, match="no planner"):
        Governed(game, cedar(Expense(), "strict"))
