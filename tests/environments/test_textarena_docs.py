from textarena_docs import PAGE, written


def test_the_page_s_tables_are_the_package_s() -> None:
    """If not: python tests/environments/textarena_docs.py"""
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- table: ") == 4
    assert written(page) == page
