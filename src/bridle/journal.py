"""The journal: an append-only, hash-chained log in one SQLite file. A run is a fold over it.

Each event commits to its kind, its key, the digest of its payload and the hash of the event before it. Payloads lie
beside the chain, so that one can be erased (a prompt that held personal data) and the chain still verifies: what is
gone is seen to be gone. Nothing is ever changed otherwise. Times are kept for people and enter no result.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bridle.errors import JournalBusy, JournalFault
from bridle.harness import digest

VERSION = 1
GENESIS = "0" * 64

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, at TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS payloads (digest TEXT PRIMARY KEY, body BLOB);
CREATE INDEX IF NOT EXISTS events_kind_key ON events (kind, key);
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


def link(previous: str, seq: int, kind: str, key: str, payload_digest: str) -> str:
    """The hash of an event: SHA-256 over the previous hash and all that the event commits to, in hex."""
    text = json.dumps([previous, seq, kind, key, payload_digest], ensure_ascii=False, separators=(",", ":"))
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
        """
        self.path = path
        self._lock = threading.RLock()
        self._file = None
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path.with_suffix(".lock"), "w")  # noqa: SIM115 - held until close
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise JournalBusy(
                    f"Another process is writing {path}; wait for it to end, or read the run with  bridle report."
                ) from None
        elif not path.exists():
            raise JournalFault(f"There is no journal at {path}; name the folder of a run.")
        try:
            self._open(write)
        except sqlite3.DatabaseError as error:
            raise JournalFault(f"{path} is not a journal of Bridle ({error}); name the folder of a run.") from None

    def _open(self, write: bool) -> None:
        uri = f"file:{self.path}?mode={'rwc' if write else 'ro'}"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        if write:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(SCHEMA)
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if write and version == 0:
            self._db.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise JournalFault(
                f"{self.path} has version {version} and this Bridle reads {VERSION}; use another release."
            )
        row = self._db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        self._seq: int = row[0] if row else 0
        self._head: str = row[1] if row else GENESIS

    @property
    def head(self) -> str:
        """The hash of the newest event: it commits to the whole journal."""
        return self._head

    def append(self, kind: str, key: str, payload: dict[str, Any]) -> Event:
        """Record an event; durable when this returns. `payload` is a JSON object."""
        with self._lock:
            body = digest(payload)
            seq, previous, at = self._seq + 1, self._head, datetime.now(UTC).isoformat(timespec="milliseconds")
            head = link(previous, seq, kind, key, body)
            packed = zlib.compress(json.dumps(payload, ensure_ascii=False).encode(), 3)
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO payloads VALUES (?, ?)", (body, packed))
            self._db.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (seq, kind, key, body, at, previous, head)
            )
            self._db.execute("COMMIT")
            self._seq, self._head = seq, head
            return Event(seq=seq, kind=kind, key=key, payload=payload, at=at, hash=head)

    def events(self, kind: str | None = None, key: str | None = None) -> Iterator[Event]:
        """The events in order, all or those of a kind and key."""
        query = "SELECT seq, kind, key, body, at, hash FROM events LEFT JOIN payloads ON digest = payload"
        conditions = [(c, v) for c, v in (("kind = ?", kind), ("key = ?", key)) if v is not None]
        if conditions:
            query += " WHERE " + " AND ".join(c for c, _ in conditions)
        with self._lock:
            rows = self._db.execute(query + " ORDER BY seq", [v for _, v in conditions]).fetchall()
        for seq, event_kind, event_key, body, at, head in rows:
            payload = None if body is None else json.loads(zlib.decompress(body))
            yield Event(seq=seq, kind=event_kind, key=event_key, payload=payload, at=at, hash=head)

    def last(self, kind: str, key: str | None = None) -> Event | None:
        """The newest event of a kind (and key), or None."""
        return next(iter(list(self.events(kind, key))[-1:]), None)

    def erase(self, seq: int) -> None:
        """Erase the payload of an event, for good; the chain keeps its digest and still verifies."""
        with self._lock:
            self._db.execute(
                "UPDATE payloads SET body = NULL WHERE digest = (SELECT payload FROM events WHERE seq = ?)", (seq,)
            )

    def verify(self) -> int:
        """Check the chain and every payload that is still there; the number of events.

        Raises:
            JournalFault: an event or payload is not what was recorded; the sentence names the first one.
        """
        previous, count = GENESIS, 0
        rows = self._db.execute(
            "SELECT seq, kind, key, payload, previous, hash, body FROM events LEFT JOIN payloads ON digest = payload "
            "ORDER BY seq"
        )
        for seq, kind, key, payload_digest, before, head, body in rows:
            count += 1
            intact = body is None or digest(json.loads(zlib.decompress(body))) == payload_digest
            if (
                seq != count
                or before != previous
                or head != link(previous, seq, kind, key, payload_digest)
                or not intact
            ):
                raise JournalFault(
                    f"{self.path}: event {seq} is not what was recorded; restore the journal from a copy."
                )
            previous = head
        return count

    def close(self) -> None:
        """Close; closing twice is no error."""
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
