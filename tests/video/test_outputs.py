"""Videos as outputs: what is in them, sound, times, and going on after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit import frames
from mattekit.cli import app
from mattekit.imaging import io
from mattekit.video import index, names

RNG = np.random.default_rng(5)


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def pictures(video: Path) -> list[np.ndarray]:
    return [io.read_raw(path).pixels for path in frames.find(video).files.values()]


def cutouts(folder: Path, count: int, size=(24, 36), kind=np.uint8, first=1) -> Path:
    """Write frames of smooth colours whose alpha goes from 0 to full scale; return their pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    full = np.iinfo(kind).max
    rows, columns = np.mgrid[: size[0], : size[1]] / np.array(size)[:, None, None]
    for i in range(count):
        planes = [rows, columns, np.full(size, (i + 1) / (count + 1)), np.clip(2 * columns - 0.5, 0, 1)]
        io.write_raw(folder / f"cut.{first + i:04d}.png", np.rint(np.dstack(planes) * full).astype(kind))
    return folder / "cut.####.png"


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_ffv1_holds_what_went_in_bit_for_bit(tmp_path, kind):
    """Through the command line: opaque foregrounds over any background are themselves, at their depth."""
    count, full = 4, np.iinfo(kind).max
    (tmp_path / "fg").mkdir()
    originals = [RNG.integers(0, full, (17, 23, 3), dtype=kind, endpoint=True) for _ in range(count)]
    for i, pixels in enumerate(originals, 1):
        io.write_raw(tmp_path / f"fg/f.{i}.png", pixels)
    io.write_raw(tmp_path / "all.png", np.full((17, 23), 255, np.uint8))
    result = run("composite", tmp_path / "fg/f.#.png", tmp_path / "all.png", "white", "-o", tmp_path / "out.mkv")
    assert result.exit_code == 0, result.output
    for found, wanted in zip(pictures(tmp_path / "out.mkv"), originals, strict=True):
        assert found.dtype == kind
        np.testing.assert_array_equal(found, wanted)
    assert "24 a second" in result.stderr and not list(tmp_path.glob(".*"))


def predict(video, trimap, *words):
    """Matte with trimaps that have no unknown pixels, which are the alphas."""
    return run("predict", video, trimap, "-m", "shared", "--band", "0", *words)


def still(folder: Path, size) -> Path:
    """Write a trimap without unknown pixels, which is the alpha."""
    trimap = np.zeros(size, np.uint8)
    trimap[:, size[1] // 2 :] = 255
    io.write_raw(folder / "still.png", trimap)
    return folder / "still.png"


@pytest.mark.parametrize(("suffix", "tolerance"), [(".mov", 2), (".webm", 14), (".mkv", 0)])
def test_cut_outs_keep_colours_and_transparency(tmp_path, write_video, grey_frames, suffix, tolerance):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(5, step=20), options={"crf": "0"})
    out = tmp_path / f"out/cut{suffix}"
    result = predict(video, still(tmp_path, (32, 48)), "--save", "cutout", "-o", out)
    assert result.exit_code == 0, result.output
    source, made = pictures(video), pictures(out)
    assert len(made) == 5
    for before, after in zip(source, made, strict=True):
        assert after.shape == (32, 48, 4)
        scale = 257 if after.dtype == np.uint16 else 1
        assert (after[:, :16, 3] <= tolerance * scale).all()
        assert (after[:, 32:, 3] >= (255 - tolerance) * scale).all()
        shown = np.abs(after[:, 32:, :3] / scale - before[:, 32:])
        assert shown.max() <= max(tolerance, 1)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_several_pictures_give_several_videos(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(3, step=20), sound="aac")
    words = ("--save", "alpha,composite", "--background", "black", "-o", tmp_path / "out/shot.mp4", "--json")
    result = predict(video, still(tmp_path, (32, 48)), *words)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["frames"] for line in lines[3:]] == [3, 3]
    assert lines[0]["outputs"] == {kind: str(tmp_path / f"out/shot_{kind}.mp4") for kind in ("alpha", "composite")}
    for kind, level in (("alpha", 255), ("composite", pictures(video)[1][5, 40, 0])):
        found = pictures(tmp_path / f"out/shot_{kind}.mp4")[1]
        assert found[:, :20].max() <= 6 and np.abs(found[5, 40].astype(int) - level).max() <= 4


def packets(video: Path, kind: str) -> list:
    av = names.library(video)
    with av.open(str(video)) as container:
        found = [p for p in container.demux() if p.stream.type == kind and p.size]
        return [(float(p.pts * p.time_base), bytes(p)) for p in found]


@pytest.mark.parametrize(("sound", "suffix"), [("aac", ".mov"), ("aac", ".mkv"), ("libopus", ".webm"), ("aac", ".mp4")])
def test_sound_is_copied(tmp_path, write_video, grey_frames, sound, suffix):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(12), sound=sound)
    out = tmp_path / f"out{suffix}"
    assert predict(video, still(tmp_path, (32, 48)), "-o", out).exit_code == 0
    before, after = packets(video, "audio"), packets(out, "audio")
    assert len(after) >= len(before) - 2 > 10
    assert [data for _, data in after] == [data for _, data in before[: len(after)]]
    gaps = [end - start for (start, _), (end, _) in zip(before, after, strict=False)]
    lead = packets(out, "video")[0][0] - packets(video, "video")[0][0]
    assert np.abs(np.subtract(gaps, lead)).max() < 0.003  # sound and picture move together


def test_sound_that_a_container_cannot_hold_is_told(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(3), sound="aac")
    result = predict(video, still(tmp_path, (32, 48)), "-o", tmp_path / "out.webm")
    assert result.exit_code == 0 and "its sound (aac) is left out" in result.stderr
    assert len(pictures(tmp_path / "out.webm")) == 3


@pytest.mark.parametrize(("suffix", "exact"), [(".mov", 1e-4), (".mkv", 1.1e-3), (".mp4", 1e-4), (".webm", 1.1e-3)])
def test_times_of_frames_are_kept(tmp_path, write_video, grey_frames, suffix, exact):
    times = [0, 25, 50, 150, 160, 400]
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(6), times=times)
    trimap = still(tmp_path, (32, 48))
    assert predict(video, trimap, "-o", tmp_path / f"all{suffix}").exit_code == 0
    found = index.read(tmp_path / f"all{suffix}")
    assert [float(t * found.time_base) for t in found.times] == pytest.approx(np.divide(times, 600), abs=exact)
    words = ("--frames", "3-5", "-o", tmp_path / f"some{suffix}")
    assert predict(video, trimap, *words).exit_code == 0
    found = index.read(tmp_path / f"some{suffix}")
    wanted = np.divide([0, 100, 110], 600)
    assert [float(t * found.time_base) for t in found.times] == pytest.approx(wanted, abs=exact)


def test_odd_sizes(tmp_path):
    alphas = tmp_path / "alphas"
    pattern = cutouts(tmp_path / "cuts", 2, size=(15, 21))
    assert run("composite", pattern, "black", "-o", tmp_path / "out.mov").exit_code == 0
    assert pictures(tmp_path / "out.mov")[0].shape[:2] == (15, 21)
    result = run("composite", pattern, "black", "-o", tmp_path / "out.mp4")
    assert result.exit_code == 1
    assert "out.mp4: 21x15 pixels, but H.264 wants even sides. Write .mov, .webm or .mkv." in result.stderr
    trimap = still(tmp_path, (15, 21))
    assert predict(pattern, trimap, "-o", tmp_path / "alpha.mp4").exit_code == 0
    assert pictures(tmp_path / "alpha.mp4")[1].shape == (15, 21, 3) and not alphas.exists()


def test_what_a_video_cannot_hold_is_told_before_any_work(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(2))
    trimap = still(tmp_path, (32, 48))
    cases = {
        ("--save", "cutout", "-o", "out.mp4"): (1, "H.264 holds no transparency. Write .mov, .webm or .mkv."),
        ("--depth", "float", "-o", "out.mkv"): (2, "--depth float: .mkv does not have it"),
        ("--format", "png", "-o", "out.mov"): (2, "--format does not apply with a video"),
        ("-o", "shot.mp4"): (1, "the output is also an input"),
        ("--watch", "-o", "out.mov"): (2, "--watch is for a folder or a pattern"),
        ("--report", "r.html", "-o", "out.mov"): (2, "--report shows files of single frames"),
    }
    for words, (code, text) in cases.items():
        words = [tmp_path / word if "." in word and word[0] != "-" else word for word in words]
        result = predict(video, trimap, *words)
        assert result.exit_code == code and text in " ".join(result.stderr.split()), result.output
    assert run("predict", trimap, trimap, "-o", tmp_path / "out.mov").exit_code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shot.mp4", "still.png"]


def test_a_frame_without_its_trimap_keeps_the_video_from_being_written_until_it_is_there(
    tmp_path, write_video, grey_frames
):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(4))
    (tmp_path / "t").mkdir()
    for number in (1, 2, 4):
        still(tmp_path, (32, 48)).rename(tmp_path / f"t/{number}.png")
    out = tmp_path / "out.mkv"
    result = predict(video, tmp_path / "t", "-o", out)
    assert result.exit_code == 3 and not out.exists()
    assert "out.mkv: not written, as 1 of 4 frames failed" in result.stderr
    still(tmp_path, (32, 48)).rename(tmp_path / "t/3.png")
    result = predict(video, tmp_path / "t", "-o", out)
    assert result.exit_code == 0 and "3 skipped" in result.stderr
    assert len(pictures(out)) == 4 and not list(tmp_path.glob(".out*"))
    result = predict(video, tmp_path / "t", "-o", out, "--skip-existing")
    assert result.exit_code == 0 and "out.mkv: skipped" in result.stderr


def test_a_video_that_is_cut_off_is_done_as_far_as_it_goes(tmp_path, write_video, grey_frames):
    video = write_video(
        tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(30), options={"g": "5"}, mux={"movflags": "faststart"}
    )
    data = video.read_bytes()
    video.write_bytes(data[: -len(data) // 8])
    out = tmp_path / "out.mkv"
    result = predict(video, still(tmp_path, (32, 48)), "-o", out)
    assert result.exit_code == 3 and "cut off after frame" in result.stderr
    assert 5 < len(pictures(out)) < 30


def test_other_settings_begin_anew_and_changed_inputs_are_done_again(tmp_path, write_video, grey_frames):
    from mattekit.jobs.compose import ComposeJob
    from mattekit.jobs.video_file import VideoFile

    pattern = cutouts(tmp_path / "cuts", 3)
    video = VideoFile(tmp_path / "out.mkv", "composite", pattern)

    def jobs(background):
        return [
            ComposeJob(name=path.stem, targets={}, foreground=path, alpha=None, background=background)
            for path in frames.find(pattern).files.values()
        ]

    video.prepare(jobs("white"))
    for job in jobs("white"):
        io.write_raw(video.part(job.name), np.zeros((4, 4), np.uint8))
    video.prepare(jobs("white"))
    assert all(video.part(job.name).exists() for job in jobs("white"))
    later = time.time() + 5
    os.utime(tmp_path / "cuts/cut.0002.png", (later, later))
    video.prepare(jobs("white"))
    assert [video.part(job.name).exists() for job in jobs("white")] == [True, False, True]
    video.prepare(jobs("black"))
    assert not any(video.part(job.name).exists() for job in jobs("black"))


def test_a_run_that_was_killed_goes_on_and_gives_an_equal_video(tmp_path):
    pattern = cutouts(tmp_path / "cuts", 40, size=(240, 320))
    command = [sys.executable, "-m", "mattekit", "composite", str(pattern), "#336699", "-o"]
    out, folder = tmp_path / "killed.mov", tmp_path / ".killed.mov.frames"
    process = subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(folder.glob("*.png"))) < 3:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(list(folder.glob("*.png")))
    assert 3 <= done < 40 and not out.exists()
    result = run("composite", pattern, "#336699", "-o", out)
    assert result.exit_code == 0 and f"{40 - done} frames done, {done} skipped" in result.stderr
    assert run("composite", pattern, "#336699", "-o", tmp_path / "whole.mov").exit_code == 0
    for one, other in zip(pictures(out), pictures(tmp_path / "whole.mov"), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.glob(".*"))


def test_shares_wait_for_a_run_that_joins_them(tmp_path):
    pattern, out = cutouts(tmp_path / "cuts", 5), tmp_path / "out.mkv"
    for share in ("1/2", "2/2"):
        result = run("composite", pattern, "white", "-o", out, "--shard", share)
        assert result.exit_code == 0 and not out.exists()
    result = run("composite", pattern, "white", "-o", out)
    assert result.exit_code == 0 and "0 frames done, 5 skipped" in result.stderr
    assert len(pictures(out)) == 5


def test_frames_of_two_sizes_give_no_video(tmp_path):
    pattern = cutouts(tmp_path / "cuts", 2)
    cutouts(tmp_path / "cuts", 1, size=(24, 30), first=3)
    result = run("composite", pattern, "white", "-o", tmp_path / "out.mov")
    assert result.exit_code == 1 and "frames of 30x24 after 36x24, wanted one size" in result.stderr
    assert not (tmp_path / "out.mov").exists()


def level(picture: np.ndarray) -> int:
    return int(picture[0, 0, 0])


@pytest.fixture
def layers(tmp_path):
    """Transparent frames 1 to 7, and backgrounds 1 to 3 of grey 10, 20, 30."""
    fg, bg = tmp_path / "fg", tmp_path / "bg"
    for folder in (fg, bg):
        folder.mkdir()
    for number in range(1, 8):
        io.write_raw(
            fg / f"fg.{number:02d}.png", np.dstack([np.full((4, 6, 3), 200, np.uint8), np.zeros((4, 6), np.uint8)])
        )
    for number in range(1, 4):
        io.write_raw(bg / f"bg_{number:04d}.png", np.full((4, 6, 3), 10 * number, np.uint8))
    return fg / "fg.##.png", bg / "bg_####.png", tmp_path / "out"


@pytest.mark.parametrize(
    ("end", "wanted"), [("repeat", [10, 20, 30, 10, 20, 30, 10]), ("stop", [10, 20, 30]), ("fail", None)]
)
def test_a_background_of_fewer_frames_repeats_stops_or_fails(layers, end, wanted):
    fg, bg, out = layers
    result = run("composite", fg, bg, "-o", out, "--short-background", end)
    if wanted is None:
        assert result.exit_code == 1 and not out.exists()
        assert "ends with frame 3, but the foreground has 4 more. Choose with --short-background" in result.stderr
        assert run("composite", fg, bg, "-o", out, "--frames", "1-3").exit_code == 0
        return
    assert result.exit_code == 0, result.output
    assert [level(io.read_raw(path).pixels) for path in sorted(out.iterdir())] == wanted
    assert ("4 frames of" in result.stderr) == (end == "stop")


def test_stopping_with_a_background_makes_a_shorter_video(layers, tmp_path):
    fg, bg, _ = layers
    result = run("composite", fg, bg, "-o", tmp_path / "out.mkv", "--short-background", "stop")
    assert result.exit_code == 0, result.output
    assert [level(picture) for picture in pictures(tmp_path / "out.mkv")] == [10, 20, 30]


def test_backgrounds_go_by_number_or_in_their_order_if_all_numbers_differ(layers):
    fg, bg, out = layers
    result = run("composite", fg, bg, "-o", out, "--frames", "2-3")
    assert result.exit_code == 0
    assert {path.name: level(io.read_raw(path).pixels) for path in out.iterdir()} == {"fg.02.png": 20, "fg.03.png": 30}
    for path in list(out.iterdir()):
        path.unlink()
    result = run("composite", fg, bg, "-o", out, "--frames", "5-6")
    assert "frames 1-3 are put behind 5-6 in their order" in result.stderr
    assert {path.name: level(io.read_raw(path).pixels) for path in out.iterdir()} == {"fg.05.png": 10, "fg.06.png": 20}
    (bg.parent / "bg_0002.png").unlink()
    result = run("composite", fg, bg, "-o", out, "--frames", "1-3")
    assert result.exit_code == 3 and "fg.02: no frame for it in" in result.stderr


def test_a_still_and_a_video_serve_as_background(layers, tmp_path, write_video, grey_frames):
    fg, bg, out = layers
    assert run("composite", fg, bg.parent / "bg_0002.png", "-o", out).exit_code == 0
    assert {level(io.read_raw(path).pixels) for path in out.iterdir()} == {20}
    video = write_video(tmp_path / "bg.mp4", "libx264", "yuv420p", grey_frames(7, size=(4, 6), step=20))
    assert run("composite", fg, video, "-o", tmp_path / "video").exit_code == 0
    found = [level(io.read_raw(path).pixels) for path in sorted((tmp_path / "video").iterdir())]
    assert np.abs(np.subtract(found, [level(picture) for picture in pictures(video)])).max() <= 1


def test_foreground_and_key_make_videos_too(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(3, step=20))
    alpha = write_video(tmp_path / "alpha.mkv", "ffv1", "gray", [[np.full((32, 48), 255, np.uint8)]] * 3)
    result = run("foreground", video, alpha, "-o", tmp_path / "fg.mkv")
    assert result.exit_code == 0, result.output
    for one, other in zip(pictures(video), pictures(tmp_path / "fg.mkv"), strict=True):
        np.testing.assert_array_equal(one, other)
    plate = [np.full((32, 32), 145, np.uint8), np.full((32, 32), 54, np.uint8), np.full((32, 32), 34, np.uint8)]
    plate[0][8:24, 8:24], plate[1][8:24, 8:24], plate[2][8:24, 8:24] = 110, 110, 190
    green = write_video(tmp_path / "green.mkv", "ffv1", "yuv444p", [plate] * 2)
    result = run("key", green, "-o", tmp_path / "keyed.mov", "--screen", "green")
    assert result.exit_code == 0, result.output
    keyed = pictures(tmp_path / "keyed.mov")
    assert len(keyed) == 2 and keyed[1][2, 2, 3] < 1000 and keyed[1][16, 16, 3] > 64000


def test_trimaps_are_propagated_into_a_video_that_mattes_another_and_is_scored(tmp_path, write_video):
    """From a video and one key frame to trimaps in a video, to alphas in a video, to scores of their frames."""
    rows, columns = np.mgrid[:48, :64]
    texture = RNG.integers(60, 190, (48, 96)).astype(np.uint8)
    planes = [[texture[:, 2 * i : 2 * i + 64], *[np.full((24, 32), 128, np.uint8)] * 2] for i in range(5)]
    video = write_video(tmp_path / "shot.mkv", "ffv1", "yuv420p", planes)
    key = np.where(np.hypot(rows - 24, columns - 32) < 12, 255, 0).astype(np.uint8)
    key[(np.hypot(rows - 24, columns - 32) < 16) & (key == 0)] = 128
    io.write_raw(tmp_path / "key.3.png", key)
    trimaps = tmp_path / "trimaps.mkv"
    result = run("trimap", "--propagate", video, "--keys", tmp_path / "key.3.png", "-o", trimaps)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(pictures(trimaps)[2][..., 0], key)
    assert all(set(np.unique(picture)) <= {0, 128, 255} for picture in pictures(trimaps))
    alphas = tmp_path / "alphas.mkv"
    assert run("predict", video, trimaps, "-m", "shared", "-o", alphas).exit_code == 0
    result = run("eval", alphas, alphas, "--trimaps", trimaps, "--sequence", "--json")
    assert result.exit_code == 0, result.output
    assert run("eval", alphas, tmp_path / "key.3.png").exit_code == 2


@pytest.mark.parametrize(("suffix", "tolerance"), [(".mov", 1.5), (".webm", 4), (".mp4", 3), (".mkv", 0.0)])
def test_colours_come_back_and_their_matrix_is_stated(tmp_path, suffix, tolerance):
    """Pictures of this size would be read by BT.601 if the file did not state BT.709, with errors up to 40."""
    flat = np.full((24, 36, 4), 255, np.uint8)
    (tmp_path / "cuts").mkdir()
    for i, colour in enumerate([(200, 30, 40), (20, 180, 60), (40, 60, 210)], 1):
        flat[..., :3] = colour
        io.write_raw(tmp_path / f"cuts/c.{i}.png", flat)
    out = tmp_path / f"out{suffix}"
    assert run("composite", tmp_path / "cuts/c.#.png", "white", "-o", out).exit_code == 0
    for i, picture in enumerate(pictures(out), 1):
        shown = picture / np.iinfo(picture.dtype).max * 255
        assert np.abs(shown - io.read_raw(tmp_path / f"cuts/c.{i}.png").pixels[..., :3]).max() <= tolerance


def test_a_frame_that_cannot_be_decoded_leaves_a_gap_and_the_times_of_the_others(tmp_path, write_video):
    planes = [[np.full((32, 32), 400 + 9 * i, np.uint16), *[np.full((32, 16), 512, np.uint16)] * 2] for i in range(6)]
    video = write_video(tmp_path / "shot.mov", "prores_ks", "yuv422p10le", planes)
    data = bytearray(video.read_bytes())
    places = [at for at in range(len(data)) if data[at : at + 4] == b"icpf"]
    data[places[2] : places[2] + 8] = bytes(8)
    video.write_bytes(data)
    out = tmp_path / "out.mov"
    result = predict(video, still(tmp_path, (32, 32)), "-o", out)
    assert result.exit_code == 3 and "frame 3 cannot be decoded. The file is damaged there." in result.stderr
    found = index.read(out)
    assert [float(t * found.time_base) for t in found.times] == pytest.approx(np.divide([0, 25, 75, 100, 125], 600))
    assert len(pictures(out)) == 5 and not list(tmp_path.glob(".out*"))
