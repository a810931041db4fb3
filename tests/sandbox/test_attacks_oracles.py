"""The oracles: each wire, tripped here by trusted code, is seen; and what is well-formed is let through."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import Blame, Failure
from bridle.harness import Limits, Reply
from bridle.sandbox import LocalSandbox
from bridle.sandbox.attacks.attack import Answer, Attempt
from bridle.sandbox.attacks.decoy import Decoy
from bridle.sandbox.attacks.ears import Ears
from bridle.sandbox.attacks.families.state import unseen
from bridle.sandbox.attacks.folder import DROP, PRECIOUS, SECRET, Folder
from bridle.sandbox.attacks.judging import disqualified, failing, ill_formed, misjudged, refused
from bridle.sandbox.attacks.scene import Scene
from bridle.sandbox.attacks.suite import printable
from bridle.sandbox.attacks.witness import Witness

LIMITS = Limits()
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def failure(kind: str = "exception", blame: Blame = Blame.HARNESS) -> Failure:
    return Failure(blame=blame, kind=kind, message="no")


def text(value: object) -> Answer:
    return Answer("text", Reply(value))


def failed(kind: str) -> Answer:
    return Answer("text", Reply(None, failure(kind)))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path, secret="a secret", user=os.getuid())
    assert made.changes() == []
    return made


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda path: (path / DROP / "target").touch(), ["drop/target appeared"]),
        (lambda path: (path / PRECIOUS).unlink(), ["drop/precious.txt is gone"]),
        (lambda path: (path / PRECIOUS).write_text("Precious"), ["drop/precious.txt was changed"]),
        (lambda path: os.utime(path / PRECIOUS, (1, 1)), ["drop/precious.txt was changed"]),
        (lambda path: (path / PRECIOUS).chmod(0o777), ["drop/precious.txt was changed"]),
        (lambda path: (path / DROP / "link").symlink_to(path / SECRET), ["drop/link appeared"]),
        (
            lambda path: os.link(path / PRECIOUS, path / DROP / "hard"),
            ["drop/hard appeared", "drop/precious.txt was changed"],
        ),
        (lambda path: os.mkfifo(path / DROP / "pipe"), ["drop/pipe appeared"]),
    ],
)
def test_a_change_of_a_file_is_seen_once_and_undone(folder: Folder, change, seen: list[str]) -> None:
    change(folder.path)
    assert folder.changes() == seen
    assert folder.changes() == []
    assert (folder.path / SECRET).read_text() == "a secret"


def test_reading_a_file_leaves_no_trace_in_it(folder: Folder) -> None:
    (folder.path / SECRET).read_text()
    assert folder.changes() == []


@pytest.fixture
def ears(tmp_path: Path) -> Iterator[Ears]:
    with Ears(tmp_path) as made:
        assert made.heard() == []
        yield made


def test_each_listener_hears(ears: Ears) -> None:
    reached = [
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", ears.ports["tcp"]), "TCP heard a connection"),
        (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", ears.ports["udp"]), "UDP heard a datagram"),
        (socket.AF_UNIX, socket.SOCK_STREAM, ears.path, "the Unix socket heard a connection"),
    ]
    if sys.platform == "linux":
        reached.append(
            (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + ears.abstract, "the abstract socket heard a connection")
        )
    for family, kind, address, seen in reached:
        with socket.socket(family, kind) as client:
            client.connect(address)
            client.send(b"here")
        assert ears.heard() == [seen]
        assert ears.heard() == []


def test_somebody_else_who_listens_is_found(ears: Ears) -> None:
    with socket.create_server(("127.0.0.1", ears.free)):
        assert ears.heard() == ["somebody listens on a port that it opened"]
    assert ears.heard() == []


def test_a_decoy_that_is_killed_is_missed_and_replaced() -> None:
    with Decoy("5ec4e7", os.getuid()) as decoy:
        assert decoy.harm() is None
        os.kill(decoy.pid, signal.SIGKILL)
        assert decoy.harm() == "another process of this user was ended, or stopped"
        assert decoy.harm() is None


@linux
def test_a_decoy_that_is_written_to_is_noticed() -> None:
    with Decoy("5ec4e7", os.getuid()) as decoy:
        with open(f"/proc/{decoy.pid}/mem", "r+b", 0) as memory:
            memory.seek(decoy.address)
            assert memory.read(6) == b"5ec4e7"
            memory.seek(decoy.address)
            memory.write(b"spoilt")
        assert decoy.harm() == "another process's memory was written"
        assert decoy.harm() is None


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False) as made:
        yield made


@linux
def test_a_witness_whose_worker_is_killed_says_so(sandbox: LocalSandbox) -> None:
    witness = Witness("5ec4e7")
    witness.move_into(sandbox)
    assert witness.harm() is None
    from bridle.sandbox.attacks.tree import children, processes

    for zygote in sandbox.zygotes():
        for worker in children(processes(), zygote):
            os.kill(worker, signal.SIGKILL)
    assert witness.harm() == "another harness's worker was killed"
    assert witness.harm() is None


@linux
def test_the_scene_sees_processes_zygotes_claims_and_secrets(tmp_path: Path) -> None:
    with LocalSandbox(static_gate=False) as sandbox, Scene(tmp_path, os.getuid()) as scene:
        scene.tree.look_at(sandbox)
        scene.witness.move_into(sandbox)
        assert scene.tripped(Attempt(answers=(text("nothing"),))) == []
        secret = (tmp_path / SECRET).read_text()
        assert scene.tripped(Attempt(answers=(text(f"<{secret}>"),))) == ["read a secret of another file"]
        assert scene.tripped(Attempt(refused=failure(), answers=(text("well, ESCAPED: so"),))) == ["ESCAPED: so"]
        zygote = sandbox.zygotes()[0]
        stray = subprocess.Popen(["sleep", "60"], process_group=zygote)
        assert scene.tripped(Attempt()) == [f"process {stray.pid} was started"]
        assert stray.wait(5) == -signal.SIGKILL
        os.kill(zygote, signal.SIGKILL)
        os.waitid(os.P_PID, zygote, os.WEXITED | os.WNOWAIT)  # on a busy machine a killed process lives on for a while
        seen = scene.tripped(Attempt())
        assert f"a zygote ({zygote}) is gone" in seen
        scene.witness.leave()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
)  # fmt: skip


@given(JSON)
def test_every_plain_json_value_is_well_formed(value: object) -> None:
    assert ill_formed(Answer("json", Reply(value)), LIMITS) == ""


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


class Text(str):
    pass


@given(st.lists(st.integers(0, 3), max_size=5))
def test_what_is_no_json_is_found_however_deep(path: list[int]) -> None:
    for wrong in (
        float("nan"),
        float("-inf"),
        2**53,
        "\ud800",
        b"x",
        Text("x"),
        (1,),
        {1: 2},
        {"\udfff": 1},
        nested(65),
    ):
        value: object = wrong
        for step in path:
            value = [value, 1] if step % 2 else {"key": value, "other": [step]}
        assert ill_formed(Answer("json", Reply(value)), LIMITS) != ""
    assert ill_formed(Answer("json", Reply(nested(64))), LIMITS) == ""


@pytest.mark.parametrize(
    ("kind", "value"),
    [("bool", 1), ("bool", None), ("text", b"x"), ("text", Text("x")), ("text", "\ud800"), ("text", "x" * (1 << 17))],
)
def test_a_value_of_another_kind_is_ill_formed(kind, value: object) -> None:
    assert ill_formed(Answer(kind, Reply(value)), LIMITS) != ""


def test_a_value_beside_a_failure_is_ill_formed() -> None:
    assert ill_formed(Answer("text", Reply("x", failure())), LIMITS) == "a value beside a failure"
    assert ill_formed(Answer("text", Reply(None, failure())), LIMITS) == ""


def test_what_the_parent_suffers_is_misjudged() -> None:
    assert misjudged(Attempt(answers=(text("fine"),), seconds=1.0, bound=2.0), LIMITS) == []
    bad = Attempt(
        answers=(text(None), Answer("text", Reply(None, failure(blame=Blame.INFRASTRUCTURE)))),
        raised=ValueError("oh"),
        rules={"R1": 5},
        killed=1,
        seconds=3.0,
        bound=2.0,
    )
    assert misjudged(bad, LIMITS) == [
        "the parent raised ValueError: oh",
        "held its caller for 3.0 s, more than 2.0",
        "is blamed on the infrastructure: no",
        "its worker died as if killed from outside",
        "was accepted with a NoneType for text",
        "was accepted with rules that are no sentences",
    ]


def test_a_forged_reply_has_to_end_all_trust() -> None:
    assert disqualified(Attempt(answers=(text("one"), failed("reply"), failed("reply")))) is None
    assert disqualified(Attempt(refused=failure("load"))) is None
    assert disqualified(Attempt(answers=(text("one"), text("two")))) == "was not recognised"
    assert disqualified(Attempt(answers=(failed("timeout"), failed("timeout")))) == "was not recognised"
    again = Attempt(answers=(failed("reply"), text("two")))
    assert disqualified(again) == "was trusted again after a forged reply"


def test_what_must_be_refused_is_refused_at_once_or_at_all() -> None:
    late = Attempt(answers=(text("one"), failed("timeout")))
    assert failing(late) is None
    assert refused(late) == "was not refused"
    assert refused(Attempt(answers=(failed("type"), text("one")))) is None
    assert failing(Attempt(answers=(text("one"),))) == "was not refused"


def test_kept_state_is_an_escape_unless_the_audit_saw_it() -> None:
    kept = (text("KEPT 1"), text("KEPT 2"))
    assert unseen(Attempt(answers=kept)) == "kept state that the audit did not see: KEPT 2"
    assert unseen(Attempt(answers=kept, audited=failure("stateful"))) is None
    assert unseen(Attempt(answers=(text("same"), text("same")))) is None


@given(st.text())
def test_what_is_printed_of_an_attack_is_one_short_plain_line(told: str) -> None:
    line = printable(told)
    assert line.isprintable()
    assert len(line) <= 160
