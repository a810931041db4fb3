"""The reference page says what the commands' help says."""

from pathlib import Path

from bridle.cli.page import page

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_page_is_the_help() -> None:
    assert PAGE.read_text("utf-8") == page(), "renew it with  python -m bridle.cli.page > docs/commands.md"
    assert page().count("Example:") >= 7
