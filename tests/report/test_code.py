"""Colours and changes: whatever the source, its text is all there, and nothing of it is taken for HTML."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.report.code import changes, coloured

CODE = st.lists(
    st.sampled_from(
        [
            "def f(x):\n",
            "    return",
            " x",
            " < 3 & y",
            "'<b>'",
            '"""',
            "\n",
            "# <i>\n",
            "\r",
            "\r\n",
            "\x0c",
            "\u2028",
            "é",
            "\\",
        ]
    )
    | st.text(max_size=4),
    max_size=15,
).map("".join)


@given(CODE)
def test_colours_change_nothing_of_the_text(source: str) -> None:
    shown = str(coloured(source))
    assert unescape(re.sub(r'<span class="\w+">|</span>', "", shown)) == source
    assert not re.search(r"<(?!span class=\"\w+\">|/span>)", shown)


def test_what_is_coloured() -> None:
    shown = str(coloured("def f(x):\n    return len('a') + 1  # why\n"))
    for kind, text in [
        ("keyword", "def"),
        ("keyword", "return"),
        ("builtin", "len"),
        ("string", "&#39;a&#39;"),
        ("number", "1"),
        ("comment", "# why"),
    ]:
        assert f'<span class="{kind}">{text}</span>' in shown


@pytest.mark.parametrize("source", ["", "def (", "'''", "x = (", "\0", "  x\n y"])
def test_what_is_no_python_is_shown_without_colours_at_worst(source: str) -> None:
    assert re.sub(r"<[^>]*>", "", str(coloured(source))) == source.replace("'", "&#39;")


@given(
    before=st.lists(st.sampled_from("abc-+@")).map("\n".join), after=st.lists(st.sampled_from("abc-+@")).map("\n".join)
)
def test_changes_lead_from_the_one_to_the_other(before: str, after: str) -> None:
    told = changes(before, after)
    assert (told == []) == (before.splitlines() == after.splitlines())
    assert [line for kind, line in told if kind == "added" and not line.startswith("+")] == []
    added = sum(kind == "added" for kind, _ in told) - sum(kind == "removed" for kind, _ in told)
    assert added == len(after.splitlines()) - len(before.splitlines())


def test_a_changed_line_is_marked() -> None:
    assert changes("a\nb\nc", "a\n--x\nc") == [
        ("place", "@@ -1,3 +1,3 @@"),
        ("", " a"),
        ("removed", "-b"),
        ("added", "+--x"),
        ("", " c"),
    ]
