"""A judged table is made once, kept, and the same when it is read again."""

from pathlib import Path

import pytest

from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.evaluation.tables import judged_table, table_path

DOORS = "bridle.testing.toy:Doors"


def test_a_kept_table_is_the_made_one(tmp_path: Path) -> None:
    environment = resolve(DOORS)
    made, kept = judged_table(environment, DOORS, "train", count=120, seed=3, folder=tmp_path)
    again, read = judged_table(environment, DOORS, "train", count=120, seed=3, folder=tmp_path)
    assert (kept, read) == (False, True)
    assert again == made
    assert {row.stratum for row in made} >= {"legal", "near-miss", "malformed"}


def test_a_table_of_other_versions_is_made_anew(tmp_path: Path) -> None:
    environment = resolve(DOORS)
    made, _ = judged_table(environment, DOORS, "sealed", count=40, seed=1, folder=tmp_path)
    path = table_path(DOORS, "sealed", count=40, seed=1, folder=tmp_path)
    path.write_text(path.read_text().replace('"table": 1', '"table": 0', 1))
    again, read = judged_table(environment, DOORS, "sealed", count=40, seed=1, folder=tmp_path)
    assert not read
    assert again == made


def test_an_environment_that_judges_nothing_is_a_sentence(tmp_path: Path) -> None:
    class Mute:
        def __init__(self) -> None:
            self._doors = resolve(DOORS)

        def __getattr__(self, name: str) -> object:
            return getattr(self._doors, name)

        def start(self, scenario: object) -> object:
            return object()

    with pytest.raises(UsageError, match="can't judge"):
        judged_table(Mute(), "mute", "train", count=10, seed=0, folder=tmp_path)  # type: ignore[arg-type]
