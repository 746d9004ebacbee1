"""What the kinds of learning make of a recipe."""

import os
import shutil

import pytest

from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of
from mattekit.training import recipe as recipes
from mattekit.training.task import Matting


@pytest.fixture
def pool(recipe_file, data, tmp_path):
    """Opens a copy of the data as a run does, and gives its pool."""
    own = shutil.copytree(data, tmp_path / "own")
    path = tmp_path / "pooled.toml"
    text = recipe_file.read_text().replace(data.as_posix(), own.as_posix())
    path.write_text(text + '\n[[augment]]\nstep = "turn"\nsize = 32\n')
    header = header_of(build("indexnet", width=0.1))

    def opened(*changes):
        return Matting(recipes.read(path, ["data.pool=4", *changes]), header, tmp_path / "kept").samples()[0]

    return opened


@pytest.mark.parametrize("name", ["cutouts/1.png", "backgrounds/2.png"])
def test_what_is_kept_serves_until_a_file_changes(pool, tmp_path, name):
    kept = pool()
    kept[(0, 0)]
    assert pool().folder == kept.folder and len(list(kept.folder.iterdir())) == 1
    path = tmp_path / "own" / name
    before = path.stat()
    path.write_bytes(path.read_bytes() + bytes(8))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    larger = pool()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert len({kept.folder, larger.folder, pool().folder}) == 3


def test_what_is_done_with_kept_samples_may_change_and_what_made_them_may_not(pool):
    assert pool("augment.turn.size=16").folder == pool().folder
    assert pool("augment.turn.probability=0.5").folder == pool().folder
    assert pool("augment.crop.size=48").folder != pool().folder


def test_other_seeds_sources_and_shares_keep_samples_of_their_own(pool, tmp_path):
    listed = tmp_path / "list.toml"
    folders = {pool(*changes).folder for changes in ((), ("seed=4",), ("data.tries=2",), ("data.backgrounds=",))}
    for weight in (1, 2):
        text = '[[source]]\npath = "own/cutouts"\nweight = {}\n[[source]]\nkind = "synthetic"\n'
        listed.write_text(text.format(weight))
        folders.add(pool(f"data.sources={listed}").folder)
    assert len(folders) == 6
