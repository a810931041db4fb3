"""Replays: exact, refusing what was not recorded, and guarded against edits."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import ModelFault, ReplayMiss, UsageError
from bridle.models import Completion, Request, Scripted, Usage, open_model
from bridle.models.replay import Recorder, Replay
from bridle.testing.model import fault_of

FULL = Completion(
    text="text\n", model="assistant", usage=Usage(input_tokens=9, output_tokens=3), usd=0.25, seconds=61.5
)


def record(path: Path, *pairs: tuple[Request, str | Completion], about: dict[str, str] | None = None) -> Path:
    answers = iter([answer for _, answer in pairs])
    recorder = Recorder(Scripted(lambda _: next(answers)), path, about=about)
    for request, _ in pairs:
        recorder.complete(request)
    return path


def test_everything_about_an_answer_comes_back(tmp_path: Path) -> None:
    request = Request(
        prompt="p ♜\n", sample=4, max_output_tokens=9, settings={"temperature": 0.5, "on": True, "s": "x"}
    )
    path = record(tmp_path / "r.jsonl", (request, FULL), about={"prompts": "3"})
    replay = Replay(path)
    assert replay.complete(request) == FULL
    assert replay.about == {"prompts": "3"}
    assert len(replay) == 1
    line = json.loads(path.read_text().splitlines()[1])
    assert line["request"] == request.digest
    assert line["prompt"] == request.prompt
    assert line["model"] == "assistant"


def test_one_line_for_each_answer_is_on_disk_before_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = Recorder(Scripted(["a", "b"]), path)
    for count in (1, 2):
        recorder.complete(Request(prompt="p"))
        assert len(path.read_text().splitlines()) == count + 1


def test_the_same_request_is_answered_in_order_of_recording(tmp_path: Path) -> None:
    one, two = Request(prompt="p"), Request(prompt="p", sample=1)
    replay = Replay(record(tmp_path / "r.jsonl", (one, "a"), (two, "x"), (one, "b")))
    assert [replay.complete(request).text for request in (one, one, two)] == ["a", "b", "x"]
    with pytest.raises(ReplayMiss, match="2 answers to this request") as miss:
        replay.complete(one)
    assert miss.value.permanent
    assert Replay(replay.path).complete(one).text == "a"


def test_an_unknown_request_is_refused_with_what_differs(tmp_path: Path) -> None:
    known = Request(prompt="same\nsame\nthe old sentence\nrest")
    path = record(tmp_path / "r.jsonl", (Request(prompt="elsewhere"), "x"), (known, "y"))
    with pytest.raises(ReplayMiss) as miss:
        Replay(path).complete(Request(prompt="same\nsame\nthe new sentence\nrest"))
    sentence = str(miss.value)
    assert "line 3" in sentence
    assert "in its line 3" in sentence
    assert "the old sentence" in sentence
    assert "the new sentence" in sentence
    assert "record it anew" in sentence
    with pytest.raises(ReplayMiss, match="another sample"):
        Replay(path).complete(Request(prompt=known.prompt, sample=7))
    with pytest.raises(ReplayMiss, match="none at all"):
        Replay(record(tmp_path / "empty.jsonl")).complete(known)


def test_faults_pass_the_recorder_and_are_not_recorded(tmp_path: Path) -> None:
    recorder = Recorder(Scripted([ModelFault("no"), "yes"]), tmp_path / "r.jsonl")
    assert str(fault_of(recorder, Request(prompt="p"))) == "no"
    recorder.complete(Request(prompt="p"))
    assert Replay(tmp_path / "r.jsonl").complete(Request(prompt="p")).text == "yes"


def test_recording_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = record(tmp_path / "r.jsonl", (Request(prompt="1"), "a"), about={"prompts": "3"})
    record(path, (Request(prompt="2"), "b"), about={"prompts": "3"})
    assert len(Replay(path)) == 2
    with pytest.raises(UsageError, match="name a new file"):
        Recorder(Scripted([]), path, about={"prompts": "4"})


def test_threads_record_whole_lines(tmp_path: Path) -> None:
    recorder = Recorder(Scripted(lambda request: request.prompt * 1000), tmp_path / "r.jsonl")
    threads = [threading.Thread(target=recorder.complete, args=(Request(prompt=f"{n:03}"),)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    replay = Replay(tmp_path / "r.jsonl")
    assert all(replay.complete(Request(prompt=f"{n:03}")).text == f"{n:03}" * 1000 for n in range(40))


def test_threads_share_the_recorded_answers(tmp_path: Path) -> None:
    request = Request(prompt="p")
    replay = Replay(record(tmp_path / "r.jsonl", *((request, str(n)) for n in range(50))))
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(replay.complete(request).text)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [str(n) for n in range(50)]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text.replace('"prompt": "p"', '"prompt": "q"'), r"line 2: the request was edited"),
        (lambda text: text[:-5], r"line 2: cut off"),
        (lambda text: text.replace('"text"', '"txt"'), r"line 2: not a recorded answer"),
        (lambda text: text.replace('"assistant"', '"a'), r"line 2: not a recorded answer"),
        (lambda text: text.replace('"text": "text\\n"', '"text": " "'), r"line 2: not a recorded answer"),
        (lambda text: text.replace('"replay": 1', '"replay": 2'), r"version 2"),
        (lambda text: "", r"not a replay"),
        (lambda text: "def propose_action(board):\n", r"not a replay"),
        (lambda text: "[1]\n", r"not a replay"),
        (lambda text: '{"replay": 1, "about": 5}\n', r"not a replay"),
        (lambda text: text + "\n", r"line 3: not a recorded answer"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, damage: object, sentence: str) -> None:
    path = record(tmp_path / "r.jsonl", (Request(prompt="p"), FULL))
    whole = path.read_text()
    damaged = damage(whole)  # type: ignore[operator]
    assert damaged != whole
    path.write_text(damaged)
    with pytest.raises(UsageError, match=sentence):
        open_model(f"replay:{path}")
    if damaged:
        with pytest.raises(UsageError, match=sentence):
            Recorder(Scripted([]), path)
        assert path.read_text() == damaged


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a file"):
        open_model(f"replay:{tmp_path / 'none.jsonl'}")
    with pytest.raises(UsageError, match="can't be read"):
        Replay(tmp_path)
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        Replay(tmp_path / "b")
    with pytest.raises(UsageError, match="can't be written"):
        Recorder(Scripted([]), tmp_path / "no" / "folder.jsonl")


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"])),
    text=st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: text.strip()),
    sample=st.integers(0, 99),
    usd=st.none() | st.floats(0, 1e6),
    seconds=st.floats(0, 1e6),
)
def test_any_answer_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, prompt: str, text: str, sample: int, usd: float | None, seconds: float
) -> None:
    path = tmp_path_factory.mktemp("replay") / "r.jsonl"
    completion = Completion(
        text=text, model="m", usage=Usage(input_tokens=1, output_tokens=1), usd=usd, seconds=seconds
    )
    request = Request(prompt=prompt, sample=sample)
    record(path, (request, completion))
    assert Replay(path).complete(request) == completion
