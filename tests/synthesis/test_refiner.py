"""What a model is asked, what is taken from its answer, and what it is told when that can't be used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doors import ALWAYS_FOUR, REACHABLE, answer
from golden import matches

from bridle.errors import Blame, Failure
from bridle.evaluation.objectives import objective
from bridle.harness import TEXT_ACTION, Harness, Limits, template
from bridle.journal import Journal
from bridle.models import Scripted
from bridle.synthesis.ledger import Ledger
from bridle.synthesis.prompts import render, source, version
from bridle.synthesis.refiner import ANSWER_CHARS, Assignment, ModelRefiner, Refinement, extract, usable
from bridle.testing.toy import Doors
from nodes import evidence

REFINER = ModelRefiner(name="scripted")
BOTH = ("propose_action", "is_legal_action")


def assignment(**changes: Any) -> Assignment:
    return Assignment(
        **{
            "environment": Doors(),
            "objective": objective("legality"),
            "parent": Harness(ALWAYS_FOUR),
            "evidence": evidence(0.5),
            "from_root": False,
            "scope": BOTH,
            "feedback": "H = 0.5000: what the critic says.",
            "siblings": "",
            "attempt": 1,
            "limits": Limits(),
            "vet": lambda harness: None,
            **changes,
        }
    )


def refined(tmp_path: Path, model: Scripted, chosen: Assignment) -> Refinement:
    with Journal(tmp_path / "journal.sqlite") as journal:
        return REFINER.refine(chosen, Ledger(journal, model, expansion=1, allowance=4))


def test_the_first_prompt() -> None:
    chosen = assignment(
        parent=template(TEXT_ACTION), from_root=True, feedback="### Sample observation 1\n\n~~~text\nA row.\n~~~"
    )
    assert matches("prompt-root.md", REFINER.request(chosen).prompt)


def test_a_later_prompt() -> None:
    chosen = assignment(scope=("is_legal_action",), siblings="- attempt 1: H = 0.2000", attempt=2)
    assert matches("prompt-later.md", REFINER.request(chosen).prompt)


def test_the_policys_prompt_asks_for_the_reward() -> None:
    legality, policy = (
        REFINER.request(assignment(objective=objective(name))).prompt for name in ("legality", "policy")
    )
    assert "the final reward is what counts" in policy
    assert "the final reward is what counts" not in legality
    assert objective("policy").goal in policy


def test_the_repair_prompt_is_complete_in_itself(tmp_path: Path) -> None:
    model = Scripted(["Sorry, I can't.", answer(REACHABLE)])
    result = refined(tmp_path, model, assignment())
    assert result.harness is not None
    assert result.prompt == f"{version('refine-text-action')} {version('repair')}"
    first, second = (request.prompt for request in model.requests)
    assert second.startswith(first.strip())
    assert matches("prompt-repair.md", second.removeprefix(first.strip()))


def test_a_long_answer_is_cut_in_the_repair_and_says_so(tmp_path: Path) -> None:
    model = Scripted(["x" * (ANSWER_CHARS + 1), answer(REACHABLE)])
    refined(tmp_path, model, assignment())
    assert f"only its last {ANSWER_CHARS} characters" in model.requests[1].prompt
    assert "x" * ANSWER_CHARS in model.requests[1].prompt
    assert "x" * (ANSWER_CHARS + 1) not in model.requests[1].prompt


def test_two_useless_answers_are_a_recorded_failure(tmp_path: Path) -> None:
    model = Scripted(["Sorry.", "```python\nimport os\n"])
    result = refined(tmp_path, model, assignment())
    assert result.harness is None
    assert result.reason == "The code block is never closed: the answer was cut off."
    assert len(model.requests) == 2


def test_requests_for_the_same_node_differ() -> None:
    requests = [REFINER.request(assignment(attempt=n)) for n in (1, 2)]
    assert requests[0].prompt != requests[1].prompt
    assert requests[0].digest != requests[1].digest
    assert requests[0] == REFINER.request(assignment(attempt=1))


def test_only_what_is_in_scope_is_taken(tmp_path: Path) -> None:
    result = refined(tmp_path, Scripted([answer(REACHABLE)]), assignment(scope=("is_legal_action",)))
    assert result.harness is not None
    assert 'return "[open 4]"' in result.harness.source
    assert "return action in moves(board)" in result.harness.source


CODE = "x = 1\n"
BLOCK = f"```python\n{CODE}```"


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        f"Thoughts.\n\n{BLOCK}\nDone.",
        f"```python\nx = 0\n```\n\nBetter:\n\n{BLOCK}",
        BLOCK.replace("\n", "\r\n"),
        BLOCK.replace("python", "Python3 title=harness.py"),
        BLOCK.replace("python", "py"),
        BLOCK + "  ",
        f"```text\nnot this\n```\n{BLOCK}\n```\nnor this\n```",
    ],
)
def test_the_last_python_block_is_the_code(text: str) -> None:
    assert extract(text, 1000) == (CODE, "")


def test_bare_code_is_code_and_prose_is_not() -> None:
    bare = "def propose_action(board):\n    return ''\n"
    assert extract(bare, 1000) == (bare, "")
    for prose in ("I am sorry.", "", "x = 1", "```\nx = 1\n```", "\0", "-" * 100_000, "(" * 5000):
        assert extract(prose, 1_000_000) == (None, "There is no fenced block that starts with ```python.")


@pytest.mark.parametrize(
    "text", ["```python\nx = 1\n", f"{BLOCK}\nBetter:\n```python\nx = 2\n", "```python\nx = 1\n    ```"]
)
def test_a_block_that_is_never_closed_was_cut_off(text: str) -> None:
    assert extract(text, 1000) == (None, "The code block is never closed: the answer was cut off.")


def test_code_that_is_too_long_is_said() -> None:
    code, reason = extract(f"```python\n{'x = 1' * 300}\n```", 1000)
    assert code is None
    assert "longer than 1000 characters" in reason


def refuse(harness: Harness) -> Failure | None:
    return Failure(blame=Blame.HARNESS, kind="static", message="no files", line=3)


@pytest.mark.parametrize(
    ("code", "vet", "says"),
    [
        ("def (", None, "no valid Python: invalid syntax (line 1)"),
        ("x = '\0'", None, "null bytes"),
        ("x = " + "-" * 50_000 + "1", None, "can't be parsed"),
        ("x = " + "+".join(["1"] * 5000), None, "can't be parsed"),
        ("x = " + "[" * 300 + "]" * 300, None, "no valid Python"),
        ("def propose_action(board):\n    return ''", None, "does not define is_legal_action"),
        (REACHABLE, refuse, "can't be loaded: static (line 3): no files"),
    ],
)
def test_why_an_answer_can_not_be_used(code: str, vet: Callable[[Harness], Failure | None] | None, says: str) -> None:
    chosen = assignment() if vet is None else assignment(vet=vet)
    source_, reason = usable(f"```python\n{code}\n```", chosen)
    assert source_ is None
    assert says in reason
    assert "\n" not in reason.strip()


def test_a_slot_that_is_missing_is_an_error_and_a_version_follows_the_text() -> None:
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        render("repair", reason="only this")
    assert version("repair").startswith("repair@")
    assert version("repair") != version("refine-text-action")
    assert "{{ assignment }}" in source("repair")


def test_what_an_environment_says_is_not_rendered_as_a_template() -> None:
    chosen = replace(assignment(), feedback="{{ 7 * 7 }} {% raw %}")
    assert "{{ 7 * 7 }} {% raw %}" in REFINER.request(chosen).prompt
