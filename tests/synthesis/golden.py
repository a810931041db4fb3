"""Golden texts, one file each; `BRIDLE_GOLDEN=write pytest …` writes them anew, to be read before they are committed."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def matches(name: str, text: str) -> bool:
    """Whether the text is the golden one; shows the difference where it isn't."""
    path = FOLDER / name
    if os.environ.get("BRIDLE_GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), f"{name} is another text; read it, and write it anew if it is right"
    return True
