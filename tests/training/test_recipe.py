"""Recipes: what ships is complete and cited, changes are typed and checked, and what is written reads back."""

import logging
import re
import tempfile
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import MissingFileError, RecipeError
from mattekit.toml import dumps
from mattekit.training import recipe

PAPERS = ["a2u", "a2u-distinctions-646", "dim", "dim-finetuning", "dim-refinement", "indexnet"]
PAPERS += ["lsa", "lsa-alphamatting", "reconstruction", "gca", "fba", "matteformer"]
FOLDER = resources.files("mattekit") / "recipes"


def pretrained(name, *changes):
    return recipe.read(name, ["network.pretrained=imagenet.pth", *changes])


def test_all_recipes_are_there():
    assert recipe.names() == sorted([*PAPERS, "default"])


@pytest.mark.parametrize("name", [*PAPERS, "default"])
def test_every_recipe_is_valid_and_reads_back_from_what_it_writes(name, tmp_path):
    made = pretrained(name)
    (tmp_path / "recipe.toml").write_text(made.to_toml())
    assert recipe.read(tmp_path / "recipe.toml") == made
    assert made.name == name


@pytest.mark.parametrize("name", PAPERS)
def test_every_value_of_a_papers_recipe_is_cited(name):
    """Each line that decides something says where it is from; a rule is called by its paper."""
    plain = {"name", "paper", "step", "rule", "of", "kind", "task", "log_every"}
    for line in (FOLDER / f"{name}.toml").read_text().splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if equals and key not in plain and not line.startswith("#"):
            comment = value.partition("#")[2]
            assert re.search(r"section|Table|code|supplement|mmagic|IndexNet|text", comment), line


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # IndexNet section 5.1; the encoder's rate: released code
        ("indexnet", dict(crop=320, lr=0.01, encoder_lr=1e-4, epochs=30, batch=16, steps=2693, at=(20, 26))),
        # A2U section 6.3
        ("a2u", dict(crop=512, lr=0.01, encoder_lr=1e-4, epochs=30, batch=16, steps=6000, at=(20, 26))),
        ("a2u-distinctions-646", dict(crop=512, lr=0.01, epochs=25, batch=16, steps=6000, at=(20, 26))),
        # LSA section 5; for alphamatting.com section 5.2
        ("lsa", dict(crop=640, lr=5e-5, weight_decay=1e-4, epochs=100, batch=16, steps=2693, every=20)),
        ("lsa-alphamatting", dict(crop=640, lr=5e-5, weight_decay=1e-4, epochs=200, batch=16, every=20)),
        # Deep Image Matting section 4.2
        ("dim", dict(crop=320, lr=1e-5, encoder_lr=None, freeze=())),
        ("dim-refinement", dict(crop=320, lr=1e-5, freeze=("encoder", "decoder"))),
        ("dim-finetuning", dict(crop=320, lr=1e-5, freeze=())),
        # GCA, implementation details
        ("gca", dict(crop=512, lr=4e-4, betas=(0.5, 0.999), epochs=100, batch=40, steps=2000, warmup_steps=5000)),
        # MatteFormer, section 4.2 and its code
        (
            "matteformer",
            dict(crop=512, lr=1e-3, betas=(0.5, 0.999), epochs=40, batch=20, steps=5000, warmup_steps=10000),
        ),
        # FBA, issues 6 and 23 of its code
        ("fba", dict(lr=1e-5, weight_decay=0.005, norm_weight_decay=1e-5, epochs=45, batch=1, at=(40,), factor=0.1)),
        # A2U supplement A
        ("reconstruction", dict(crop=32, lr=0.01, epochs=100, batch=100, steps=600, at=(50, 70, 85))),
    ],
)
def test_recipes_have_the_papers_numbers(name, expected):
    made = pretrained(name)
    found = made.data.model_dump() | made.optimiser.model_dump() | made.schedule.model_dump() | made.run.model_dump()
    found["steps"] = made.steps_per_epoch(60_000)  # of MNIST, for the study; the others say themselves
    assert {key: found[key] for key in expected} == expected


def test_augmentation_has_the_papers_order():
    def order(name):
        return [(step, probability) for step, probability, _ in pretrained(name).steps]

    assert order("a2u") == [  # A2U section 6.3
        ("merge", 0.5), ("resize", 0.25), ("affine", 1), ("flip", 0.5), ("trimap", 1), ("background", 1), ("crop", 1),
        ("hsv", 1), ("compose", 1),
    ]  # fmt: skip
    assert order("lsa") == [  # LSA section 5; border and background: released code
        ("border", 1), ("background", 1), ("rotate", 0.5), ("crop", 1), ("flip", 0.5), ("flip", 0.5), ("gamma", 0.3),
        ("fade", 0.3), ("invert", 0.3), ("permute", 0.3), ("trimap", 1), ("compose", 1),
    ]  # fmt: skip
    more = {"blur": 0.3, "rescale": 0.3, "jitter": 1}  # LSA section 5.2 and its code
    left_out = [(step, 0 if step == "fade" else often) for step, often in order("lsa")]  # by its code, not its text
    assert [step for step in order("lsa-alphamatting") if step[0] not in more] == left_out
    assert {name: often for name, often in order("lsa-alphamatting") if name in more} == more


def test_losses_are_those_of_the_papers():
    """Sums over red, green and blue in IndexNet's and A2U's code, a mean in mmagic's Deep Image Matting."""
    found = {name: pretrained(name).loss for name in PAPERS}
    assert {
        name: (loss.name, loss.alpha, loss.composition) for name, loss in found.items() if "matting" in loss.name
    } == {
        "indexnet": ("matting", 0.5, 0.5),
        "a2u": ("matting", 0.5, 0.5),
        "a2u-distinctions-646": ("matting", 0.5, 0.5),
        "dim": ("matting", 0.5, pytest.approx(0.5 / 3, abs=1e-4)),
    }
    assert [found[name].name for name in ("gca", "fba", "matteformer")] == ["regression", "layers", "progressive"]
    assert [found[f"dim-{stage}"].name for stage in ("refinement", "finetuning")] == ["alpha", "alpha"]
    assert {(found[name].name, found[name].epsilon) for name in ("lsa", "lsa-alphamatting")} == {("multiscale", 1e-3)}


def test_all_stages_of_deep_image_matting_train_one_network():
    stages = [pretrained(name).network.arguments for name in ("dim", "dim-refinement", "dim-finetuning")]
    assert [stage.pop("refined") for stage in stages] == [False, True, True]
    assert stages[0] == stages[1] == stages[2] == {}


def test_a_recipe_extends_another(tmp_path):
    (tmp_path / "mine.toml").write_text('extends = "lsa"\nname = "mine"\n[run]\nepochs = 3\n')
    (tmp_path / "other.toml").write_text('extends = "mine.toml"\n[[augment]]\nstep = "flip"\n')
    lsa, mine, other = pretrained("lsa"), recipe.read(tmp_path / "mine.toml"), recipe.read(tmp_path / "other.toml")
    assert (mine.name, mine.run.epochs, mine.run.batch) == ("mine", 3, lsa.run.batch) and mine.steps == lsa.steps
    assert other.run.epochs == 3 and [step for step, _, _ in other.steps] == ["flip"]
    (tmp_path / "ring.toml").write_text('extends = "ring.toml"')
    with pytest.raises(RecipeError, match="extends: 'ring.toml', wanted a recipe"):
        recipe.read(tmp_path / "ring.toml")


@pytest.mark.parametrize(("name", "network"), [("indexnet", "reconstruction-a2u"), ("reconstruction", "indexnet")])
def test_a_network_of_another_task_is_refused(name, network):
    with pytest.raises(RecipeError, match=f"network.name: {network} is for .*, wanted one for"):
        recipe.read(name, [f"network.name={network}"])


def test_the_crop_of_the_data_is_the_size_of_patches():
    sizes = [arguments.get("size") for step, _, arguments in pretrained("lsa", "data.crop=320").steps]
    assert [size for size in sizes if size] == [320, 320]  # the border's and the crop's (LSA Table 1, IH)


def test_without_imagenet_weights_the_encoder_learns_like_the_rest(caplog):
    with caplog.at_level(logging.WARNING, "mattekit"):
        made = recipe.read("a2u")
    assert made.optimiser.encoder_lr is None and made.run.freeze_norm == "none"
    assert "optimiser.encoder_lr and run.freeze_norm left out" in caplog.text
    assert recipe.read("a2u", ["optimiser.encoder_lr=0.001"]).optimiser.encoder_lr == 0.001
    assert pretrained("a2u").run.freeze_norm == "encoder"


def test_a_file_of_ones_own_is_taken_as_it_is(tmp_path):
    (tmp_path / "mine.toml").write_text('[network]\nname = "a2u"\n[optimiser]\nencoder_lr = 0.5\n')
    assert recipe.read(tmp_path / "mine.toml").optimiser.encoder_lr == 0.5


def test_changes_are_of_the_fields_type():
    changes = [
        "run.batch=3",
        "schedule.at=1, 2",
        "optimiser.encoder_lr=none",
        "network.name=indexnet",
        "network.width=0.75",
        "data.sources=a,b=2",
    ]
    made = recipe.read("default", [*changes, "augment.hsv.hue=7", "augment.crop.scales=[1.0, 2.0]", "run.ema=0"])
    assert made.run.batch == 3 and made.schedule.at == (1, 2) and made.optimiser.encoder_lr is None
    assert made.network.arguments["width"] == 0.75 and made.data.sources == ("a", "b=2") and made.run.ema == 0
    arguments = {step: arguments for step, _, arguments in made.steps}
    assert arguments["hsv"]["hue"] == 7 and list(arguments["crop"]["scales"]) == [1.0, 2.0]


def test_a_change_of_a_step_is_one_of_each_step_of_that_name():
    made = recipe.read("lsa", ["augment.flip.probability=0"])
    assert [often for step, often, _ in made.steps if step == "flip"] == [0, 0]


def test_an_operator_is_set_by_its_name_alone():
    assert recipe.read("a2u", ["operator=carafe"]).network.arguments["resampler"] == "carafe"
    assert recipe.read("reconstruction", ["operator=carafe"]).network.name == "reconstruction-carafe"
    made = recipe.read("a2u", ["network.k_up=5", "operator=carafe"])  # an argument of that operator, in any order
    assert made.network.arguments == {"resampler": "carafe", "k_up": 5}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("run.bach=3", "run.bach: no such setting; the nearest is run.batch."),
        ("batch=3", "batch: no such setting; the nearest is run.batch."),
        ("optimizer.lr=3", "optimizer.lr: no such setting; the nearest is optimiser.lr."),
        ("network.widht=0.5", "network.widht: no such setting; the nearest is network.widths."),
        ("augment.hvs.hue=3", "augment.hvs.hue: no such setting; the nearest is augment.hsv.hue."),
        ("augment.crop.scale=3", "augment.crop.scale: no such setting; the nearest is augment.crop.scales."),
        ("run.batch", "run.batch: no value, wanted KEY=VALUE."),
        ("run.batch=many", "run.batch=many: run.batch 'many': Input should be a valid integer"),
        ("run.batch=0", "run.batch=0: run.batch '0': Input should be greater than or equal to 1"),
        ("run.metric=psnr", "wanted one of sad, mse, mad, grad, conn, loss"),
        ("network.estimates=many", "estimates=many: Input should be a valid integer"),
        ("network.name=indexnett", "unknown 'indexnett'; nearest: indexnet"),
        ("operator=carafee", "operator: unknown 'carafee'; nearest: carafe"),
        ("augment.hsv.hue=blue", "step hsv: hue = 'blue': Input should be a valid integer"),
        ("augment.hsv.probability=2", "probability 2: Input should be less than or equal to 1"),
    ],
)
def test_a_wrong_change_is_told_in_one_line_with_the_nearest_right_one(change, told):
    with pytest.raises(RecipeError) as raised:
        recipe.read("default", [change])
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[network", "not valid TOML"),
        ("seed = 1", "network: Field required"),
        ('[network]\nname = "a2u"\n[run]\nbacth = 2', "run.bacth: no such setting; the nearest is run.batch"),
        ('[network]\nname = "a2u"\n[[augment]]\nstep = "flop"', "step: unknown step 'flop'; the nearest is 'flip'"),
        ('[network]\nname = "a2u"\n[[augment]]\nprobability = 1.0', "augment.0.step: Field required"),
    ],
)
def test_a_faulty_file_is_told_with_its_name(tmp_path, text, told):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    for changes in ([], ["run.epochs=2"]):
        with pytest.raises(RecipeError) as raised:
            recipe.read(path, changes)
        assert str(raised.value).startswith(f"{path}: ") and told in str(raised.value)


def test_a_recipe_that_is_none_is_told_with_those_near(tmp_path):
    with pytest.raises(RecipeError, match="unknown recipe 'indexnt'; nearest: indexnet"):
        recipe.read("indexnt")
    with pytest.raises(MissingFileError, match="no such file"):
        recipe.read(tmp_path / "none.toml")


KEYS = st.text(min_size=1, max_size=8)
LEAVES = st.one_of(st.text(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        KEYS,
        LEAVES | st.lists(LEAVES) | st.dictionaries(KEYS, LEAVES | st.lists(st.dictionaries(KEYS, LEAVES), min_size=1)),
    )
)
def test_toml_that_is_written_reads_back(values):
    assert tomllib.loads(dumps(values)) == values


HOSTILE = st.sampled_from(
    [*(10**k for k in (0, 3, 6, 9, 18)), -1, -(2**63), 0.0, -0.5, 1e300, True, "", "x" * 10_000, "none", "../..", "a"]
) | st.recursive(st.text(max_size=3) | st.integers(-3, 3), lambda inner: st.lists(inner, max_size=3), max_leaves=6)


@st.composite
def damaged(draw):
    """One of our recipes with up to three of its values replaced by anything."""
    values = recipe.read(draw(st.sampled_from(["a2u", "lsa", "default", "reconstruction"]))).model_dump(
        exclude_none=True
    )
    for _ in range(draw(st.integers(1, 3))):
        table = draw(
            st.sampled_from([values, *(v for v in values.values() if isinstance(v, dict)), *values["augment"]])
        )
        key = draw(st.sampled_from([*table, "new"]))
        if table is not values or key not in ("augment", "network"):
            table[key] = draw(HOSTILE)
    return values


@settings(deadline=None, max_examples=25)
@given(damaged())
def test_a_damaged_recipe_is_read_or_refused_in_one_line(values):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.toml")
        path.write_text(dumps(values))
        try:
            recipe.read(path)
        except (RecipeError, MissingFileError) as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\1\2", b"\xff\xfe", b"a = " + 3000 * b"[", b"a = " + 9 * b"[" + 9 * b"]", b"a = " + 5000 * b"9",
        b"seed = 99999999999999999999", 2000 * b"a." + b"b = 1", b'name = "\\u0000"', (1 << 20) * b"# ",
        b"a = {b = {c = {d = {e = {f = {g = {h = {i = 1}}}}}}}}", b"extends = 3", b'extends = "no"', b"seed = nan",
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_in_one_line(data, tmp_path):
    (tmp_path / "mine.toml").write_bytes(data)
    with pytest.raises(RecipeError) as raised:
        recipe.read(tmp_path / "mine.toml")
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 300
