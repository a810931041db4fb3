import subprocess
import sys

import pytest

from bridle.environments import catalog
from bridle.errors import UsageError
from bridle.testing.toy import Doors


def test_textarena_ids_carry_their_options() -> None:
    environment = catalog.resolve("textarena/Chess-v0?history=board&corrections=none")
    assert environment.name == "textarena/Chess-v0?history=board&corrections=none"
    assert environment.contract.observation == "board"
    assert catalog.resolve("textarena/Chess-v0").contract.observation == "full"


@pytest.mark.parametrize(
    ("environment_id", "says"),
    [
        ("textarena/Ches-v0", "textarena/Chess-v0"),
        ("chess", "textarena/Chess-v0"),
        ("textarena/chess-v0", "textarena/Chess-v0"),
        ("textarena/Chess-v0?histroy=board", "'history'"),
        ("textarena/Chess-v0?history=short", "full, board"),
        ("textarena/Chess-v0?history=board&history=full", "each once"),
        ("no_such_module:Class", "no_such_module"),
        ("bridle.testing.toy:Door", "bridle.testing.toy:Doors"),
        ("bridle.testing.toy:Doors?sise=3", "sise"),
        ("bridle.testing.toy:RULES", "not a class"),
        ("bridle.testing.toy:DoorsEpisode", "size"),
        ("nonsense", "bridle environments"),
    ],
)
def test_a_wrong_id_is_one_sentence_that_helps(environment_id: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        catalog.resolve(environment_id)
    assert says in str(caught.value)


def test_a_class_gets_its_options_as_text() -> None:
    environment = catalog.resolve("bridle.testing.toy:Doors?size=5")
    assert isinstance(environment, Doors)
    assert environment.size == 5


def test_a_class_in_the_current_folder_is_found(tmp_path, monkeypatch) -> None:
    (tmp_path / "my_rooms.py").write_text("from bridle.testing.toy import Doors\nclass Rooms(Doors): pass\n")
    monkeypatch.chdir(tmp_path)
    assert type(catalog.resolve("my_rooms:Rooms")).__name__ == "Rooms"


def test_a_module_that_is_broken_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / "my_broken.py").write_text("def (:\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="my_broken"):
        catalog.resolve("my_broken:Rooms")


def test_the_listing_has_the_papers_games_and_loads_no_textarena() -> None:
    script = (
        "import sys\nfrom bridle.environments.catalog import listing\n"
        "rows = [row for row in listing() if row.id.startswith('textarena/')]\n"
        "print(len(rows), sum(row.evaluated for row in rows), sum(row.players == 1 for row in rows),"
        " 'textarena' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["145", "32", "44", "False"]
