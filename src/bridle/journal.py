"""The journal: an append-only, hash-chained log in one SQLite file. A run is a fold over it.

Each event commits to its kind, its key, its time, the digest of its payload and the hash of the event before it.
Payloads lie beside the chain, so that one can be erased (a prompt that held personal data) and the chain still
verifies: what is gone is seen to be gone. Nothing is ever changed otherwise. Times are kept for people and enter no
result. A journal that was cut short at its end still verifies: only a `head` that was kept elsewhere tells.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from bridle.errors import JournalBusy, JournalFault, UsageError
from bridle.harness import digest

VERSION = 1
GENESIS = "0" * 64

SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, at TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TABLE payloads (digest TEXT PRIMARY KEY, body BLOB);
CREATE INDEX events_kind_key ON events (kind, key);
PRAGMA user_version = {VERSION};
COMMIT;
"""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event. `payload` is None where it was erased."""

    seq: int
    kind: str
    key: str
    payload: dict[str, Any] | None
    at: str
    hash: str


def link(previous: str, seq: int, kind: str, key: str, at: str, payload_digest: str) -> str:
    """The hash of an event: SHA-256 over the previous hash and all that the event commits to, in hex."""
    text = json.dumps([previous, seq, kind, key, at, payload_digest], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """One run's journal. One process writes at a time; any number may read.

    Appending is durable when it returns (`synchronous = FULL`, about 2.5 ms): journal model calls and nodes, never
    rollout steps. Safe to use from several threads of the writing process.
    """

    def __init__(self, path: Path, *, write: bool = True) -> None:
        """Open or (when writing) create the journal at `path`.

        Raises:
            JournalBusy: another process writes it.
            JournalFault: it is not there (reading), is no journal, or is of another version.
            UsageError: its folder can't be written.
        """
        self.path, self._write = path, write
        self._lock = threading.RLock()
        self._file = _locked(path) if write else None
        if not write and not path.exists():
            raise JournalFault(f"There is no journal at {path}; name the folder of a run.")
        mode = "rwc" if write else "ro"
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, check_same_thread=False, isolation_level=None
            )
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise
        except BaseException as error:
            if self._file is not None:
                self._file.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise JournalFault(f"{path} is not a journal of Bridle ({error}); name the folder of a run.") from None
            raise

    def _open(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if self._write and version == 0:
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise JournalFault(f"{self.path} is not a journal of Bridle; name another folder.")
            self._db.executescript(SCHEMA)
        elif version != VERSION:
            raise JournalFault(
                f"{self.path} has version {version} and this Bridle reads {VERSION}; use another release."
            )
        if self._write:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlinked

    @property
    def head(self) -> str:
        """The hash of the newest event: it commits to the whole journal."""
        return self._tip()[1]

    def append(self, kind: str, key: str, payload: dict[str, Any]) -> Event:
        """Record an event; durable when this returns. `payload` is a JSON object.

        Raises:
            JournalFault: it can't be written; nothing was recorded.
            ValueError: the payload is not JSON (a NaN, a whole number above 2⁵³, half a surrogate pair).
        """
        body = digest(payload)
        packed = zlib.compress(json.dumps(payload, ensure_ascii=False).encode(), 3)
        with self._transaction():
            seq, previous = self._tip()
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            head = link(previous, seq + 1, kind, key, at, body)
            self._db.execute("INSERT OR REPLACE INTO payloads VALUES (?, ?)", (body, packed))
            self._db.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (seq + 1, kind, key, body, at, previous, head)
            )
        return Event(seq=seq + 1, kind=kind, key=key, payload=payload, at=at, hash=head)

    def events(self, kind: str | None = None, key: str | None = None) -> Iterator[Event]:
        """The events in order, all or those of a kind and key.

        Raises:
            JournalFault: a payload can't be read.
        """
        yield from map(self._event, self._rows(kind, key, "ORDER BY seq"))

    def last(self, kind: str, key: str | None = None) -> Event | None:
        """The newest event of a kind (and key), or None."""
        return next(map(self._event, self._rows(kind, key, "ORDER BY seq DESC LIMIT 1")), None)

    def erase(self, seq: int) -> None:
        """Erase the payload of an event for good, and of every event that has the same.

        The chain keeps its digest and still verifies. Copies of the file are the caller's matter.

        Raises:
            JournalFault: there is no such event.
            JournalBusy: somebody is reading, so that the old text still lies in the file; erase it again.
        """
        with self._transaction():
            done = self._db.execute(
                "UPDATE payloads SET body = NULL WHERE digest = (SELECT payload FROM events WHERE seq = ?)", (seq,)
            )
            if done.rowcount == 0:
                raise JournalFault(f"{self.path} has no event {seq}; there is nothing to erase.")
        with self._lock:
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise JournalBusy(f"Somebody is reading {self.path}; erase event {seq} again when that has ended.")

    def verify(self) -> int:
        """Check the chain and every payload that is still there; the number of events.

        Raises:
            JournalFault: an event or payload is not what was recorded; the sentence names the first one.
        """
        previous, count = GENESIS, 0
        query = (
            "SELECT seq, kind, key, at, payload, previous, hash, digest, body "
            "FROM events LEFT JOIN payloads ON digest = payload ORDER BY seq"
        )
        try:
            with self._lock:
                for seq, *committed, before, head, stored, body in self._db.execute(query):
                    count += 1
                    if (seq, before) != (count, previous) or not _sound(previous, seq, committed, head, stored, body):
                        raise self._broken(seq)
                    previous = head
                report = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            report = str(error)
        if report != "ok":
            raise JournalFault(f"{self.path} is damaged ({report}); restore the journal from a copy.")
        return count

    def _tip(self) -> tuple[int, str]:
        """Number and hash of the newest event: read, not remembered, so that no interrupt leaves a stale one."""
        with self._lock:
            row = self._db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (0, GENESIS)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        if not self._write:
            raise JournalFault(f"{self.path} was opened for reading; open it to write.")
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.DatabaseError):
                    raise JournalFault(f"{self.path} can't be written ({error}); mend that and go on.") from error
                raise

    def _rows(self, kind: str | None, key: str | None, order: str) -> list[tuple[Any, ...]]:
        query = "SELECT seq, kind, key, body, at, hash FROM events LEFT JOIN payloads ON digest = payload"
        conditions = [(c, v) for c, v in (("kind = ?", kind), ("key = ?", key)) if v is not None]
        if conditions:
            query += " WHERE " + " AND ".join(c for c, _ in conditions)
        try:
            with self._lock:
                return self._db.execute(f"{query} {order}", [v for _, v in conditions]).fetchall()
        except sqlite3.DatabaseError as error:
            raise JournalFault(f"{self.path} is damaged ({error}); restore the journal from a copy.") from error

    def _event(self, row: tuple[Any, ...]) -> Event:
        seq, kind, key, body, at, head = row
        try:
            payload = None if body is None else json.loads(zlib.decompress(body))
        except (zlib.error, TypeError, ValueError, RecursionError):
            raise self._broken(seq) from None
        return Event(seq=seq, kind=kind, key=key, payload=payload, at=at, hash=head)

    def _broken(self, seq: int) -> JournalFault:
        return JournalFault(f"{self.path}: event {seq} is not what was recorded; restore the journal from a copy.")

    def close(self) -> None:
        """Close; closing twice is no error. Waits for an append of another thread that is under way."""
        with self._lock:
            self._db.close()
            if self._file is not None:
                self._file.close()
                self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _locked(path: Path) -> IO[str]:
    """The lock beside the journal, held until it is closed or the process ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path.with_suffix(".lock"), "w")  # noqa: SIM115 - held until close
    except OSError as error:
        raise UsageError(f"{path.parent} can't be written ({error.strerror}); name another folder.") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise JournalBusy(
            f"Another process is writing {path}; wait for it to end, or read the run with  bridle report."
        ) from None
    return file


def _sound(previous: str, seq: int, committed: list[Any], head: Any, stored: Any, body: Any) -> bool:
    """Whether an event's hash and payload are what they should be; `committed` is kind, key, time, payload's digest.

    A payload that was erased has its row still; one whose row is gone was not erased by a journal.
    """
    try:
        intact = body is None or digest(json.loads(zlib.decompress(body))) == stored
        return intact and stored is not None and head == link(previous, seq, *committed)
    except (zlib.error, TypeError, ValueError, RecursionError):
        return False  # no text where text was, or no JSON where JSON was
