"""Frame patterns, and shots that are paired by frame number."""

import logging
from pathlib import Path

import pytest

from mattekit import frames
from mattekit.errors import InputError, MissingFileError
from mattekit.pairing import pair


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3", (3,)), ("1-4", (1, 2, 3, 4)), ("1-9x4", (1, 5, 9)), ("1,5, 9-11", (1, 5, 9, 10, 11)), ("0007-0008", (7, 8))],
)
def test_lists(text, wanted):
    assert frames.numbers(text) == wanted


@pytest.mark.parametrize("text", ["", "a", "5-1", "1-9x0", "1-", "-3", "1--3", "1-99999999"])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(InputError, match="frames"):
        frames.numbers(text)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("shot.####.exr", {1, 2, 10, 12345}),
        ("shot.%04d.exr", {1, 2, 10, 12345}),
        ("shot.#####.exr", {12, 12345}),
        ("shot.[0001-0002].exr", {1, 2}),
        ("shot.[0001-0010x9].exr", {1, 10}),
        ("shot.[0002,0010].exr", {2, 10}),
    ],
)
def test_patterns_find_frames(tmp_path, name, wanted):
    touch(tmp_path, *(f"shot.{n:04d}.exr" for n in (1, 2, 10, 12345)), "shot.1.exr", "other.0003.exr", "shot.00012.exr")
    assert set(frames.find(tmp_path / name).files) == wanted


def test_one_place_takes_any_number_of_digits_and_tells_of_two(tmp_path):
    touch(tmp_path, "a7.png", "a10.png", "a010.png")
    shot = frames.find(tmp_path / "a#.png")
    assert set(shot.files) == {7}
    assert [path.name for path in shot.duplicates[10]] == ["a010.png", "a10.png"]


def test_a_file_of_that_very_name_is_no_pattern(tmp_path):
    touch(tmp_path, "take#2.png")
    assert not frames.is_pattern(tmp_path / "take#2.png")
    assert frames.is_pattern(tmp_path / "take#3.png")
    assert not frames.is_pattern(tmp_path / "plate.png")


def test_a_list_restricts_a_pattern(tmp_path):
    touch(tmp_path, *(f"s_{n:03d}.png" for n in range(1, 10)))
    assert list(frames.find(frames.restricted(tmp_path / "s_###.png", "2-8x3")).files) == [2, 5, 8]


def test_several_places_and_no_frames_are_refused(tmp_path):
    touch(tmp_path, "a_1_2.png")
    with pytest.raises(InputError, match="2 places"):
        frames.find(tmp_path / "a_#_#.png")
    with pytest.raises(MissingFileError, match="no frame"):
        frames.find(tmp_path / "b_#.png")


def test_frames_pair_by_number_whatever_their_names(tmp_path, caplog):
    plates = touch(tmp_path / "p", *(f"shot.{n:04d}.exr" for n in (1, 2, 4, 5)))
    trimaps = touch(tmp_path / "t", "shot_trimap.01.png", "x2.png", "x4.png", "x04.png", "x9.png")
    with caplog.at_level(logging.WARNING, "mattekit"):
        found = pair({"image": plates / "shot.####.exr", "trimap": trimaps})
    assert "frames 3 are missing" in caplog.text
    assert {name: files["trimap"].name for name, files in found.groups.items()} == {
        "shot.0001": "shot_trimap.01.png",
        "shot.0002": "x2.png",
    }
    assert found.frames == {"shot.0001": 1, "shot.0002": 2}
    assert found.unused["trimap"] == ["9"]
    assert [problem.name for problem in found.problems] == ["shot.0004", "shot.0005"]
    assert "both frame 4" in found.problems[0]
    assert "no trimap of frame 5" in found.problems[1]


def test_a_file_serves_every_frame(tmp_path):
    plates = touch(tmp_path / "p", "a.1.png", "a.2.png")
    (tmp_path / "still.png").touch()
    found = pair({"image": plates / "a.#.png", "trimap": tmp_path / "still.png"})
    assert [files["trimap"].name for files in found.groups.values()] == ["still.png"] * 2


def test_frames_of_a_list_that_are_not_there_are_problems(tmp_path):
    plates = touch(tmp_path / "p", "a.1.png", "a.3.png")
    found = pair({"image": plates / "a.[1-3].png"})
    assert list(found.groups) == ["a.1", "a.3"]
    assert ["no frame 2" in problem for problem in found.problems] == [True]


@pytest.mark.parametrize(("given", "wanted"), [([1, 2, 4], [3]), ([1, 3, 7], [5]), ([5], []), ([2, 3], [])])
def test_gaps_are_steps_left_out(given, wanted):
    assert frames.gaps(given) == wanted


def test_spans_are_short():
    assert frames.spans([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
