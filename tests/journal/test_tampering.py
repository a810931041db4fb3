"""Whoever changes a journal is found out: every field of every row, rows put in or taken out, bytes of the file."""

import random
import shutil
import sqlite3
import zlib
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridle.errors import JournalFault
from bridle.journal import Journal

EVENTS = 5
FIELDS = {
    "events": ("seq", "kind", "key", "payload", "at", "previous", "hash"),
    "payloads": ("digest", "body"),
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "journal.sqlite"
    with Journal(path) as journal:
        for number in range(EVENTS):
            journal.append("kind", f"key {number}", {"n": number, "text": "abc" * number})
    return path


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path))


def change(path: Path, statement: str, *values: object) -> int:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        return db.execute(statement, values).rowcount
    finally:
        db.close()


def refused(path: Path) -> bool:
    try:
        with Journal(path, write=False) as journal:
            journal.verify()
    except JournalFault:
        return True
    return False


def test_the_original_verifies(copy: Path) -> None:
    assert not refused(copy)


VALUES = ("9", 99, b"\x00", zlib.compress(b'{"n":7}'), zlib.compress(b"no JSON"))
CHANGES = [
    (table, field, value)
    for table, names in FIELDS.items()
    for field in names
    for value in ((99,) if field == "seq" else VALUES)  # the database itself refuses another seq
]


@pytest.mark.parametrize(("table", "field", "value"), CHANGES)
@pytest.mark.parametrize("row", range(EVENTS))
def test_a_changed_field_is_found(copy: Path, table: str, field: str, row: int, value: object) -> None:
    place = f"rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {row})"
    assert change(copy, f"UPDATE {table} SET {field} = ? WHERE {place}", value) == 1
    assert refused(copy)


@pytest.mark.parametrize(
    ("table", "row"),
    # The last event may go: a journal cut short at its end is told by its head alone.
    [("events", row) for row in range(EVENTS - 1)] + [("payloads", row) for row in range(EVENTS)],
)
def test_a_row_taken_out_is_found(copy: Path, table: str, row: int) -> None:
    assert change(copy, f"DELETE FROM {table} WHERE rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {row})") == 1
    assert refused(copy)


def test_two_rows_that_changed_places_are_found(copy: Path) -> None:
    for statement in ("seq = 100 WHERE seq = 2", "seq = 2 WHERE seq = 3", "seq = 3 WHERE seq = 100"):
        change(copy, f"UPDATE events SET {statement}")
    assert refused(copy)


def test_a_row_put_in_is_found(copy: Path) -> None:
    change(copy, "INSERT INTO events SELECT 6, kind, key, payload, at, previous, hash FROM events WHERE seq = 5")
    assert refused(copy)


def test_payloads_that_changed_places_are_found(copy: Path) -> None:
    change(copy, "UPDATE payloads SET body = (SELECT body FROM payloads WHERE rowid = 1)")
    assert refused(copy)


def test_an_erased_payload_is_no_tampering(copy: Path) -> None:
    change(copy, "UPDATE payloads SET body = NULL WHERE rowid = 3")
    assert not refused(copy)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found_or_changes_nothing(original: Path, at: int, bit: int, tmp_path_factory) -> None:
    data = bytearray(original.read_bytes())
    assume(at < len(data) or at % 7 == 0)
    data[at % len(data)] ^= 1 << bit
    path = tmp_path_factory.mktemp("flipped") / "journal.sqlite"
    path.write_bytes(bytes(data))
    try:
        with Journal(path, write=False) as journal, Journal(original, write=False) as intact:
            journal.verify()
            for kind in (None, "kind"):
                assert list(journal.events(kind)) == list(intact.events(kind))
    except JournalFault:
        pass


def test_an_index_that_hides_an_event_is_found(copy: Path) -> None:
    data = copy.read_bytes()
    entry = b"kindkey 3\x04"  # kind, key, seq: as the index has them
    assert data.count(entry) == 1
    copy.write_bytes(data.replace(entry, b"kindkey 8\x04"))
    assert refused(copy)


def test_reading_a_broken_payload_is_said(copy: Path) -> None:
    change(copy, "UPDATE payloads SET body = ? WHERE rowid = 2", random.Random(0).randbytes(20))
    with Journal(copy, write=False) as journal, pytest.raises(JournalFault, match="event 2"):
        list(journal.events())
