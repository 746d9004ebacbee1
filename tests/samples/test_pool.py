import numpy as np
import pytest
import torch

from mattekit.errors import InputError
from mattekit.samples.augment import check_steps
from mattekit.samples.dataset import Pool, Samples
from mattekit.samples.sample import Sample

ONCE = [("background", 1, {}), ("trimap", 1, {}), ("crop", 1, {"size": 48}), ("compose", 1, {})]
STEPS = check_steps([*ONCE, ("turn", 1, {"size": 32})])


class Discs:
    """Discs in random colours, which counts how many were drawn."""

    def __init__(self):
        self.drawn = 0

    def draw(self, rng):
        self.drawn += 1
        fg, bg = (rng.integers(0, 256, (60, 70, 3), np.uint8) for _ in range(2))
        radius = np.hypot(*np.ogrid[-1:1:60j, -1:1:70j])
        alpha = np.clip(5 * (rng.uniform(0.3, 0.8) - radius), 0, 1).astype(np.float32)
        return Sample(alpha=alpha, fg=fg, bg=bg)


@pytest.fixture
def pool(tmp_path):
    return Pool(Discs(), STEPS, count=3, folder=tmp_path / "pool", seed=7)


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_a_sample_of_the_pool_is_made_once_and_turned_each_time(pool):
    samples = [pool[(0, i)] for i in range(24)]
    assert pool.sources.drawn == 3
    assert len(list(pool.folder.iterdir())) == 3
    assert not any(same(samples[0], other) for other in samples[1:])


def test_turned_samples_still_satisfy_the_matting_equation(pool):
    for i in range(8):
        sample = pool[(1, i)]
        assert {name: tuple(t.shape[1:]) for name, t in sample.items()} == dict.fromkeys(sample, (32, 32))
        assert set(sample["trimap"].unique().tolist()) <= {0, 0.5, 1}
        alpha = sample["alpha"]
        assert (alpha * sample["fg"] + (1 - alpha) * sample["bg"] - sample["image"]).abs().max() < 2.1 / 255
        assert ((alpha - sample["trimap"])[sample["trimap"] != 0.5] == 0).all()


def test_seed_epoch_and_index_decide_whatever_is_kept(pool, tmp_path):
    one = pool[(2, 3)]
    pool[(0, 1)]
    assert same(pool[(2, 3)], one)
    for folder in (tmp_path / "other", None):
        assert same(Pool(Discs(), STEPS, count=3, folder=folder, seed=7)[(2, 3)], one)
    assert not same(Pool(Discs(), STEPS, count=3, folder=None, seed=8)[(2, 3)], one)


def test_what_was_kept_is_used_by_others_and_made_again_if_damaged(pool):
    one = pool[(0, 0)]
    other = Pool(Discs(), STEPS, count=3, folder=pool.folder, seed=7)
    assert same(other[(0, 0)], one) and other.sources.drawn == 0
    (kept,) = pool.folder.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert same(other[(0, 0)], one) and other.sources.drawn == 1
    assert len(kept.read_bytes()) > 100


def test_a_folder_that_cannot_be_written_keeps_nothing(pool, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.touch()
    other = Pool(Discs(), STEPS, count=3, folder=blocked / "pool", seed=7)
    assert same(other[(0, 0)], pool[(0, 0)])
    assert "made anew" in caplog.text
    other[(0, 1)]
    assert len(caplog.records) == 1


def test_without_the_step_turn_there_is_no_pool(tmp_path):
    with pytest.raises(InputError, match="no step turn"):
        Pool(Discs(), check_steps(ONCE), count=3, folder=tmp_path)


def test_turn_shows_all_eight_positions_and_refuses_what_is_too_small():
    ramp = np.arange(32 * 32, dtype=np.float32).reshape(32, 32) / 1024
    trimap = np.full((32, 32), 0.5, np.float32)

    class Ramp:
        def draw(self, rng):
            return Sample(alpha=ramp, image=np.stack([ramp] * 3, 2), trimap=trimap)

    samples = Samples(Ramp(), [("turn", 1.0, {"size": 32})], depth="float")
    seen = {tuple(samples[(0, i)]["alpha"][0, [0, 0, -1], [0, -1, 0]].tolist()) for i in range(80)}
    assert len(seen) == 8
    with pytest.raises(InputError, match="size 40, of samples of 32x32"):
        Samples(Ramp(), [("turn", 1.0, {"size": 40})])[(0, 0)]
