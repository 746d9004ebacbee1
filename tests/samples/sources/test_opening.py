"""Sources of samples: layouts are recognised, files are paired by name, and bad ones are told before they are used."""

import json

import numpy as np
import pytest

from mattekit.errors import InputError, MissingFileError
from mattekit.imaging import io
from mattekit.samples.dataset import Samples
from mattekit.samples.sources import open_sources

RNG = np.random.default_rng(0)


def rgb(height=12, width=10):
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


def grey(height=12, width=10, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max + 1, (height, width), dtype)


def put(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    io.write_raw(path, pixels)
    return pixels


def pairs(folder, names, fg="fg", alpha="alpha"):
    return {n: (put(folder / fg / f"{n}.png", rgb()), put(folder / alpha / f"{n}.png", grey())) for n in names}


def read_all(sources):
    items = {}
    for source in sources.sources:
        for index, item in enumerate(source.items):
            items[item.name] = source.read(index, np.random.default_rng(0))
    return items


@pytest.mark.parametrize("given", ["", "Combined_Dataset", "Combined_Dataset/Training_set"])
def test_adobes_layout_is_found_from_any_level_without_its_test_set(tmp_path, given):
    training = tmp_path / "Combined_Dataset/Training_set"
    adobe = pairs(training / "Adobe-licensed images", ["a", "b"])
    other = pairs(training / "Other", ["c"])
    pairs(tmp_path / "Combined_Dataset/Test_set/Adobe-licensed images", ["d"])
    read = read_all(open_sources([str(tmp_path / given)]))
    assert sorted(name.rsplit("/")[-1] for name in read) == ["a", "b", "c"]
    for name, sample in read.items():
        fg, alpha = (adobe | other)[name.rsplit("/")[-1]]
        assert np.array_equal(sample.fg, fg)
        assert np.array_equal(sample.alpha, alpha)


def test_adobes_test_set_is_used_if_it_is_what_is_given(tmp_path):
    pairs(tmp_path / "Test_set/Adobe-licensed images", ["d"])
    assert len(open_sources([str(tmp_path / "Test_set")])) == 1


def test_flat_folders_and_those_of_distinctions_646(tmp_path):
    pairs(tmp_path / "flat", ["a"])
    pairs(tmp_path / "d646/Train", ["b"], "FG", "GT")
    pairs(tmp_path / "d646/Test", ["t"], "FG", "GT")
    sources = open_sources([str(tmp_path / "flat"), str(tmp_path / "d646")])
    assert [item.name for source in sources.sources for item in source.items] == ["fg/a", "Train/FG/b"]


def test_cutouts_are_split_into_colours_and_alpha(tmp_path):
    pixels = put(tmp_path / "cat.png", np.dstack([rgb(), grey()]))
    sample = open_sources([str(tmp_path)]).sources[0].read(0, RNG)
    assert np.array_equal(sample.fg, pixels[..., :3])
    assert np.array_equal(sample.alpha, pixels[..., 3])


def test_alpha_of_16_bits_keeps_them(tmp_path):
    put(tmp_path / "fg/a.png", rgb())
    alpha = put(tmp_path / "alpha/a.png", grey(dtype=np.uint16))
    read = open_sources([str(tmp_path)]).sources[0].read(0, RNG).alpha
    assert read.dtype == np.float32
    assert np.array_equal(np.rint(read * 65535), alpha)


def test_composites_with_trimap_and_prior_share_alphas_by_number(tmp_path):
    images = [put(tmp_path / f"merged/cat_{i}.png", rgb()) for i in range(2)]
    alpha, prior = (
        put(tmp_path / "alpha/cat.png", grey()),
        [put(tmp_path / f"prior/cat_{i}.png", grey()) for i in (0, 1)],
    )
    for i in range(2):
        put(tmp_path / f"trimaps/cat_{i}.png", np.full((12, 10), 128, np.uint8))
    read = open_sources([str(tmp_path)])
    assert read.lacking == {"fg", "bg"}
    for i in range(2):
        sample = read.sources[0].read(i, RNG)
        assert np.array_equal(sample.image, images[i]) and np.array_equal(sample.prior, prior[i])
        assert np.array_equal(sample.alpha, alpha) and np.all(sample.trimap == 0.5)
        assert sample.fg is None


def composed(tmp_path, count=3):
    from typer.testing import CliRunner

    from mattekit.cli import app

    pairs(tmp_path / "set", ["cat", "dog"])
    for i in range(4):
        put(tmp_path / f"bg/{i}.png", rgb(20, 20))
    arguments = "composite --preset custom --per-foreground 2 -o".split()
    folders = {"--foregrounds": "set/fg", "--alphas": "set/alpha", "--backgrounds": "bg"}
    named = [text for option, folder in folders.items() for text in (option, str(tmp_path / folder))]
    result = CliRunner().invoke(app, [*arguments, str(tmp_path / "out"), *named])
    assert result.exit_code == 0, result.output
    return tmp_path / "out"


def test_a_manifest_is_composed_anew_where_its_foregrounds_are(tmp_path):
    out = composed(tmp_path)
    source = open_sources([str(out)], backgrounds=[tmp_path / "bg"], foregrounds=tmp_path / "set/fg").sources[0]
    records = {line["name"]: line for line in map(json.loads, (out / "manifest.jsonl").read_text().splitlines())}
    assert len(source) == len(records) == 4
    for index, item in enumerate(source.items):
        sample, parts = source.read(index, RNG), records[item.name]["parts"]
        assert np.array_equal(sample.fg, io.read_raw(tmp_path / "set/fg" / parts["foreground"]).pixels)
        assert np.array_equal(sample.bg, io.read_raw(tmp_path / "bg" / parts["background"]).pixels)
        assert np.array_equal(sample.alpha, io.read_raw(tmp_path / "set/alpha" / parts["alpha"]).pixels)


def test_a_manifest_without_its_foregrounds_gives_its_images(tmp_path):
    out = composed(tmp_path)
    sources = open_sources([str(out)])
    sample = sources.sources[0].read(0, RNG)
    assert sources.lacking == {"fg", "bg", "prior"}
    assert np.array_equal(sample.image, io.read_raw(out / "merged/cat_0.png").pixels)
    (out / "merged/dog_1.png").unlink()
    with pytest.raises(InputError, match=r"dog_1\.png: no such file"):
        open_sources([str(out)])


def test_reestimated_foregrounds_replace_those_of_the_same_name(tmp_path):
    both = pairs(tmp_path / "set", ["a", "b"])
    fine = put(tmp_path / "fine/a.png", rgb())
    first, second = (
        open_sources([str(tmp_path / "set")], foregrounds=tmp_path / "fine").sources[0].read(i, RNG) for i in (0, 1)
    )
    assert np.array_equal(first.fg, fine) and np.array_equal(first.alpha, both["a"][1])
    assert np.array_equal(second.fg, both["b"][0])
    put(tmp_path / "other/z.png", rgb())
    with pytest.raises(InputError, match="none of its files is named like a foreground"):
        open_sources([str(tmp_path / "set")], foregrounds=tmp_path / "other")
    with pytest.raises(InputError, match="no source has any in files"):
        open_sources(["synthetic"], foregrounds=tmp_path / "fine")


def test_a_cutout_keeps_its_alpha_with_reestimated_colours(tmp_path):
    pixels = put(tmp_path / "set/cat.png", np.dstack([rgb(), grey()]))
    fine = put(tmp_path / "fine/cat.png", rgb())
    sample = open_sources([str(tmp_path / "set")], foregrounds=tmp_path / "fine").sources[0].read(0, RNG)
    assert np.array_equal(sample.fg, fine) and np.array_equal(sample.alpha, pixels[..., 3])


def test_every_bad_file_is_named_in_one_error(tmp_path):
    pairs(tmp_path / "set", ["good", "small", "cut", "alone"])
    put(tmp_path / "set/alpha/small.png", grey(6, 5))
    cut = tmp_path / "set/fg/cut.png"
    cut.write_bytes(cut.read_bytes()[:-20])
    (tmp_path / "set/alpha/alone.png").unlink()
    (tmp_path / "set/fg/text.jpg").write_text("no image")
    put(tmp_path / "set/alpha/text.png", grey())
    put(tmp_path / "cutouts/round.png", np.dstack([rgb(), grey()]))
    put(tmp_path / "cutouts/opaque.jpg", rgb())
    put(tmp_path / "bg/fine.png", rgb())
    (tmp_path / "bg/empty.jpg").touch()
    with pytest.raises(InputError) as raised:
        open_sources([str(tmp_path / "set"), str(tmp_path / "cutouts")], backgrounds=[tmp_path / "bg"])
    first, *lines = str(raised.value).splitlines()
    assert first == "6 files cannot be trained on:"
    told = {
        "small.png: 5x6, but ": "10x12",
        "cut.png: ": "truncated",
        "alone.png: ": "no alpha named alone",
        "text.jpg: ": "not an image",
        "opaque.jpg: ": "no alpha channel",
        "empty.jpg: ": "an empty file",
    }
    assert len(lines) == len(told)
    for where, what in told.items():
        assert any(where in line and what in line for line in lines), where


def test_weights_decide_how_often_a_source_is_drawn(tmp_path):
    for name in "ab":
        put(tmp_path / name / "x.png", np.dstack([np.full((4, 4, 3), ord(name), np.uint8), grey(4, 4)]))
    sources = open_sources([f"{tmp_path / 'a'}=3", str(tmp_path / "b")])
    rng = np.random.default_rng(1)
    drawn = [int(sources.draw(rng).fg[0, 0, 0]) for _ in range(400)]
    assert 0.7 < drawn.count(ord("a")) / 400 < 0.8


def test_a_foreground_gets_a_background_and_another_foreground(tmp_path):
    pairs(tmp_path / "set", ["a"])
    bg = put(tmp_path / "bg/x.png", rgb(30, 40))
    sample = open_sources([str(tmp_path / "set")], backgrounds=[tmp_path / "bg"]).draw(np.random.default_rng(0))
    fg, alpha = sample.draw(np.random.default_rng(0))
    assert np.array_equal(sample.bg, bg)
    assert np.array_equal(fg, sample.fg) and np.array_equal(alpha, sample.alpha)


def test_composites_are_not_merged_with_foregrounds(tmp_path):
    put(tmp_path / "done/image/x.png", rgb(8, 8))
    put(tmp_path / "done/alpha/x.png", grey(8, 8))
    pairs(tmp_path / "set", ["a"])
    sources = open_sources([f"{tmp_path / 'done'}=1000", str(tmp_path / "set")])
    for seed in range(5):
        assert sources.draw_foreground(np.random.default_rng(seed))[1].shape == (12, 10)
    assert sources.draw(np.random.default_rng(0)).bg is None


def test_foregrounds_come_from_the_cache_the_second_time(tmp_path, monkeypatch):
    first = pairs(tmp_path / "set", ["a"])["a"]
    put(tmp_path / "cut/b.png", np.dstack([rgb(), grey()]))

    def read():
        return read_all(open_sources([str(tmp_path / "set"), str(tmp_path / "cut")], cache=tmp_path / "cache"))

    decoded = read()
    monkeypatch.setattr(io, "read_raw", None)  # nothing is decoded any more
    again = read()
    assert np.array_equal(again["fg/a"].fg, first[0]) and np.array_equal(again["fg/a"].alpha, first[1])
    assert np.array_equal(again["b"].fg, decoded["b"].fg) and np.array_equal(again["b"].alpha, decoded["b"].alpha)


def test_every_batch_of_mixed_sources_has_the_same_pictures(tmp_path):
    """Composites have no foreground, so no sample of a run that has some shows one, whichever is drawn."""
    put(tmp_path / "done/image/x.png", rgb(40, 40))
    put(tmp_path / "done/alpha/x.png", grey(40, 40))
    put(tmp_path / "done/prior/x.png", grey(40, 40))
    put(tmp_path / "set/cat.png", np.dstack([rgb(40, 40), grey(40, 40)]))
    steps = [("background", 1, {}), ("crop", 1, {"size": 32}), ("trimap", 1, {}), ("compose", 1, {})]
    samples = Samples(open_sources([str(tmp_path / "done"), str(tmp_path / "set")]), steps)
    keys = [tuple(samples[(0, index)]) for index in range(8)]
    assert set(keys) == {("image", "trimap", "alpha")}
    alone = Samples(open_sources([str(tmp_path / "done")]), steps)
    assert set(alone[(0, 0)]) == {"image", "trimap", "alpha", "prior"}


def test_a_list_of_sources_is_relative_to_its_file(tmp_path):
    pairs(tmp_path / "set", ["a"], "colours", "opacity")
    listed = '[[source]]\npath = "set/colours"\nalpha = "set/opacity"\n[[source]]\nkind = "synthetic"\nweight = 2\n'
    (tmp_path / "list.toml").write_text(listed)
    sources = open_sources([str(tmp_path / "list.toml")])
    assert len(sources.sources[0]) == 1 and len(sources.sources) == 2
    assert np.allclose(sources.shares, [1 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[source]]\nweight = 1\n", "source.0: no path"),
        ('[[source]]\npath = "a"\nweigth = 1\n', "source.0.weigth: Extra inputs"),
        ('[[source]]\npath = "a"\nweight = 0\n', "source.0.weight: Input should be greater than 0"),
        ("source = 3", "source: "),
        ("[[source]", "not valid TOML"),
    ],
)
def test_a_faulty_list_is_told(tmp_path, text, told):
    (tmp_path / "list.toml").write_text(text)
    with pytest.raises(InputError, match=told):
        open_sources([str(tmp_path / "list.toml")])


def test_what_cannot_be_found_is_told(tmp_path):
    with pytest.raises(MissingFileError, match="no such folder"):
        open_sources([str(tmp_path / "none")])
    with pytest.raises(MissingFileError, match="no such file"):
        open_sources([str(tmp_path / "none.toml")])
    with pytest.raises(InputError, match="weight 0, wanted more than 0"):
        open_sources([f"{tmp_path}=0"])
    put(tmp_path / "x/photo.jpg", rgb())
    with pytest.raises(InputError, match="none of its 1 images has an alpha channel"):
        open_sources([str(tmp_path / "x")])


def test_without_data_it_is_synthetic():
    sample = open_sources([]).draw(np.random.default_rng(3))
    again = open_sources([]).draw(np.random.default_rng(3))
    assert sample.fg.shape[:2] == sample.alpha.shape == sample.bg.shape[:2]
    assert np.array_equal(sample.fg, again.fg) and np.array_equal(sample.bg, again.bg)


def test_real_cutouts_and_renders_are_read(shared):
    train = shared / "data/train"
    sources = open_sources([str(train / "cutouts"), str(train / "renders")], backgrounds=[train / "backgrounds"])
    assert [len(source) for source in sources.sources] == [456, 91]
    sample = sources.sources[1].read(0, RNG)
    assert sample.fg.dtype == sample.alpha.dtype == np.uint8
    assert 0 < np.mean((sample.alpha > 0) & (sample.alpha < 255))
