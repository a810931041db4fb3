"""`bridle.synthesize`: the same power as the command line in a few arguments, and loaded only when it is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, REACHABLE, RIGHT, answer

import bridle
from bridle.errors import UsageError
from bridle.harness import TOOL_CALL, Harness
from bridle.models import Request, Scripted
from bridle.synthesis.budget import Limit
from bridle.synthesis.settings import Settings
from bridle.testing.toy import Doors

SMALL = Settings(lanes=2, steps=20, limit=Limit(iterations=3))


def scripted(*codes: str) -> Scripted:
    return Scripted([answer(code) for code in codes])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("environment", [Doors(5), "bridle.testing.toy:Doors?size=5"])
def test_an_environment_is_an_object_or_an_id(environment: Doors | str) -> None:
    told: list[object] = []
    outcome = bridle.synthesize(
        environment,
        model=scripted(RIGHT),
        settings=SMALL,
        executor="inline",
        on_node=lambda node, tree: told.append((node.id, len(tree))),
        on_stop=told.append,
    )
    assert outcome.reached
    assert told == [(1, 2), outcome]
    assert outcome.harness.source == outcome.best.source
    assert (outcome.folder / "harness.py").read_text().endswith(outcome.harness.source)
    assert outcome.folder.parent == Path(".bridle/runs")


def test_a_second_run_gets_a_folder_of_its_own_and_a_named_one_is_not_used_twice() -> None:
    folders = {
        bridle.synthesize(Doors(), model=scripted(RIGHT), settings=SMALL, executor="inline").folder for _ in range(2)
    }
    assert len(folders) == 2
    with pytest.raises(UsageError, match="already holds a run"):
        bridle.synthesize(Doors(), model=scripted(RIGHT), run=str(folders.pop()), executor="inline")


def test_the_objective_the_schedule_and_what_to_start_from() -> None:
    def weak(request: Request) -> str:
        return answer(f"{ALWAYS_FOUR}\nX = '{request.digest}'\n")

    path = Path("poor.py")
    path.write_text(ALWAYS_FOUR)
    outcome = bridle.synthesize(
        Doors(),
        model=[Scripted(weak, name="weak"), Scripted(lambda request: answer(RIGHT), name="strong")],
        objective="legality",
        start_from=[path, Harness(REACHABLE)],
        settings=Settings(lanes=2, steps=20, escalate_after=2, limit=Limit(iterations=9)),
        executor="inline",
    )
    assert outcome.best.model == "strong"
    assert [node.status for node in outcome.tree][:3] == ["root", "warm", "warm"]
    assert outcome.best.evidence is not None
    assert "judged_states" not in outcome.best.evidence.counts, "legality, not the verifier that is suited"


def test_a_run_goes_on_with_the_same_objects() -> None:
    first = bridle.synthesize(
        Doors(), model=scripted(ALWAYS_FOUR), settings=Settings(lanes=2, steps=20, limit=Limit(iterations=1)),
        run="doors", executor="inline",
    )  # fmt: skip
    assert first.stop == "iterations"
    with pytest.raises(UsageError, match="was an object"):
        bridle.resume("doors", model=scripted(RIGHT), executor="inline")
    again = bridle.resume(
        "doors", environment=Doors(), model=scripted(RIGHT, RIGHT), limit=Limit(iterations=3), executor="inline"
    )
    assert again.reached


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"model": []}, "Name a model"),
        ({"model": "nonsense"}, "model"),
        ({"objective": "beauty"}, "no objective 'beauty'"),
        ({"start_from": ["nowhere.py"]}, "can't be read"),
        ({"start_from": [Harness("X = 1\n", contract=TOOL_CALL)]}, "can't start a search in toy/doors"),
    ],
)
def test_nonsense_is_refused_in_a_sentence_and_leaves_nothing(more: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        bridle.synthesize(Doors(), **{"model": scripted(), "executor": "inline", **more})  # type: ignore[arg-type]
    assert not list(Path().glob(".bridle/runs/*/harness.py"))


def test_importing_bridle_loads_nothing_of_the_search() -> None:
    code = "import sys, bridle, bridle.runtime; print([m for m in sys.modules if 'synthesis' in m]); bridle.synthesize"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="synthesise"):
        bridle.synthesise  # noqa: B018
