"""The harness: one Python module that implements a contract's functions, and the port of the sandbox that runs it.

Source: the paper, Appendix C (arXiv 2603.03329), for `text-action`; the design for `tool-call`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import rfc8785

from bridle.errors import Failure, UsageError

JSON: TypeAlias = "bool | int | float | str | list[Any] | dict[str, Any] | None"
"""A JSON value, as `json.loads` gives it."""

Action: TypeAlias = "str | dict[str, Any]"
"""What an agent proposes: text, or for tool calls `{"tool": str, "arguments": {...}}`."""

Result: TypeAlias = Literal["text", "bool", "json"]
"""What a function of a contract answers, and so how its reply crosses the sandbox's boundary."""

IMPORTS = frozenset(
    [
        "re",
        "collections",
        "itertools",
        "functools",
        "math",
        "json",
        "random",
        "string",
        "heapq",
        "bisect",
        "copy",
        "operator",
        "typing",
        "dataclasses",
        "enum",
        "fractions",
        "decimal",
        "statistics",
        "datetime",
        "numpy",
        "__future__",
    ]
)
"""The top-level modules a harness may import. No clock, no files, no network."""


_ESCAPE = json.encoder.encode_basestring
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_MAKE = getattr(json.encoder, "c_make_encoder", None)
_PIECES = _MAKE and _MAKE(None, _ENCODER.default, _ESCAPE, None, ":", ",", True, False, True)
"""The encoder's own core, made once: the encoder makes it anew for each value, which takes longer than most values."""

_LARGEST = 2**53 - 1


def canonical(value: JSON) -> bytes:
    """The value's canonical JSON (RFC 8785).

    Where keys are ASCII and no float is whole, very small or very large, the standard library writes the same bytes in
    a quarter of the time; everything else is left to the reference implementation.

    Raises:
        ValueError: the value is not JSON, or has a number that JSON does not carry exactly.
    """
    return canonical_text(value).encode()


def canonical_text(value: JSON) -> str:
    """The value's canonical JSON before it is encoded: what is not Unicode in it (a lone surrogate) may yet fail there.

    Raises:
        ValueError: as `canonical`.
    """
    if not _plain(value):
        return rfc8785.dumps(value).decode()
    return "".join(_PIECES(value, 0)) if _PIECES else _ENCODER.encode(value)


def canonical_members(value: Mapping[str, Any]) -> dict[str, str]:
    """The canonical JSON of each member of an object, by name, in canonical order; see `canonical_object`.

    Raises:
        ValueError: as `canonical`.
    """
    plain = True
    for name in value:
        if not isinstance(name, str):
            raise ValueError(f"the name of a member is text, not {name!r}")
        plain = plain and name.isascii()
    names = sorted(value) if plain else sorted(value, key=lambda name: name.encode("utf-16-be"))
    members: dict[str, str] = {}
    for name in names:
        inner = value[name]
        members[name] = _ESCAPE(inner) if type(inner) is str else canonical_text(inner)
    return members


def canonical_object(members: Mapping[str, str]) -> str:
    """The canonical JSON of the object that has these members, as `canonical_members` gave them."""
    return "{" + ",".join([f"{_ESCAPE(name)}:{text}" for name, text in members.items()]) + "}"


def _plain(value: Any) -> bool:
    """Whether the standard library writes this as RFC 8785 does.

    Most values are strings and whole numbers in dicts: for those it does not call itself.
    """
    kind = type(value)
    if kind is dict:
        for key, inner in value.items():
            if type(key) is not str or not key.isascii():
                return False
            kind = type(inner)
            if kind is str or (kind is int and -_LARGEST <= inner <= _LARGEST):
                continue
            if not _plain(inner):
                return False
        return True
    if kind is list:
        return all(map(_plain, value))
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    if kind is float:
        return bool(1e-4 <= abs(value) < 1e16 and value % 1)
    return kind is str or kind is bool or value is None


def digest(value: JSON) -> str:
    """The SHA-256 of the value's canonical JSON (RFC 8785), in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One function of a contract: its name, its parameters in order, and what it answers."""

    name: str
    parameters: tuple[str, ...]
    result: Result
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The functions that a harness must define, and what its observations look like.

    `observation` names the variant of the environment's observations that the harness was made for (`full` or
    `board`); a harness made for one is not the harness for the other, so it is part of the digest.
    """

    name: Literal["text-action", "tool-call"]
    functions: tuple[Signature, ...]
    observation: str = "full"

    def function(self, name: str) -> Signature:
        """The signature called `name`; KeyError where the contract has none."""
        for signature in self.functions:
            if signature.name == name:
                return signature
        raise KeyError(name)


TEXT_ACTION = Contract(
    name="text-action",
    functions=(
        Signature(name="propose_action", parameters=("board",), result="text"),
        Signature(name="is_legal_action", parameters=("board", "action"), result="bool"),
    ),
)

TOOL_CALL = Contract(
    name="tool-call",
    functions=(
        Signature(name="review_call", parameters=("view", "call"), result="json"),
        Signature(name="on_error", parameters=("view", "call", "error"), result="json"),
        Signature(name="propose_call", parameters=("view",), result="json", required=False),
        Signature(name="normalise_view", parameters=("raw",), result="json", required=False),
    ),
)

CONTRACTS: Mapping[str, Contract] = {c.name: c for c in (TEXT_ACTION, TOOL_CALL)}


@dataclass(frozen=True)
class Harness:
    """A harness: its source and the contract it implements. Identified by the digest of both."""

    source: str
    contract: Contract = field(default=TEXT_ACTION, kw_only=True)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over source, contract name and observation variant, in hex."""
        return digest({"source": self.source, "contract": self.contract.name, "observation": self.contract.observation})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a harness may use. Every field is enforced, and recorded in the evidence of a run.

    `call_seconds` bounds one call's time, `batch_seconds` a whole batch's, `load_seconds` compiling and running the
    module's top level: the worker's own time, in which it computes or sleeps, not that in which others have its CPU.
    `cpu_seconds` is the worker's CPU over its life; `memory_bytes` its address space; `reply_bytes` one reply;
    `source_bytes` the source; `recursion` the interpreter's recursion limit.
    """

    call_seconds: float = 1.0
    batch_seconds: float = 30.0
    load_seconds: float = 5.0
    cpu_seconds: int = 600
    memory_bytes: int = 512 << 20
    reply_bytes: int = 64 << 10
    source_bytes: int = 200 << 10
    recursion: int = 1000


class Call(NamedTuple):
    """One call of a harness's function.

    `then` names a second function to be called in the same round trip with the same values and the first one's result
    (propose, then check). `seed` seeds `random` and numpy in the worker before the call, where the source uses them.
    """

    function: str
    values: tuple[Any, ...]
    then: str | None = None
    seed: int = 0


class Reply(NamedTuple):
    """What came back: a value of the contract's type, or a failure; and the same for the call named by `then`."""

    value: Any = None
    failure: Failure | None = None
    then: Reply | None = None


class Loaded(Protocol):
    """A harness in its sandbox, ready to be called. Never shared between threads."""

    def call(self, function: str, *values: Any) -> Reply:
        """One call. A crash, hang or malformed reply of the harness is a `Reply` with a failure, never raised.

        What is no doing of the harness is in no reply: a worker killed from outside is replaced, and asked again.

        Raises:
            SandboxFault: the sandbox itself failed, or its workers are killed again and again.
        """

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        """Up to 100 calls in one round trip; replies in the order of the calls.

        A call that kills the worker fails alone: the rest of its batch is answered by a fresh worker.
        """

    def close(self) -> None:
        """End the worker. Closing twice is no error."""


@runtime_checkable
class Pipelining(Protocol):
    """A loaded harness that can have two batches on their way at once: one is answered while the other is made."""

    def submit(self, calls: Sequence[Call]) -> None:
        """Send a batch without waiting for it; at most two may be on their way."""

    def collect(self) -> list[Reply]:
        """The replies of the oldest batch on its way, as `Loaded.batch` gives them."""


class Sandbox(Protocol):
    """Runs generated code out of this process, confined."""

    def load(self, harness: Harness, limits: Limits) -> Loaded:
        """Compile the harness in a confined worker of its own.

        Raises:
            HarnessFault: the source is refused by the static gate, or does not compile, run or define its contract.
            SandboxFault: this machine can't confine it; nothing was run.
        """

    def close(self) -> None:
        """End every worker and the zygote. Closing twice is no error."""


def template(contract: Contract) -> Harness:
    """The root of the tree: every required function raises `NotImplementedError` (the paper, Appendix C)."""
    types = {"text": "str", "bool": "bool", "json": "dict"}
    lines = ["RULES: dict[str, str] = {}\n\n\n"] if contract.name == "tool-call" else []
    for signature in contract.functions:
        if signature.required:
            kind = "str" if contract.name == "text-action" else "dict"
            parameters = ", ".join(f"{name}: {kind}" for name in signature.parameters)
            lines.append(
                f"def {signature.name}({parameters}) -> {types[signature.result]}:\n    raise NotImplementedError\n\n\n"
            )
    return Harness("".join(lines).rstrip("\n") + "\n", contract=contract)


HEADER = "# Bridle harness "


def write(harness: Harness, note: str) -> str:
    """The text of a harness's file: what it is in two comment lines (`note` is the second's end), then its source."""
    contract = harness.contract
    second = f"# contract {contract.name}, observation {contract.observation}; {note}"
    return f"{HEADER}{harness.digest}\n{second}\n{harness.source}"


def read(text: str, contract: Contract) -> Harness:
    """The harness in a file's text, written by `write` or by hand.

    Raises:
        UsageError: the file says that it is another source, or for another contract or observation.
    """
    if not text.startswith(HEADER):
        return Harness(text, contract=contract)
    first, second, source = (*text.split("\n", 2), "", "")[:3]
    harness = Harness(source, contract=contract)
    made_for = second.removeprefix("# contract ").partition(";")[0]
    if made_for != f"{contract.name}, observation {contract.observation}":
        raise UsageError(
            f"This harness was made for {made_for}, and the environment has {contract.name}, observation "
            f"{contract.observation}; use the environment it was made for."
        )
    if first.removeprefix(HEADER) != harness.digest:
        raise UsageError(
            "This harness was edited after it was written; take its first line away to use it as it is now."
        )
    return harness
