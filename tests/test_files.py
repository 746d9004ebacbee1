"""A file is there as a whole or not at all; what a killed process leaves is cleared away; inputs stay."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mattekit import files
from mattekit.errors import InputError

NOBODY = 4194305  # beyond the largest process number Linux gives


@pytest.fixture(autouse=True)
def fresh_process():
    """Every test is the first write of a process."""
    files._sweep_once.cache_clear()


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_the_target_appears_at_the_end_of_the_block_and_not_before(tmp_path):
    target = tmp_path / "deep" / "a.png"
    with files.replacing(target) as part:
        part.write_bytes(b"half")
        assert not target.exists() and part.parent == target.parent and part.name.startswith(".")
    assert target.read_bytes() == b"half" and hidden(target.parent) == []


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path, problem):
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    with pytest.raises(problem), files.replacing(target) as part:
        part.write_bytes(b"ha")
        raise problem
    assert target.read_bytes() == b"old" and hidden(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are a matter of POSIX")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_are_those_of_any_new_file(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        files.write_bytes(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


@pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")
def test_what_a_killed_process_leaves_goes_with_the_next_write_into_the_folder(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from mattekit.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as part:\n"
        "    part.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a [1].png")], check=False)
    assert len(hidden(tmp_path)) == 1 and not (tmp_path / "a [1].png").exists()
    files.write_bytes(tmp_path / "b.png", b"whole")
    assert hidden(tmp_path) == []


def test_files_of_living_processes_and_of_others_are_left_alone(tmp_path):
    parent, here = os.getppid(), files._computer()
    kept = [
        f".a.png.{parent}@{here}.part",
        f".a.png.{NOBODY}@another-computer.part",
        ".movie.mkv.part",
        ".x.part",
        f"a.png.{NOBODY}.part",
        f".a.png.{NOBODY}.png",
    ]
    for name in [*kept, f".a.png.{NOBODY}@{here}.part", f".a.png.{NOBODY}.part", f".a.png.{os.getpid()}@{here}.part"]:
        (tmp_path / name).touch()
    files.write_bytes(tmp_path / "b.png", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "b.png"])


def test_a_file_of_another_computer_goes_after_a_day(tmp_path):
    left = tmp_path / f".a.png.{NOBODY}@another-computer.part"
    left.touch()
    os.utime(left, (time.time() - 90_000,) * 2)
    files.sweep(tmp_path)
    assert hidden(tmp_path) == []


def test_two_writers_of_one_process_in_one_folder_do_not_disturb_each_other(tmp_path):
    with files.replacing(tmp_path / "a") as one:
        one.write_bytes(b"1")
        with files.replacing(tmp_path / "b") as two:
            two.write_bytes(b"2")
    assert (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes() == b"12"


def test_an_output_that_is_an_input_is_refused_under_every_name(tmp_path):
    source = tmp_path / "a.png"
    source.write_bytes(b"x")
    (tmp_path / "sub").mkdir()
    link, hard = tmp_path / "link.png", tmp_path / "hard.png"
    link.symlink_to(source)
    hard.hardlink_to(source)
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path)
    for output in (source, link, hard, folder / "a.png", tmp_path / "sub" / ".." / "a.png"):
        with pytest.raises(InputError, match="the output is also an input"):
            files.refuse_overwriting(output, [tmp_path / "other.png", source])
    files.refuse_overwriting(tmp_path / "new.png", [source, tmp_path / "missing.png"])


def test_a_folder_that_cannot_be_written_into_is_told_before_and_none_is_made(tmp_path, monkeypatch):
    files.require_writable(tmp_path / "new" / "newer")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as told:
        files.require_writable(tmp_path / "file" / "new")
    assert told.value.filename == str(tmp_path / "file")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    for folder in (tmp_path, Path("new/newer")):
        with pytest.raises(PermissionError):
            files.require_writable(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_standard_output_overwrites_nothing():
    files.refuse_overwriting(Path("-"), [Path("-")])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a matter of POSIX")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    """Nor is a device: `-o /dev/null` by root must not make a file of it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        files.write_bytes(pipe, b"data")
        assert read.result(timeout=20) == b"data"
    assert pipe.is_fifo() and os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "ä" * 125 + ".png", "a" * 255])
def test_the_longest_names_can_be_written(tmp_path, name):
    files.write_bytes(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_killed_process_leaves_of_a_long_name_is_recognised(tmp_path):
    part = tmp_path / files.part_name("a" * 255).replace(f".{os.getpid()}@", f".{NOBODY}@")
    part.touch()
    files.sweep(tmp_path)
    assert hidden(tmp_path) == []


def test_text_is_bounded_and_utf_8(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9")
    assert files.read_text(tmp_path / "a.txt", 8) == "café"
    with pytest.raises(InputError, match="a.txt: more than 7e-06 MB"):
        files.read_text(tmp_path / "a.txt", 7)
    (tmp_path / "b.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="b.txt: byte 3 is not UTF-8 text"):
        files.read_text(tmp_path / "b.txt", 100)


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("images/plume.png", "images/plume.jpg"),
        ("images/plmue.jpg", "images/plume.jpg"),
        ("imges/plume.jpg", "images"),
        ("images/other.png", None),
        ("images/plume.jpg/x", None),
    ],
)
def test_a_missing_path_is_told_with_the_one_most_like_it(tmp_path, asked, nearest):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "plume.jpg").touch()
    told = f" Nearest: {tmp_path / nearest}." if nearest else ""
    assert str(files.missing(tmp_path / asked)) == f"{tmp_path / asked}: no such file. Check the path.{told}"
