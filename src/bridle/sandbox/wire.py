"""The two pipes between the parent and a worker: numbers and layouts that both sides must agree on.

Parent to worker: a header (size of the body, sequence number), then a marshalled body. Marshal is safe in this
direction only: the worker trusts the parent.

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

HEAD = struct.Struct("<II")
"""Request header: size of the body in bytes, sequence number."""

SEQUENCE = struct.Struct("<I")
"""What a reply begins with: the sequence number of its request."""

LENGTH = struct.Struct("<I")
"""Length of a reply's payload in bytes."""

TRUE, FALSE, TEXT, DATA, PROBLEM = b"T"[0], b"F"[0], b"S"[0], b"J"[0], b"E"[0]
"""Reply tags: two truth values, text, JSON, and a failure (JSON)."""

CHUNK = 65536
"""Bytes per read. A larger buffer costs more to allocate than the further reads that it saves."""

MARSHAL = 2
"""Version of the marshal format: the last one without references between objects, and the fastest to write."""

MAX_BATCH = 100
"""Calls in one frame; larger frames spill out of the caches and the pipe."""

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
