"""Schemas that make no sense, or that would have to be fetched: said when they are declared, and fitting nothing."""

import socket
from typing import Any

import pytest
from payments import CountingEngine, FakeLoaded, Office, guard_for

from bridle.arguments import ArgumentCheck
from bridle.errors import UsageError
from bridle.runtime.candidates import Candidates
from bridle.runtime.policies.function import no_policy
from bridle.runtime.surface import Surface
from bridle.runtime.wrap import wrap
from bridle.trace import Tool, ToolEffect


def held(schema: Any) -> Tool:
    return Tool(name="label", description="", schema=schema, effect=ToolEffect.REVERSIBLE)


def of(text: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"account": {"type": "string"}, "text": text}}


@pytest.mark.parametrize("reference", ["#/$defs/text", "#text", "http://127.0.0.1:9/text.json", "text.json"])
def test_a_reference_that_leads_out_of_a_schema_is_refused_when_it_is_declared(reference: str) -> None:
    with pytest.raises(UsageError, match="which is not in it"):
        wrap(dict, effect="read-only", engine=no_policy(), schema=of({"$ref": reference}))
    with pytest.raises(UsageError, match="surface of label refers to"):
        Surface({"label": of({"$ref": reference})})


def test_references_within_a_schema_are_fine() -> None:
    schema = of({"$ref": "#/$defs/text"}) | {
        "$defs": {"text": {"type": "string", "default": {"$ref": "nowhere"}}},
        "required": ["account"],
    }
    guarded = wrap(lambda account, text="": text, effect="read-only", engine=no_policy(), schema=schema)
    assert guarded(account="A", text="b") == "b"
    assert Surface({"label": schema}).outside("label", {"text": 5})
    part = {"$id": "https://x.example/part", "$defs": {"inner": {"type": "string"}}, "$ref": "#/$defs/inner"}
    assert not Surface({"label": of(part)}).outside("label", {"text": "a"})


@pytest.mark.parametrize(
    "text",
    [{"$ref": "#/$defs/none"}, {"$ref": "http://127.0.0.1:9/x"}, {"pattern": "["}, {"type": "words"}, {"$ref": "#"}],
)
def test_a_schema_that_can_not_be_applied_fits_nothing_and_fetches_nothing(
    text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: Any) -> None:
        raise AssertionError("a schema is fetched")

    monkeypatch.setattr(socket.socket, "connect", connect)
    schema = of(text) if text != {"$ref": "#"} else {"allOf": [{"$ref": "#"}]}
    office, engine = Office(), CountingEngine()
    guard = guard_for(office, FakeLoaded(), engine, tools=[held(schema)])
    answer = guard.call("label", {"account": "A", "text": "x"})
    assert answer.error_class == "schema"
    assert "the schema can't be applied" in answer.message
    assert (office.done, engine.asked) == ([], [])


def test_arguments_are_an_object_also_where_the_schema_does_not_say_so() -> None:
    check = ArgumentCheck([held({})])
    assert check({"tool": "label", "arguments": {"text": "x"}})
    for arguments in (None, [1], "text", 5):
        assert check({"tool": "label", "arguments": arguments}).error_class == "schema"


def test_candidates_are_found_under_a_definition_and_nowhere_else() -> None:
    schema = of({"$ref": "#/$defs/text"}) | {"$defs": {"text": {"enum": ["R"]}}, "required": ["text"]}
    view = {"task": "", "resources": {"R": {"id": "R"}, "Q": {"id": "Q", "text": "S"}}}
    assert Candidates([held(schema)])(view) == [{"tool": "label", "arguments": {"text": "R"}}]
    broken = {"properties": {"text": {"$ref": "#/$defs/none"}, "other": True}, "required": ["text", "other"]}
    assert Candidates([held(broken)])(view) == []
