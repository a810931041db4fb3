"""What the journal keeps, who may write it, and what of it can be erased."""

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.errors import JournalBusy, JournalFault, UsageError
from bridle.journal import GENESIS, Journal

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half a surrogate pair is no text.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), JSON, max_size=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def files(path: Path) -> bytes:
    """All bytes of a journal on the disk."""
    return b"".join(part.read_bytes() for part in sorted(path.parent.glob(path.name + "*")))


@settings(max_examples=40)  # each is a few durable writes
@given(payloads=st.lists(OBJECTS, max_size=6))
def test_what_was_recorded_is_read_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[dict]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    with Journal(path) as journal:
        for number, payload in enumerate(payloads):
            journal.append("kind", str(number), payload)
        head = journal.head
    with Journal(path, write=False) as journal:
        assert [(event.seq, event.key, event.payload) for event in journal.events()] == [
            (number + 1, str(number), payload) for number, payload in enumerate(payloads)
        ]
        assert journal.verify() == len(payloads)
        assert journal.head == head
        assert (head == GENESIS) == (not payloads)


def test_events_are_found_by_kind_and_key_and_the_last_is_the_newest(path: Path) -> None:
    with Journal(path) as journal:
        for number, (kind, key) in enumerate([("a", "1"), ("b", "1"), ("a", "2"), ("a", "1")]):
            journal.append(kind, key, {"n": number})
        assert [e.seq for e in journal.events("a")] == [1, 3, 4]
        assert [e.seq for e in journal.events("a", "1")] == [1, 4]
        assert [e.seq for e in journal.events(key="1")] == [1, 2, 4]
        assert [(e.seq, e.payload) for e in [journal.last("a")] if e] == [(4, {"n": 3})]
        assert journal.last("a", "2") == next(journal.events("a", "2"))
        assert journal.last("c") is None


@pytest.mark.parametrize("name", ["run #1", "50% done?mode=memory", "ünï", "a&b;c"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "journal.sqlite"
    with Journal(path) as journal:
        journal.append("kind", "", {})
    assert path.exists()
    with Journal(path, write=False) as journal:
        assert journal.verify() == 1


def test_a_second_writer_is_refused_and_readers_are_not(path: Path) -> None:
    with Journal(path) as journal:
        with pytest.raises(JournalBusy, match=r"bridle report"):
            Journal(path)
        with Journal(path, write=False) as reader:
            journal.append("kind", "", {"n": 1})
            assert reader.verify() == 1
            journal.append("kind", "", {"n": 2})
            assert [e.payload for e in reader.events()] == [{"n": 1}, {"n": 2}]
    with Journal(path) as journal:
        assert journal.verify() == 2


def test_threads_of_one_process_may_append_at_once(path: Path) -> None:
    with Journal(path) as journal:
        threads = [
            threading.Thread(target=lambda k=k: [journal.append("kind", str(k), {"n": n}) for n in range(10)])
            for k in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.verify() == 40
        for k in range(4):
            assert [e.payload for e in journal.events(key=str(k))] == [{"n": n} for n in range(10)]


def test_an_erased_payload_is_gone_from_the_disk_and_the_chain_verifies(path: Path) -> None:
    secret = {"prompt": "".join(chr(0x4E00 + n * 7 % 20000) for n in range(5000))}
    with Journal(path) as journal:
        journal.append("call.intent", "1", {"prompt": "harmless"})
        event = journal.append("call.intent", "2", secret)
        journal.append("call.intent", "3", {"prompt": "harmless too"})
        with sqlite3.connect(path) as db:
            (body,) = db.execute("SELECT body FROM payloads JOIN events ON payload = digest WHERE seq = 2").fetchone()
        db.close()
        pieces = [body[at : at + 64] for at in range(0, len(body) - 64, 64)]
        assert any(piece in files(path) for piece in pieces)
        journal.erase(event.seq)
        assert not any(piece in files(path) for piece in pieces)
        assert [e.payload for e in journal.events()] == [{"prompt": "harmless"}, None, {"prompt": "harmless too"}]
        assert journal.verify() == 3
    with Journal(path) as journal:
        assert journal.verify() == 3
        journal.append("call.intent", "4", {})
        assert journal.verify() == 4


def test_erasing_what_is_not_there_is_refused(path: Path) -> None:
    with Journal(path) as journal, pytest.raises(JournalFault, match="no event 7"):
        journal.erase(7)


def test_a_journal_opened_for_reading_is_not_written(path: Path) -> None:
    Journal(path).close()
    with Journal(path, write=False) as journal:
        with pytest.raises(JournalFault, match="opened for reading"):
            journal.append("kind", "", {})
        with pytest.raises(JournalFault, match="opened for reading"):
            journal.erase(1)


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": 2**60}, {"x": "\ud800"}, {"x": {1, 2}}])
def test_what_is_not_json_is_refused_and_leaves_nothing(path: Path, payload: dict) -> None:
    with Journal(path) as journal:
        journal.append("kind", "", {})
        with pytest.raises(ValueError, match=r"."):
            journal.append("kind", "", payload)
        journal.append("kind", "", {})
        assert journal.verify() == 2


def test_an_append_that_fails_leaves_nothing_and_the_next_one_works(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("kind", "", {"n": 1})
        with sqlite3.connect(path, isolation_level=None, timeout=0) as other:
            # The journal waits five seconds for a foreign lock, so a full disk is played by a trigger.
            other.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
            with pytest.raises(JournalFault, match="disk full"):
                journal.append("kind", "", {"n": 2})
            other.execute("DROP TRIGGER full")
        other.close()
        journal.append("kind", "", {"n": 3})
        assert [e.payload for e in journal.events()] == [{"n": 1}, {"n": 3}]
        assert journal.verify() == 2


def test_what_is_no_journal_is_said_in_a_sentence_and_can_be_tried_again(path: Path) -> None:
    with pytest.raises(JournalFault, match="There is no journal"):
        Journal(path, write=False)
    path.write_text("This is some other file, and long enough to look like one. " * 50)
    kept = []
    for _ in range(2):  # the second is not told that the first still writes it, though its traceback is still held
        with pytest.raises(JournalFault, match="not a journal") as caught:
            Journal(path)
        kept.append(caught)
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE photos (name TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalFault, match="not a journal"):
        Journal(path)
    assert path.read_bytes() == before


def test_another_version_is_refused_untouched(path: Path) -> None:
    Journal(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 7")
    other.close()
    for write in (True, False, True):
        with pytest.raises(JournalFault, match="version 7"):
            Journal(path, write=write)


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be written"):
        Journal(tmp_path / "file" / "run" / "journal.sqlite")


def test_closing_twice_is_no_error(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    journal.close()
