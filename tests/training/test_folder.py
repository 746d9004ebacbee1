"""Whose a run's folder is."""

import pytest

from mattekit.errors import InputError
from mattekit.training import recipe
from mattekit.training.job import RunFolder


@pytest.fixture
def tiny(recipe_file):
    return recipe.read(recipe_file)


def test_a_new_folder_gets_the_recipe_as_it_is_run(tmp_path, tiny):
    folder = RunFolder(tmp_path / "run")
    assert not folder.holds_run()
    folder.claim(tiny, resume=False)
    assert folder.holds_run()
    assert recipe.read(folder.recipe) == tiny


def test_another_run_is_not_written_over(tmp_path, tiny):
    RunFolder(tmp_path).claim(tiny, resume=False)
    with pytest.raises(InputError, match="holds a run\\.$"):
        RunFolder(tmp_path).claim(tiny, resume=False)
    RunFolder(tmp_path).claim(tiny, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_files_of_another_origin_are_left_alone(tmp_path, tiny, resume):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match="not empty, and holds no run"):
        RunFolder(tmp_path).claim(tiny, resume=resume)
    with pytest.raises(InputError, match="a file, wanted a folder"):
        RunFolder(tmp_path / "thesis.txt").claim(tiny, resume=resume)
