"""Which files are paired, and what is said of those that cannot be."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import MissingFileError
from mattekit.formats import PLAIN
from mattekit.pairing import images, pair


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    folder.mkdir(exist_ok=True)
    return folder


def names_of(pairing):
    return {name: {role: path.name for role, path in files.items()} for name, files in pairing.groups.items()}


def test_partners_share_the_stem_whatever_their_extension(tmp_path):
    folders = {
        "image": touch(tmp_path / "i", "b.jpg", "a.PNG", "a.b.tif", "notes.txt"),
        "trimap": touch(tmp_path / "t", "a.tiff", "b.png", "a.b.png"),
    }
    pairing = pair(folders)
    assert names_of(pairing) == {
        "a": {"image": "a.PNG", "trimap": "a.tiff"},
        "a.b": {"image": "a.b.tif", "trimap": "a.b.png"},
        "b": {"image": "b.jpg", "trimap": "b.png"},
    }
    assert list(pairing.groups) == ["a", "a.b", "b"]
    assert pairing.problems == [] and pairing.unused == {"trimap": []}


def test_order_and_neighbours_do_not_pair_what_is_named_differently(tmp_path):
    folders = {"image": touch(tmp_path / "i", "1.png", "2.png"), "trimap": touch(tmp_path / "t", "2.png", "3.png")}
    pairing = pair(folders)
    assert list(pairing.groups) == ["2"]
    assert pairing.problems == [f"{tmp_path}/i/1.png: no trimap named 1 in {tmp_path}/t. Add it, or check the folder."]
    assert pairing.unused == {"trimap": ["3"]}


def test_every_missing_partner_of_every_role_is_reported_at_once(tmp_path):
    folders = {
        "image": touch(tmp_path / "i", "a.png", "b.png", "c.png"),
        "alpha": touch(tmp_path / "al", "a.png"),
        "trimap": touch(tmp_path / "t", "a.png", "b.png"),
    }
    problems = pair(folders).problems
    assert [line.split(":")[0].rsplit("/")[-1] + line.split(" in ")[0].split(":")[1] for line in problems] == [
        "b.png no alpha named b",
        "c.png no alpha named c",
        "c.png no trimap named c",
    ]


@pytest.mark.parametrize("which", ["image", "trimap"])
def test_two_files_of_one_name_are_one_problem_and_no_pair(tmp_path, which):
    folders = {"image": touch(tmp_path / "i", "a.png", "b.png"), "trimap": touch(tmp_path / "t", "a.png", "b.png")}
    touch(folders[which], "a.jpg")
    pairing = pair(folders)
    assert list(pairing.groups) == ["b"]
    assert pairing.problems == [f"{folders[which]}: a.jpg and a.png have one name. Keep one of them."]


def test_a_double_that_nobody_asks_for_is_no_problem(tmp_path):
    folders = {"image": touch(tmp_path / "i", "a.png"), "trimap": touch(tmp_path / "t", "a.png", "z.png", "z.jpg")}
    pairing = pair(folders)
    assert pairing.problems == [] and pairing.unused == {"trimap": ["z"]}


def test_sub_folders_are_part_of_the_name_and_looked_into_when_asked(tmp_path):
    folders = {
        "image": touch(tmp_path / "i", "a.png", "x/a.png", "y/z/a.png"),
        "trimap": touch(tmp_path / "t", "a.png", "x/a.jpg", "y/a.png"),
    }
    assert list(pair(folders).groups) == ["a"]
    pairing = pair(folders, recursive=True)
    assert list(pairing.groups) == ["a", "x/a"]
    assert pairing.groups["x/a"]["trimap"] == tmp_path / "t" / "x" / "a.jpg"
    assert len(pairing.problems) == 1 and "y/z/a.png: no trimap" in pairing.problems[0]
    assert pairing.unused == {"trimap": ["y/a"]}


def test_numbered_composites_share_one_partner_only_where_told(tmp_path):
    folders = {
        "merged": touch(tmp_path / "m", "cat_0.png", "cat_19.png", "dog_0.png", "cat_x.png"),
        "alpha": touch(tmp_path / "a", "cat.png", "dog.png", "dog_0.png"),
    }
    assert list(pair(folders).groups) == ["dog_0"]
    pairing = pair(folders, numbered=["alpha"])
    assert {name: files["alpha"].name for name, files in pairing.groups.items()} == {
        "cat_0": "cat.png",
        "cat_19": "cat.png",
        "dog_0": "dog_0.png",  # a partner of its own goes first
    }
    assert len(pairing.problems) == 1 and "cat_x.png: no alpha" in pairing.problems[0]


def test_a_double_shared_by_many_is_said_once(tmp_path):
    folders = {"merged": touch(tmp_path / "m", "c_0.png", "c_1.png"), "alpha": touch(tmp_path / "a", "c.png", "c.jpg")}
    pairing = pair(folders, numbered=["alpha"])
    assert pairing.groups == {} and len(pairing.problems) == 1


def test_one_folder_can_hold_both_when_the_role_is_in_the_name(tmp_path):
    folder = touch(tmp_path / "both", "cat.png", "cat_trimap.png", "dog.png", "emu_trimap.png")
    pairing = pair({"image": folder, "trimap": folder})
    assert names_of(pairing) == {"cat": {"image": "cat.png", "trimap": "cat_trimap.png"}}
    assert pairing.problems == [f"{folder}/dog.png: no trimap named dog in {folder}. Add it, or check the folder."]
    assert pairing.unused == {"trimap": ["emu_trimap"]}


def test_an_image_is_never_its_own_trimap(tmp_path):
    folder = touch(tmp_path / "both", "cat.png")
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert pair({"image": folder, "trimap": link}).groups == {}


def test_a_file_may_be_its_own_partner_where_that_makes_sense(tmp_path):
    """Scoring true alphas against themselves is a user's first check of a scorer."""
    truth = touch(tmp_path / "truth", "cat.png")
    assert names_of(pair({"prediction": truth, "alpha": truth}, distinct=False)) == {
        "cat": {"prediction": "cat.png", "alpha": "cat.png"}
    }


def test_a_folder_of_its_own_may_still_carry_the_role_in_its_names(tmp_path):
    folders = {"image": touch(tmp_path / "i", "cat.png"), "trimap": touch(tmp_path / "t", "cat_trimap.png")}
    assert names_of(pair(folders)) == {"cat": {"image": "cat.png", "trimap": "cat_trimap.png"}}
    touch(folders["image"], "tall_trimap.png")
    touch(folders["trimap"], "tall_trimap.png")
    assert "tall_trimap" in pair(folders).groups


def test_a_matte_named_as_predict_names_it_finds_its_truth(tmp_path):
    """cat_alpha.png is the prediction for cat.png."""
    touch(tmp_path / "mattes", "cat_alpha.png", "dog_2_alpha.png")
    touch(tmp_path / "truth", "cat.png", "dog.png")
    found = pair({"prediction": tmp_path / "mattes", "alpha": tmp_path / "truth"}, numbered=["alpha"])
    assert {name: files["alpha"].stem for name, files in found.groups.items()} == {
        "cat_alpha": "cat",
        "dog_2_alpha": "dog",
    }


def test_hidden_files_and_folders_are_not_looked_at(tmp_path):
    folder = touch(tmp_path / "i", "a.png", ".b.png", ".thumbs/c.png", "x/.y/d.png", "._a.png")
    touch(folder / "folder.png")
    assert list(images(folder, recursive=True).groups) == ["a"]


def test_a_hidden_parent_does_not_hide_its_images(tmp_path):
    assert list(images(touch(tmp_path / ".cache" / "i", "a.png"), recursive=True).groups) == ["a"]


def test_outputs_of_an_earlier_run_inside_the_folder_are_left_out(tmp_path):
    folder = touch(tmp_path / "i", "a.png", "out/a.png", "out/deep/a.png", "outer/a.png")
    assert list(images(folder, recursive=True, leave_out=folder / "out").groups) == ["a", "outer/a"]
    assert "out/a" in images(folder, recursive=True).groups


def test_outputs_in_the_folder_itself_or_above_it_leave_nothing_out(tmp_path):
    folder = touch(tmp_path / "i", "a.png")
    for output in (folder, tmp_path, tmp_path / "elsewhere"):
        assert list(images(folder, recursive=True, leave_out=output).groups) == ["a"]


def test_an_empty_or_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(MissingFileError, match="nowhere: no such folder"):
        images(tmp_path / "nowhere")
    with pytest.raises(MissingFileError, match=r"empty: no images found. Check the path. Formats: .*\.png"):
        images(touch(tmp_path / "empty", "readme.txt"))
    with pytest.raises(MissingFileError, match="nowhere: no such folder"):
        pair({"image": touch(tmp_path / "i", "a.png"), "trimap": tmp_path / "nowhere"})


@settings(max_examples=25, deadline=None)
@given(
    st.sets(st.text(st.characters(categories=("L", "N"), exclude_characters="."), min_size=1, max_size=8), max_size=6)
)
def test_any_names_pair_with_themselves(tmp_path_factory, stems):
    root = tmp_path_factory.mktemp("names")
    stems = {stem.lower() for stem in stems} or {"a"}
    suffixes = sorted(PLAIN)
    image = touch(root / "i", *(stem + suffixes[k % len(suffixes)] for k, stem in enumerate(sorted(stems))))
    trimap = touch(root / "t", *(f"{stem}.png" for stem in stems))
    pairing = pair({"image": image, "trimap": trimap})
    assert set(pairing.groups) == stems and not pairing.problems


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are a matter of POSIX")
def test_a_dead_link_or_a_pipe_among_images_is_named(tmp_path):
    photos, trimaps = tmp_path / "images", tmp_path / "trimaps"
    for folder in (photos, trimaps):
        folder.mkdir()
        for name in "abc":
            (folder / f"{name}.png").touch()
    (photos / "b.png").unlink()
    (photos / "b.png").symlink_to("nowhere.png")
    (trimaps / "c.png").unlink()
    os.mkfifo(trimaps / "c.png")
    found = pair({"image": photos, "trimap": trimaps})
    assert list(found.groups) == ["a"]
    assert found.problems == [
        f"{photos}/b.png: a link to a file that does not exist. Repair or remove it.",
        f"{trimaps}/c.png: a pipe, device or socket, wanted a regular file. Remove it.",
    ]
    assert [problem.name for problem in found.problems] == ["b", "c"]


def test_plates_and_layered_files_count_where_they_can_be_read(tmp_path, monkeypatch):
    """Beside a picture of its name a PSD is what that was made from; alone it is a picture, or fails by name."""
    mixed, plates = touch(tmp_path / "m", "a.png", "a.psd", "b.dpx"), touch(tmp_path / "p", "c.dpx", "readme.txt")
    monkeypatch.setattr("mattekit.formats.find_spec", lambda name: object())
    assert {name: files["image"].name for name, files in images(mixed).groups.items()} == {"a": "a.png", "b": "b.dpx"}
    monkeypatch.setattr("mattekit.formats.find_spec", lambda name: None)
    assert list(images(mixed).groups) == ["a"]
    assert list(images(plates).groups) == ["c"]
