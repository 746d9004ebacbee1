"""The scripts of examples/default-weights on a little material: what they make is right, and repeats itself."""

import importlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mattekit.networks import NETWORKS, build

FOLDER = Path(__file__).resolve().parent.parent / "examples/default-weights"
NAMES = ("learn", "material", "network", "pack", "pieces", "score", "validation")


@pytest.fixture(scope="module")
def scripts():
    """Import the scripts as they import one another, and leave nothing of them behind."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in NAMES:
            sys.modules.pop(name)
        NETWORKS.data.pop("mixing-mobilenet")


def soft_disc(size, radius):
    distance = np.hypot(*(np.indices((size, size)) - size / 2))
    return (0.5 + (radius - distance) / 12).clip(0, 1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Make a folder of material: one cut-out of each kind, whose hidden colours are magenta, and ten photographs."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for kind in ("renders", "cutouts", "foliage-smoke"):
        (root / kind).mkdir()
        alpha = soft_disc(400, 120)
        pixels = np.dstack([np.full((400, 400, 3), (40, 160, 60)), 255 * alpha]).round().astype(np.uint8)
        pixels[alpha == 0, :3] = (255, 0, 255)
        cv2.imwrite(str(root / kind / "disc.png"), pixels)
    for folder, count, suffix in (("photos", 18, "jpg"), ("backgrounds", 1, "jpg")):
        (root / folder).mkdir()
        for n in range(count):
            noise = cv2.GaussianBlur(rng.random((300, 400, 3)), (0, 0), 8)
            cv2.imwrite(str(root / folder / f"{n:02d}.{suffix}"), (255 * (0.1 + 0.8 * noise)).astype(np.uint8))
    return root


@pytest.fixture(scope="module")
def pieces(scripts, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pieces")
    scripts["pack"].main([str(data), str(folder), "--first", "3", "--each", "2"])
    return folder


def test_a_piece_holds_samples_that_their_numbers_decide(scripts, data, pieces):
    pack, piece = scripts["pack"], np.load(pieces / "00003.npz")
    material = scripts["material"].Material(data)
    again, tags = pack.sample(material, 7)
    assert json.loads(str(piece["tags"]))[1] == tags
    for name, pixels in again.items():
        assert piece[name].dtype == np.uint8 and np.array_equal(piece[name][1], pixels), name
    known = piece["trimap"] != 128
    assert set(np.unique(piece["trimap"])) == {0, 128, 255}
    assert np.abs(piece["alpha"][known].astype(int) - piece["trimap"][known]).max() <= 2
    assert np.array_equal(piece["planes"][known][:, 0], piece["trimap"][known])


def test_photographs_for_validation_train_nothing(scripts, data):
    held_out, training = (
        {path.name for path in scripts["material"].photographs(data, held_out=each) if path.parent.name == "photos"}
        for each in (True, False)
    )
    assert len(held_out) == 2 and len(training) == 16 and not held_out & training


def test_colours_where_nothing_is_seen_are_those_nearby(scripts, data):
    material = scripts["material"]
    pixels = material.read(data / "renders/disc.png")
    wanted = np.array((60, 160, 40)) / 255
    assert np.abs(material.filled(pixels) - wanted).max() < 0.02


def test_the_network_begins_as_the_mixing_network_whose_weights_it_takes(scripts):
    torch.manual_seed(0)
    mixing, network = build("mixing").eval(), build("mixing-mobilenet").eval()
    with torch.no_grad():
        mixing.head[0].weight.normal_(0, 0.02)
    scripts["network"].begin_as(network, mixing.state_dict())
    x = torch.rand(1, 15, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(network(x), mixing(x), atol=0.02, rtol=0)
        assert not torch.allclose(network(x), build("mixing").eval()(x), atol=0.02)


def test_training_learns_and_goes_on_where_it_stopped(scripts, pieces, tmp_path):
    learn, Pieces = scripts["learn"], scripts["pieces"].Pieces

    def run(folder):
        (tmp_path / folder).mkdir(exist_ok=True)
        small = ["--crop", "96", "--batch", "2", "--lr", "3e-3", "--device", "cpu"]
        return learn.Run(learn.settings([str(pieces), str(tmp_path / folder), *small]))

    samples = Pieces(pieces, "cpu", [], 10)
    torch.manual_seed(0)
    whole = run("whole")
    torch.manual_seed(0)
    first = run("parts")
    losses = [whole.step(samples)[0] for _ in range(3)]
    assert first.step(samples)[0] == losses[0]
    first.save()
    second = run("parts")
    assert [second.step(samples)[0] for _ in range(2)] == pytest.approx(losses[1:], rel=1e-4)
    assert build("mixing").state_dict().keys() == second.average.network.state_dict().keys()


def test_samples_are_chosen_by_their_tags(scripts, pieces):
    Pieces = scripts["pieces"].Pieces
    tags = json.loads(str(np.load(pieces / "00003.npz")["tags"]))
    kinds = tags[0]["kind"]
    assert len(Pieces(pieces, "cpu", [f"kind={kinds}"], 10).samples) == sum(t["kind"] == kinds for t in tags)
    both = [len(Pieces(pieces, "cpu", [rule], 10).samples) for rule in ("camera", "not-camera")]
    assert sum(both) == 2


def test_a_summary_compares_with_the_best_method_of_the_set_and_of_each_picture(scripts):
    score = scripts["score"]
    nothing = np.zeros(0)
    tables = {"one": {"shared": 2.0, "closed-form": 4.0}, "two": {"shared": 2.0, "closed-form": 1.0}}
    items = [score.Picture(name, nothing, nothing, nothing, each) for name, each in tables.items()]
    found = score.summary([{"sad": 1.0}, {"sad": 1.2}], items)
    assert found["sad"] == pytest.approx(1.1) and found["of the best"] == pytest.approx(55)
    assert found["worst"] == pytest.approx(120)
    assert found["relative"] == pytest.approx(100 * (0.5 * 1.2) ** 0.5) and found["above 115"] == 1
