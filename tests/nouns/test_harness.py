"""A harness's identity, its file, and the template that a search begins with."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import UsageError
from bridle.harness import CONTRACTS, TEXT_ACTION, TOOL_CALL, Contract, Harness, read, template, write

SOURCES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)
BOARD = replace(TEXT_ACTION, observation="board")


@given(source=SOURCES, contract=st.sampled_from([TEXT_ACTION, TOOL_CALL, BOARD]), note=st.sampled_from(["", "node 3"]))
def test_a_file_reads_back_as_it_was_written(source: str, contract: Contract, note: str) -> None:
    harness = Harness(source, contract=contract)
    assert read(write(harness, note), contract) == harness


def test_through_a_file_on_the_disk_too(tmp_path: Path) -> None:
    harness = Harness("x = '…'\n\n\n# end\n")
    (tmp_path / "harness.py").write_text(write(harness, "n"), "utf-8")
    assert read((tmp_path / "harness.py").read_text("utf-8"), TEXT_ACTION) == harness


def test_a_file_written_by_hand_is_taken_as_it_is() -> None:
    assert read("def f(): pass\n", TEXT_ACTION) == Harness("def f(): pass\n")


@pytest.mark.parametrize(
    ("change", "contract", "says"),
    [
        (lambda text: text + "# edited\n", TEXT_ACTION, "take its first line away"),
        (lambda text: text, TOOL_CALL, "made for text-action, observation full"),
        (lambda text: text, BOARD, "observation board"),
        (lambda text: text.split("\n")[0], TEXT_ACTION, "use the environment"),
    ],
)
def test_another_source_or_environment_is_refused(change, contract: Contract, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=says):
        read(change(write(Harness("x = 1\n"), "note")), contract)


def test_source_contract_and_observation_identify_a_harness() -> None:
    harness = Harness("x = 1")
    others = [Harness("x = 2"), Harness("x = 1", contract=TOOL_CALL), Harness("x = 1", contract=BOARD)]
    assert len({h.digest for h in [harness, *others]}) == 4
    assert harness.digest == Harness("x = 1").digest
    assert len(harness.digest) == 64


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_the_template_defines_what_is_required_and_does_nothing(contract: Contract) -> None:
    module = ast.parse(template(contract).source)
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    assert {*functions} == {signature.name for signature in contract.functions if signature.required}
    for name, node in functions.items():
        assert tuple(argument.arg for argument in node.args.args) == contract.function(name).parameters
        assert ast.unparse(node.body[0]) == "raise NotImplementedError"
    with pytest.raises(KeyError):
        contract.function("no_such_function")
