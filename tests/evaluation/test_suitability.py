"""Whether a place is one for a harness: two that are, two that are not, and why; and the same from traces."""

import json
from pathlib import Path

import pytest
from places import Moody, Mute, Wager
from typer.testing import CliRunner

from bridle.cli.app import app
from bridle.errors import UsageError
from bridle.evaluation.assessed import AssessedEpisode, AssessedStep
from bridle.evaluation.suitability import Assessment, assess
from bridle.testing.toy import Doors
from bridle.testing.toy_tools import Pottery
from bridle.trace import TraceStep


def figure(found: Assessment, name: str) -> float:
    """A finding's value."""
    estimate = next(finding.estimate for finding in found.findings if finding.name == name)
    assert estimate is not None
    return estimate.value


@pytest.mark.parametrize("environment", [Doors(), Pottery()], ids=["text", "tools"])
def test_two_places_that_are_suitable(environment: object) -> None:
    found = assess(environment, episodes=40)  # type: ignore[arg-type]
    assert found.word == "suitable"
    assert "simulated" in found.agents
    assert figure(found, "headroom") > 0.05
    assert figure(found, "contradictions, played again") == 0
    assert assess(environment, episodes=40) == found  # type: ignore[arg-type]


def test_feedback_that_contradicts_itself_is_no_ground_to_build_on() -> None:
    found = assess(Moody(), episodes=40)
    assert found.word == "unsuitable"
    assert len(found.reasons) == 1
    assert "contradicts itself" in found.reasons[0]
    assert 0.05 < figure(found, "contradictions, played again") < 0.4


def test_failures_of_judgement_are_no_business_of_a_harness() -> None:
    found = assess(Wager(), episodes=60)
    assert found.word == "unsuitable"
    told = " ".join(found.reasons)
    assert "hardly anything for a harness to prevent" in told
    assert "fail by unwise actions" in told
    assert "contradict" not in told
    assert found.delay == 5


def test_nobody_to_propose_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="make up no foreign_actions"):
        assess(Mute())


def episode(number: int, legal: list[bool | None], *, success: bool) -> AssessedEpisode:
    """A recorded episode whose calls were judged so."""
    steps = []
    for place, one in enumerate(legal):
        error = ("", "") if one in (True, None) else ("schema", "The field 'amount' is missing.")
        call = {"tool": "pay", "arguments": {"n": place}}
        step = TraceStep(proposed=call, call=call, legal=one, error_class=error[0], message=error[1])
        steps.append(AssessedStep(step, one, one, asked=f"{number}/{place}"))
    return AssessedEpisode(scenario=("train", number), steps=tuple(steps), success=success)


def assessed(tmp_path: Path, episodes: list[AssessedEpisode]) -> tuple[int, dict[str, object]]:
    """What the command says of a file of traces."""
    file = tmp_path / "traces.jsonl"
    file.write_text("".join(json.dumps(one.to_json()) + "\n" for one in episodes))
    result = CliRunner().invoke(app, ["assess", str(file), "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_traces_are_assessed_too(tmp_path: Path) -> None:
    good = [episode(n, [False, True, n % 3 > 0], success=n % 2 == 0) for n in range(40)]
    code, record = assessed(tmp_path, good)
    assert (code, record["verdict"], record["episodes"], record["proposals"]) == (0, "suitable", 40, 120)
    code, record = assessed(tmp_path, good[:3])
    assert (code, record["verdict"]) == (3, "unclear")
    assert record["reasons"] == ["9 proposals were judged; fewer than 30 say too little."]
    late = [episode(n, [None, None, None], success=False) for n in range(40)]
    code, record = assessed(tmp_path, late)
    assert (code, record["verdict"]) == (3, "unsuitable")
    assert any("too late or not at all" in reason for reason in record["reasons"])  # type: ignore[attr-defined]


def test_the_command_shows_figures_and_the_verdict(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["assess", "bridle.testing.toy:Doors", "--episodes", "20"])
    assert result.exit_code == 0, result.output
    assert "Suitable for a harness." in result.stdout
    assert "headroom\t0." in result.stdout
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n")
    failure = CliRunner().invoke(app, ["assess", str(broken)], standalone_mode=False).exception
    assert "can't be read as traces" in str(failure)
