"""`mattekit refine`, and `predict` with --tta and --refine, as a user runs them."""

import csv
import json
from typing import get_args

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mattekit.cli import app, mattes
from mattekit.networks import build
from mattekit.networks.safetensors_file import header_of, load_network, save_network


def run(*words, code=0):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A2U with random weights, but raw alphas of about 0.5 +- 0.2, where the cost has slopes."""
    torch.manual_seed(0)
    network = build("a2u").eval()
    first, last = network.head
    first.norm.momentum = 1.0  # what it sees once becomes its statistics
    with torch.no_grad():
        first.norm.train()
        network(torch.rand(1, 4, 32, 48))
        first.norm.eval()
        first.norm.weight.fill_(0.2), first.norm.bias.fill_(0.5)
        last.weight.zero_()[..., 1, 1] = 1
    path = tmp_path_factory.mktemp("weights") / "net.safetensors"
    save_network(path, network, header_of(network))
    return path


def scene(folder, name="cat", size=(32, 48)):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    trimap = np.full(size, 128, np.uint8)
    trimap[:6], trimap[14:20, 15:30] = 0, 255
    cv2.imwrite(str(folder / f"{name}.png"), random.integers(0, 256, (*size, 3), np.uint8))
    cv2.imwrite(str(folder / f"{name}_trimap.png"), trimap)
    return folder / f"{name}.png", folder / f"{name}_trimap.png"


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(int)


def test_refining_changes_the_unknown_alone(tmp_path, weights):
    """Alpha comes nearer to what the trimap says where it ends; known pixels stay exact."""
    image, trimap = scene(tmp_path)
    run("predict", image, trimap, "-m", weights, "-o", tmp_path / "plain.png")
    run("refine", image, trimap, "-m", weights, "-o", tmp_path / "fine.png", "--steps", "8")
    plain, fine, levels = read(tmp_path / "plain.png"), read(tmp_path / "fine.png"), read(trimap)
    for value in (0, 255):
        assert (fine[levels == value] == value).all()
        end = (cv2.dilate((levels == value).astype(np.uint8), np.ones((3, 3))) == 1) & (levels == 128)
        assert np.abs(fine - value)[end].mean() < np.abs(plain - value)[end].mean() - 1


def test_predict_refines_the_same_way(tmp_path, weights):
    image, trimap = scene(tmp_path)
    run("refine", image, trimap, "-m", weights, "-o", tmp_path / "a.png", "--steps", "4")
    run("predict", image, trimap, "-m", weights, "-o", tmp_path / "b.png", "--refine", "4")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), read(tmp_path / "b.png"))


def test_a_cost_without_gradient_is_noted(tmp_path, weights):
    """Raw alphas of about 9 are clipped to 1 everywhere: the alpha stays, and stderr and JSON give the reason."""
    network = load_network(weights)
    with torch.no_grad():
        network.head[0].norm.bias.fill_(9)
    save_network(tmp_path / "flat.safetensors", network, header_of(network))
    image, trimap = scene(tmp_path)
    result = run("refine", image, trimap, "-m", tmp_path / "flat.safetensors", "-o", tmp_path / "a.png", "--json")
    assert "cat: the cost has no gradient" in result.stderr
    told = json.loads(result.stdout)
    assert len(told["refinement"][0]) == 1 and "not refined" in told["notes"][0]
    assert (read(tmp_path / "a.png")[read(trimap) == 128] == 255).all()


def test_costs_are_printed_and_written(tmp_path, weights):
    """-v on stderr, --trace as CSV or JSON lines, --json with the result: the same numbers, none above the first."""
    image, trimap = scene(tmp_path)
    words = ["refine", image, trimap, "-m", weights, "--steps", 5, "--optimiser", "gradient-descent"]
    shown = run(*words, "--trace", tmp_path / "t.csv", "-v", "--json")
    with open(tmp_path / "t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4", "5"] and rows[0]["name"] == "cat"
    costs = [float(row["cost"]) for row in rows]
    for row, cost in zip(rows, costs, strict=True):
        assert cost == pytest.approx(float(row["c1"]) + 0.1 * float(row["c2"]), rel=1e-5)
        assert f"cat: step {row['step']}, cost {cost:.6f}" in shown.stderr
    assert [cost for cost, _, _ in json.loads(shown.stdout)["refinement"][0]] == costs
    run(*words, "--trace", tmp_path / "t.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [line["cost"] for line in lines] == pytest.approx(costs, rel=1e-4) and lines[0]["view"] == 1


def test_a_folder_is_traced_into_one_file(tmp_path, weights):
    """Items and views by name and number; an item that fails leaves the costs of others."""
    for name in "ab":
        image, trimap = scene(tmp_path / "raw", name)
        for kind, path in (("images", image), ("trimaps", trimap)):
            (tmp_path / kind).mkdir(exist_ok=True)
            path.rename(tmp_path / kind / f"{name}.png")
    (tmp_path / "images/c.png").write_bytes(b"no picture")
    (tmp_path / "trimaps/c.png").write_bytes((tmp_path / "trimaps/a.png").read_bytes())
    trace = tmp_path / "t.csv"
    options = ["-m", weights, "-o", tmp_path / "out", "--steps", 2, "--tta", "flip", "--trace", trace]
    run("refine", tmp_path / "images", tmp_path / "trimaps", *options, code=3)
    with open(trace, newline="") as file:
        seen = {(row["name"], row["view"]) for row in csv.DictReader(file)}
    assert seen == {(name, view) for name in "ab" for view in "12"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "b.png"}


def test_without_a_model_mattekits_own_weights_are_refined(tmp_path):
    image, trimap = scene(tmp_path)
    for name, words in {"own": [], "named": ["-m", "default"]}.items():
        run("refine", image, trimap, *words, "--steps", 2, "-o", tmp_path / f"{name}.png")
    np.testing.assert_array_equal(read(tmp_path / "own.png"), read(tmp_path / "named.png"))


def test_views_are_averaged(tmp_path, weights):
    """--tta changes a network's alpha; with --refine every view is refined first."""
    image, trimap = scene(tmp_path)
    for name, words in {"one": [], "eight": ["--tta", "dihedral"], "both": ["--tta", "flip", "--refine", 3]}.items():
        run("predict", image, trimap, "-m", weights, "-o", tmp_path / f"{name}.png", *words)
    one, eight, both = (read(tmp_path / f"{name}.png") for name in ("one", "eight", "both"))
    assert (one != eight).any() and (one != both).any()
    run("predict", image, trimap, "-m", "rw", "--tta", "full", "-o", tmp_path / "rw.png")
    assert read(tmp_path / "rw.png").shape == (32, 48)


def test_a_trimap_without_unknown_is_its_own_alpha(tmp_path, weights):
    image, trimap = scene(tmp_path)
    cv2.imwrite(str(trimap), np.where(read(trimap) == 128, 255, read(trimap)).astype(np.uint8))
    result = run("refine", image, trimap, "-m", weights, "--trace", tmp_path / "t.csv")
    assert "no unknown pixel" in result.stderr
    np.testing.assert_array_equal(read(tmp_path / "cat_alpha.png"), read(trimap))
    assert (tmp_path / "t.csv").read_text().splitlines() == ["name,view,step,cost,c1,c2"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["refine", "-m", "closed-form"], 1, "a classical method, wanted a network's file of weights"),
        (["predict", "-m", "rw", "--refine", "3"], 1, "a classical method, wanted a network's file of weights"),
        (["refine", "-m", "W", "--optimiser", "newton"], 2, "--optimiser newton: use one of lbfgs"),
        (["refine", "-m", "W", "--rule", "mine"], 2, "--rule mine: use one of released"),
        (["refine", "-m", "W", "--trace", "costs.txt"], 2, "name a .csv or a .jsonl file"),
        (["predict", "--tta", "nine"], 2, "--tta nine: use one of none, flip"),
    ],
)
def test_misuse_is_told_before_anything_is_read(tmp_path, weights, words, code, message):
    words = [weights if word == "W" else word for word in words]
    result = run(words[0], tmp_path / "no.png", tmp_path / "no_trimap.png", *words[1:], code=code)
    assert message in result.stderr


def test_the_choices_are_those_of_the_tables():
    import importlib

    from mattekit.inference.refinement.cost import RULES
    from mattekit.inference.refinement.search import OPTIMISERS
    from mattekit.inference.views import MODES

    refine = importlib.import_module("mattekit.cli.refine")  # the package has the function of that name
    for choices, table in ((mattes.Views, MODES), (refine.Optimisers, OPTIMISERS), (refine.Rules, RULES)):
        assert get_args(choices) == tuple(table)


def test_why_nothing_is_refined_is_a_note_and_in_the_result(tmp_path, weights):
    """A trimap whose known pixels touch no unknown ones cannot say where alphas should end."""
    image, trimap = scene(tmp_path)
    cv2.imwrite(str(trimap), np.full_like(read(trimap), 128))
    result = run("refine", image, trimap, "-m", weights, "--json")
    row = json.loads(result.stdout)
    assert row["refinement"] == [[]] and len(row["notes"]) == 1
    assert f"note: cat: {row['notes'][0]}" in result.stderr
