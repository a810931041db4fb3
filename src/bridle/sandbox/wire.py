"""The two pipes between the parent and a worker: numbers and layouts that both sides must agree on.

Parent to worker, in one of two forms. A single call that fits into an atomic write is a bare marshalled tuple: sequence
number, function, seed, values. Everything else is a header (a mark, the body's size, the sequence number) and a
marshalled body. Marshal is safe in this direction only: the worker trusts the parent.

Worker to parent: the sequence number of the request, then one reply per call: a tag byte, and for every tag but the two
truth values a length and that many bytes of UTF-8 or JSON. Nothing of it is ever unmarshalled or unpickled.

Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import struct

REQUEST_FD = 3
"""The worker's end of the request pipe; the only descriptor that it may read."""

REPLY_FD = 4
"""The worker's end of the reply pipe; the only descriptor that it may write."""

MARK = b"#"[0]
"""First byte of a frame with a header. A bare tuple begins with marshal's own code for one."""

HEAD = struct.Struct("<BII")
"""Header of a frame: the mark, the size of its body in bytes, its sequence number."""

ATOMIC = 4096
"""Largest bare tuple in bytes: what a pipe writes, and so gives to the reader, as one (`PIPE_BUF`)."""

SEQUENCE = struct.Struct("<I")
"""What a reply begins with: the sequence number of its request."""

LENGTH = struct.Struct("<I")
"""Length of a reply's payload in bytes."""

LAST_SEQUENCE = 255
"""Sequence numbers go from 1 to this and around again: few, so that each has its bytes ready."""

TRUE, FALSE, TEXT, DATA, PROBLEM = b"T"[0], b"F"[0], b"S"[0], b"J"[0], b"E"[0]
"""Reply tags: two truth values, text, JSON, and a failure (JSON)."""

CHUNK = 65536
"""Bytes per read by the parent. A larger buffer costs more to allocate than the further reads that it saves."""

PIPE = 1 << 18
"""Bytes that a request pipe should hold, and the worker reads at once: a batch of 100 observations."""

MARSHAL = 2
"""Version of the marshal format: the last one without references between objects, and the fastest to write."""

MAX_BATCH = 100
"""Calls in one frame; larger frames spill out of the caches and the pipe."""

WATCH_SLOTS = 2048
WATCH_BYTES = WATCH_SLOTS * 8
"""Size of the page that the parent and the zygote share, which no worker sees.

Two unsigned 32-bit fields per worker: the sequence number of the call that the parent waits for (0: none), and the one
that the zygote killed the worker for.
"""

STARVED = 0x100
"""Added to it in the second field where the worker got no CPU to answer with."""

OVER_MEMORY = 0xFFFFFFFF
"""In the second field: killed for using too much memory, where the kernel does not keep to the limit."""

PAGE = 4096
"""Size of the page shared by the parent and a worker, in bytes."""

PAGE_SEQUENCE, PAGE_INDEX, PAGE_PRINTED = 0, 1, 2
"""Its unsigned 32-bit fields: the frame and the call in progress, and the characters printed so far.

The worker writes them and could lie; a lie can only blame another of its own calls.
"""

OUT_OF_MEMORY = 12
"""The exit status of a worker that had not even the memory to say so."""

FILENAME = "<harness>"
"""The file name that the harness is compiled under."""

MAX_MESSAGE = 2000
"""Characters of an error message that cross the boundary."""
