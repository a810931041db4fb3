"""The lint of harnesses: what it finds, where, and that honest harnesses have nothing to fear from it."""

import pytest

from bridle.environment import Shipping
from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.evaluation.examples import judged_calls
from bridle.evaluation.lint import KINDS, Finding, authority_word, lint
from bridle.evaluation.lint_in_play import Exercise, exercise, lint_in_play
from bridle.harness import TEXT_ACTION, TOOL_CALL, Harness, Limits
from bridle.sandbox import LocalSandbox
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rendering import render

POTTERY = "bridle.testing.toy_tools:Pottery"

SOUND = '''"""Which calls are applicable. Roles and approvers are nobody's business here."""
RULES = {
    "seen": "Look before you work.",
    "after-any": "Do not repeat what failed.",
}
STATES = {"wet": "dry_pot"}

def review_call(view, call):
    """Whoever is authorised is not asked about; request 'PAY-12345' is an example."""
    if call["arguments"].get("pot") not in view["resources"] and "pot" in call["arguments"]:
        return {"verdict": "reject", "rule": "seen", "code": "unseen", "hint": "You have not seen this pot today; look.",
                "try_again": True}
    return {"verdict": "accept"}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "after-" + "any", "hint": "Look at the pots first."}
'''


def found(source: str, contract=TOOL_CALL) -> list[Finding]:
    return lint(Harness(source, contract=contract))


def test_a_sound_harness_has_no_findings() -> None:
    assert found(SOUND) == []


@pytest.mark.parametrize("name", ["expense", "support", "deployment"])
def test_hand_written_harnesses_have_none_either(name: str) -> None:
    environment = resolve(f"enterprise/{name}")
    assert isinstance(environment, Shipping)
    assert lint(environment.manual_harness()) == []


def test_a_learned_harness_has_none_either_and_cites_what_it_stands_on() -> None:
    book = rulebook(examples(judged_calls(resolve(POTTERY), "train", count=1500, seed=1)), Demands())
    harness = render(book)
    fixed = {"call-shape", "denied", "nothing-helps", "after-anything", "unchanged"}
    assert {finding.rule for finding in lint(harness)} <= fixed, "what nobody learned cites nothing"
    rule = next(rule for rule in book.rules if f"# {rule.id}:" in harness.source)
    bare = "\n".join(line for line in harness.source.split("\n") if not line.strip().startswith(f"# {rule.id}:"))
    without = lint(Harness(bare, contract=TOOL_CALL))
    assert ("no-counterexample", rule.id) in {(finding.kind, finding.rule) for finding in without}


def spoilt(before: str, after: str) -> list[Finding]:
    assert before in SOUND
    return found(SOUND.replace(before, after))


CONDITION = '    return {"verdict": "accept"}\n'


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ('if view["resources"].get("role") == "x": pass', "role"),
        ('approver = "ann"', "approver"),
        ('if "approver_id" in call["arguments"]: pass', "approver"),
        ('x = view["sources"]["permissions"]', "permissions"),
        ("def is_allowed(x): pass", "allowed"),
        ('hint = "Ask a manager to do it."', "manager"),
        ('if view["resources"]["x"]["approved_by"] == 1: pass', "approved_by"),
        ("call.isAuthorized", "authorized"),
        ('who = view["me"]', "me"),
        ('who = view.get("me")', "me"),
    ],
)
def test_authority_is_found_where_it_is_spoken_of(code: str, word: str) -> None:
    findings = spoilt(CONDITION, f"    {code}\n{CONDITION}")
    assert {finding.kind for finding in findings} == {"authority"}
    assert findings[0].line == 13
    assert word in findings[0].message
    assert "policy engine" in findings[0].instead


@pytest.mark.parametrize(
    "text",
    ["approved", "approve_request", "approval", "policy_denied", "standby", "passed_by_us", "Sort by date.", "parole"],
)
def test_the_words_of_a_domain_are_not_those_of_authority(text: str) -> None:
    assert authority_word(text) == ""


def test_a_name_of_the_codes_own_may_say_by_what() -> None:
    assert spoilt(CONDITION, f"    shown_by = 1\n    other = shown_by\n{CONDITION}") == []
    (finding,) = spoilt(CONDITION, f'    shown_by = view["task"].get("filed_by")\n{CONDITION}')
    assert (finding.kind, "filed_by" in finding.message) == ("authority", True)


def test_a_rule_that_speaks_of_authority_is_found_in_its_sentence() -> None:
    (finding,) = spoilt("Look before you work.", "Only the owner works on a pot.")
    assert (finding.kind, finding.line) == ("authority", 3)


@pytest.mark.parametrize(
    "code",
    [
        'if "is not ready to be paid" in view["task"]: pass',
        'if view["task"].startswith("Please pay the invoice"): pass',
        'if re.search("You have not seen", view["task"]): pass',
        'if view["task"] in ("make a pot please", "x"): pass',
        'if view["task"] in {"make a pot please": 1}: pass',
        'if view["task"] in PHRASES: pass',
    ],
)
def test_sentences_that_are_decided_by_are_found(code: str) -> None:
    source = SOUND.replace(CONDITION, f"    {code}\n{CONDITION}") + '\nPHRASES = ["make a pot please"]\n'
    (finding,) = found(source)
    assert finding.kind == "copied-text"
    assert "sentence" in finding.message


def test_ids_of_a_scenario_are_found_and_patterns_of_ids_are_not() -> None:
    (finding,) = spoilt(CONDITION, '    if call["arguments"].get("pot") == "pot_117": pass\n' + CONDITION)
    assert (finding.kind, finding.line) == ("copied-text", 13)
    assert spoilt(CONDITION, '    if re.fullmatch("pot_[0-9]+", "x"): pass\n' + CONDITION) == []


def test_a_rule_that_no_code_names_is_found() -> None:
    (finding,) = spoilt('    "seen":', '    "spare": "Never used.",\n    "seen":')
    assert (finding.kind, finding.rule, finding.line) == ("unnamed-rule", "spare", 3)


def test_what_can_not_be_read_is_said_in_one_sentence() -> None:
    for source in ("def (", "RULES = dict()", SOUND.replace("RULES", "RULE")):
        with pytest.raises(UsageError, match="can't be read"):
            found(source)


def test_a_harness_for_a_game_is_none_of_its_business() -> None:
    with pytest.raises(UsageError, match="text actions"):
        found("def is_legal_action(board, action): return True", TEXT_ACTION)


# --- in an environment ------------------------------------------------------------------------------------------------

PLAYED = """
RULES = {"seen": "Look first.", "never": "x", "wrong": "x", "word": "x", "again": "x"}

def review_call(view, call):
    pot = call["arguments"].get("pot") if isinstance(call.get("arguments"), dict) else None
    if call == {"tool": "look_around", "arguments": {}}:
        return reject("wrong")
    if pot is not None and pot not in view["resources"]:
        return reject("seen")
    if "never so" in str(call):
        return reject("never")
    if "Work on" in view["task"] and False:
        return reject("word")
    return {"verdict": "accept"}

def reject(rule):
    return {"verdict": "reject", "rule": rule, "code": "c", "hint": "h", "try_again": True}

def on_error(view, call, error):
    return {"verdict": "revise", "rule": "again", "hint": error["message"]}
"""


def test_rules_are_counted_where_they_come_up() -> None:
    environment, harness = resolve(POTTERY), Harness(PLAYED, contract=TOOL_CALL)
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        seen = exercise(environment, harness, loaded, rows=400, episodes=8, seed=1)
        again = exercise(environment, harness, loaded, rows=400, episodes=8, seed=1)
    assert seen == again
    assert seen["seen"].inapplicable > 10
    assert seen["seen"].applicable == 0
    assert (seen["wrong"].inapplicable, seen["wrong"].after_error) == (0, 0)
    assert seen["wrong"].applicable > 3
    assert seen["again"].after_error > 100
    assert seen["never"] == seen["word"] == Exercise()
    findings = lint_in_play(environment, harness, seen)
    assert {(finding.kind, finding.rule) for finding in findings} == {
        ("never-exercised", "never"),
        ("never-exercised", "word"),
        ("only-refuses-legal", "wrong"),
        ("copied-text", ""),
    }
    assert {finding.kind for finding in findings} <= set(KINDS)
    assert "'Work on'" in next(finding.message for finding in findings if finding.kind == "copied-text")


def test_asking_a_person_about_what_is_applicable_is_no_refusal_of_it() -> None:
    escalating = PLAYED.replace('return reject("wrong")', "return ESCALATE").replace(
        "\ndef review_call",
        '\nESCALATE = {"verdict": "escalate", "rule": "wrong", "to": "", "missing": []}\n\ndef review_call',
    )
    environment, harness = resolve(POTTERY), Harness(escalating, contract=TOOL_CALL)
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        seen = exercise(environment, harness, loaded, rows=400, episodes=4, seed=1)
    assert (seen["wrong"].applicable, seen["wrong"].inapplicable) == (0, 0)
    assert seen["wrong"].escalated > 3
    findings = lint_in_play(environment, harness, seen)
    assert not [finding for finding in findings if finding.rule == "wrong"]


def test_a_game_has_no_rules_that_come_up() -> None:
    harness = Harness(PLAYED, contract=TOOL_CALL)
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        with pytest.raises(UsageError, match="by itself"):
            exercise(resolve("bridle.testing.toy:Doors"), harness, loaded, rows=1, episodes=1, seed=0)
