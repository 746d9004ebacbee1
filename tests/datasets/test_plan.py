import os

import pytest

from mattekit.datasets.plan import Library, assign, plan, read_names
from mattekit.errors import InputError, MissingFileError


def folder(path, *names):
    path.mkdir()
    for name in names:
        (path / name).touch()
    return path


def test_foreground_i_takes_the_ith_run_of_backgrounds():
    assert assign(["a", "b"], list("123456789"), 3) == [["1", "2", "3"], ["4", "5", "6"]]


def test_too_few_backgrounds_are_counted():
    with pytest.raises(InputError, match="5 backgrounds: 2 foregrounds with 3 each want 6"):
        assign(["a", "b"], list("12345"), 3)


def test_a_drawn_choice_depends_on_seed_and_name_alone_and_repeats_nothing_before_all_were_used():
    pool = [f"{i}.jpg" for i in range(7)]
    both = assign(["a.png", "b.png"], pool, 10, seed=3)
    assert assign(["b.png"], pool, 10, seed=3) == both[1:]
    assert both[0] != both[1] and both != assign(["a.png", "b.png"], pool, 10, seed=4)
    for chosen in both:
        assert sorted(chosen[:7]) == pool and len(set(chosen[7:])) == 3


def test_names_are_in_natural_order(tmp_path):
    library = Library([folder(tmp_path / "bg", "10.jpg", "9.png", "b2.png", "b10.png", "note.txt", ".hidden.png")])
    assert library.names() == ["9.png", "10.jpg", "b2.png", "b10.png"]


def test_a_file_is_found_by_name_or_by_a_stem_that_is_its_alone(tmp_path):
    one, two = folder(tmp_path / "one", "cat.png", "v1.2.png", "x.png"), folder(tmp_path / "two", "dog.jpg", "x.jpg")
    library = Library([one, two])
    assert library.find("cat.jpg") == one / "cat.png"
    assert library.find("v1.2") == one / "v1.2.png"
    assert library.find("elsewhere/dog.jpg") == two / "dog.jpg"
    assert library.find("x.jpg") == two / "x.jpg"
    with pytest.raises(InputError, match="x: it could be"):
        library.find("x")
    with pytest.raises(MissingFileError, match="v1.3: not in .*one or .*two"):
        library.find("v1.3")


def test_lists_are_read_in_order_whatever_their_line_ends(tmp_path):
    path = tmp_path / "test_fg_names.txt"
    path.write_bytes(b"\xef\xbb\xbfb.png\r\n\r\na.png \n")
    assert read_names(path) == ["b.png", "a.png"]
    path.write_bytes(b"\x89PNG\xff")
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_names(path)
    with pytest.raises(MissingFileError, match="no_list.txt: no such file"):
        read_names(tmp_path / "no_list.txt")


def test_images_are_named_by_foreground_and_number_and_only_those_with_missing_parts_are_left_out(tmp_path):
    libraries = {
        "foreground": Library([folder(tmp_path / "fg", "cat.jpg", "dog.png", "owl.png", "cat.png")]),
        "alpha": Library([folder(tmp_path / "alpha", "cat.png", "dog.png")]),
        "background": Library([folder(tmp_path / "bg", "1.jpg", "2.jpg")]),
        "trimap": Library([folder(tmp_path / "trimaps", "cat_0.png", "cat_1.png", "dog.png")]),
    }
    names = ["cat.jpg", "owl.png", "fox.png", "dog.png", "cat.png"]
    behind = [["1.jpg", "2.jpg"], ["1.jpg", "2.jpg"], ["1.jpg", "2.jpg"], ["3.jpg", "2.jpg"], ["1.jpg", "3.jpg"]]
    made = plan(names, behind, libraries)
    assert [item.name for item in made.items] == ["cat_0", "cat_1", "dog_1"]
    assert made.items[1].named == {
        "foreground": "cat.jpg",
        "alpha": "cat.png",
        "background": "2.jpg",
        "trimap": "cat_1.png",
    }
    assert made.items[2].files["trimap"] == tmp_path / "trimaps" / "dog.png"
    assert [line.split(":")[0] for line in made.problems] == [
        "alpha owl",
        "trimap owl",
        "foreground fox.png",
        "alpha fox",
        "trimap fox",
        "background 3.jpg",
        "cat.png",
    ]


def test_the_digest_tells_orders_apart_but_not_missing_parts(tmp_path):
    library = {
        "foreground": Library([folder(tmp_path / "fg", "a.png", "b.png")]),
        "background": Library([folder(tmp_path / "bg")]),
    }
    digest = plan(["a.png", "b.png"], [["1.jpg"], ["2.jpg"]], library).digest
    assert digest != plan(["a.png", "b.png"], [["2.jpg"], ["1.jpg"]], library).digest
    (tmp_path / "bg" / "1.jpg").touch()
    library["background"] = Library([tmp_path / "bg"])
    assert digest == plan(["a.png", "b.png"], [["1.jpg"], ["2.jpg"]], library).digest


@pytest.mark.skipif(os.name != "posix", reason="elsewhere names are text")
def test_a_name_that_is_no_text_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()
    with pytest.raises(InputError, match="its name is not UTF-8, and a manifest cannot name it"):
        Library([tmp_path])
