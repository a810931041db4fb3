"""Code as HTML: coloured Python, and what changed from one program to the next."""

from __future__ import annotations

import builtins
import difflib
import io
import keyword
import tokenize

from markupsafe import Markup, escape

NAMES = {**dict.fromkeys(dir(builtins), "builtin"), **dict.fromkeys([*keyword.kwlist, "match", "case"], "keyword")}
KINDS = {tokenize.COMMENT: "comment", tokenize.STRING: "string", tokenize.NUMBER: "number"}


def coloured(source: str) -> Markup:
    """The source with its parts in `<span class="…">`; without colours where it can't be read as Python."""
    parts, told, done = Markup(""), "", 0
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = KINDS.get(token.type) or (NAMES.get(token.string) if token.type == tokenize.NAME else None)
            if kind is not None:
                begin = starts[token.start[0] - 1] + token.start[1]
                before, done = source[done:begin], begin + len(token.string)
                parts += escape(before) + Markup('<span class="{}">{}</span>').format(kind, token.string)
                told += before + token.string
    except (tokenize.TokenError, SyntaxError, ValueError, IndexError):
        return escape(source)
    # Line ends that the tokeniser counts otherwise would shift everything: then the colours are wrong, not the text.
    return parts + escape(source[done:]) if told + source[done:] == source else escape(source)


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """What changed, as (class, line): `added`, `removed`, `place` for where, and empty for the lines around."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    _, _, *lines = [*difflib.unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm="")] or ["", ""]
    return [(kinds.get(line[:1], ""), line) for line in lines]
