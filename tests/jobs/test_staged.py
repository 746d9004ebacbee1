"""Many images through one network give what each gives alone, and an item's error stays its own."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mattekit.imaging import io
from mattekit.inference import network
from mattekit.inference.preparation import PREPARATIONS
from mattekit.jobs import predict, staged
from mattekit.jobs.predict import PredictJob, group
from mattekit.models.torch import TorchModel

SIZES = [(48, 64), (48, 64), (40, 33), (41, 64), (48, 64), (70, 48), (60, 64)]  # prepared, all but one are 64 x 64


def jobs(folder: Path, out: str, model: Path, **changes) -> list[PredictJob]:
    """One job for each of SIZES; alphas of 16 bits."""
    (folder / out).mkdir()
    made = []
    for i, size in enumerate(SIZES):
        image, trimap = folder / f"{i}.png", folder / f"{i}_trimap.png"
        if not image.exists():
            random = np.random.default_rng(i)
            levels = np.full(size, 128, np.uint8)
            levels[:8], levels[20:30, 10:20] = 0, 255
            cv2.imwrite(str(image), random.integers(0, 256, (*size, 3), np.uint8))
            cv2.imwrite(str(trimap), levels)
        targets = {"alpha": folder / out / f"{i}.png"}
        files = dict(name=f"{i}", image=image, trimap=trimap, targets=targets)
        made.append(PredictJob(**files, model=str(model), depth="16", **changes))
    return made


def run(todo, batch=None):
    return {result.item.name: result for result in staged.run(group(todo, batch))}


def read(job):
    return cv2.imread(str(job.targets["alpha"]), cv2.IMREAD_UNCHANGED).astype(float) / 65535


@pytest.mark.parametrize("batch", [None, 1, 2, 3, 100])
def test_alphas_are_those_of_images_alone(tmp_path, weights_file, batch):
    """Batches sum in another order: within float32's rounding, and one level of 16 bits."""
    alone, together = jobs(tmp_path, "alone", weights_file), jobs(tmp_path, "together", weights_file)
    for job in alone:
        staged.run_one(job)
    results = run(together, batch)
    assert results.keys() == {job.name for job in together}
    for one, other in zip(alone, together, strict=True):
        result = results[other.name]
        assert result.error is None and result.item is other
        assert result.value["outputs"] == {"alpha": str(other.targets["alpha"])}
        assert (result.value["height"], result.value["width"]) == SIZES[int(other.name)]
        assert np.abs(read(one) - read(other)).max() < 1e-4


def test_images_of_one_prepared_size_go_together(tmp_path, weights_file, monkeypatch):
    """Whatever their own sizes."""
    seen, several = [], network.NetworkPredictor.several

    def watched(self, images, trimaps):
        seen.append([trimap.shape for trimap in trimaps])
        return several(self, images, trimaps)

    monkeypatch.setattr(network.NetworkPredictor, "several", watched)
    run(jobs(tmp_path, "out", weights_file), batch=4)
    assert sorted(map(len, seen)) == [2, 4]
    assert sorted(size for sizes in seen for size in sizes) == sorted(size for size in SIZES if size != (70, 48))


def test_groups_hold_every_job_once_and_few_large_images(tmp_path, weights_file, monkeypatch):
    todo = jobs(tmp_path, "out", weights_file)
    groups = group(todo, 3)
    assert sorted(job.name for group in groups for job in group) == [job.name for job in todo]
    assert max(map(len, groups)) == 3
    monkeypatch.setattr(predict, "PIXELS_AHEAD", 2 * 64 * 64)
    assert max(map(len, group(todo, 3))) == 2


@pytest.mark.parametrize("batch", [1, 3])
def test_an_error_is_its_items_own(tmp_path, weights_file, batch):
    """An unreadable image, a trimap of another size, and a folder that is in the way of an output."""
    todo = jobs(tmp_path, "out", weights_file)
    todo[1].image.write_bytes(b"no picture")
    cv2.imwrite(str(todo[2].trimap), np.uint8([[0, 255], [128, 128]]))
    (todo[4].targets["alpha"] / "in the way").mkdir(parents=True)
    results = run(todo, batch)
    assert {name for name, result in results.items() if result.error} == {"1", "2", "4"}
    assert "1.png" in str(results["1"].error) and "2x2" in str(results["2"].error)
    assert all(todo[i].targets["alpha"].is_file() for i in (0, 3, 5, 6))


def test_what_does_not_fit_together_is_computed_in_parts(tmp_path, weights_file, monkeypatch):
    """Memory that runs out for three images at once is enough for each alone."""
    from mattekit.tiling.runner import Tiling

    alone, todo = jobs(tmp_path, "alone", weights_file), jobs(tmp_path, "out", weights_file)
    monkeypatch.setattr(Tiling, "fits", lambda self, window, size, count: count < 2)
    assert not any(result.error for result in [*run(alone, 1).values(), *run(todo, 3).values()])
    for one, other in zip(alone, todo, strict=True):
        np.testing.assert_array_equal(read(one), read(other))


def test_what_fails_together_is_tried_alone(tmp_path, weights_file, monkeypatch):
    def broken(*_):
        raise RuntimeError("not together")

    monkeypatch.setattr(network.NetworkPredictor, "several", broken)
    assert not any(result.error for result in run(jobs(tmp_path, "out", weights_file), 3).values())


def test_no_more_is_read_than_may_be_under_way(tmp_path, weights_file, monkeypatch):
    """With room for no image beside the one computed, each is read when the one before it is written."""
    events = []
    for name in ("load", "write"):
        plain = getattr(PredictJob, name)
        spied = lambda job, *rest, name=name, plain=plain: (events.append(name), plain(job, *rest))[1]  # noqa: E731
        monkeypatch.setattr(PredictJob, name, spied)
    monkeypatch.setattr(staged, "PIXELS_AHEAD", 0)
    run(jobs(tmp_path, "out", weights_file), 1)
    assert events == ["load", "write"] * len(SIZES)


def test_leaving_early_drops_what_waits(tmp_path, weights_file):
    """As --fail-fast and Ctrl-C do; no half file stays."""
    todo = jobs(tmp_path, "out", weights_file)
    results = staged.run(group(todo, 1))
    next(results)
    results.close()
    left = list((tmp_path / "out").iterdir())
    assert 1 <= len(left) < len(todo) and all(path.suffix == ".png" for path in left)
    assert all(io.read_alpha(path).depth == "16" for path in left)


@pytest.mark.parametrize("changes", [{"tta": "flip"}, {"max_size": 32}, {"options": {"tile": 32, "overlap": 0}}])
def test_what_is_done_in_steps_is_done_image_by_image(tmp_path, weights_file, changes, monkeypatch):
    monkeypatch.setattr(network.NetworkPredictor, "several", None)
    assert not any(result.error for result in run(jobs(tmp_path, "out", weights_file, **changes), 3).values())


@pytest.mark.parametrize("name", PREPARATIONS)
@pytest.mark.parametrize("size", [(1, 1), (33, 64), (70, 2200)])
def test_prepared_sizes_are_known_beforehand(name, size):
    rule = PREPARATIONS[name]
    _, trimap = rule.prepare(np.zeros((*size, 3), np.float32), np.zeros(size, np.float32))
    assert rule.size(size) == trimap.shape


def test_seconds_are_those_of_an_image_and_not_of_waiting(tmp_path, weights_file, monkeypatch):
    """By a clock that only computing moves on."""
    now, alpha = [0.0], TorchModel.alpha

    def slow(*args):
        now[0] += 1
        return alpha(*args)

    loaded = [staged._load(job)._replace(seconds=0.25) for job in jobs(tmp_path, "out", weights_file)[:3]]
    monkeypatch.setattr(staged.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(TorchModel, "alpha", slow)
    solved = [solution for one in loaded for solution in staged._solve([one])]
    assert [staged._write(one)["seconds"] for one in solved] == [1.25] * 3
