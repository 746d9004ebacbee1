"""Videos as folders of frames: which frames there are, and each by its number, whatever the order."""

import logging
import struct
from pathlib import Path

import numpy as np
import pytest

from mattekit import frames
from mattekit.errors import InputError, MissingExtraError, MissingFileError
from mattekit.imaging import io
from mattekit.video import decoder, index, names

H264 = {"crf": "0", "g": "12", "bf": "2"}


def levels(video: Path, numbers) -> list[int]:
    """Luma of frames, as `grey_frames` numbers them, from their RGB."""
    shot = frames.find(video)
    red = [io.read_raw(shot.files[n]).pixels[5, 5, 0] for n in numbers]
    return [round((float(value) * 219 / 255 + 16 - 40) / 3) for value in red]


def test_frames_are_numbered_from_one_and_named_by_the_video(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(30), options=H264)
    shot = frames.find(video)
    assert list(shot.files) == list(range(1, 31)) and not shot.lost
    assert shot.files[12].stem == "shot.0012" and names.file_of(shot.files[12]) == video
    assert io.read_size(shot.files[1]) == (32, 48)


@pytest.mark.parametrize("order", [range(1, 31), range(30, 0, -1), [1, 30, 2, 17, 18, 5, 29, 13, 12]])
def test_each_frame_is_the_one_of_its_number_whatever_the_order(tmp_path, write_video, grey_frames, order, monkeypatch):
    monkeypatch.setattr(decoder, "KEPT_BYTES", 0)  # so that going back must decode again
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(30), options=H264)
    assert len(index.read(video).keys) >= 3
    assert levels(video, order) == list(order)


def test_a_list_of_frames(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "a [1].mp4", "libx264", "yuv420p", grey_frames(9), options=H264)
    shot = frames.find(frames.restricted(video, "2-20x3"))
    assert list(shot.files) == [2, 5, 8] and shot.wanted == (2, 5, 8, 11, 14, 17, 20)


def test_times_of_variable_frame_rate(tmp_path, write_video, grey_frames):
    times = [0, 25, 50, 150, 160, 400]
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(6), times=times, options=H264)
    found = index.read(video)
    assert [float(time * found.time_base) for time in found.times] == pytest.approx([time / 600 for time in times])
    assert levels(video, range(1, 7)) == list(range(1, 7))


def cut(video: Path, share: float) -> Path:
    data = video.read_bytes()
    video.write_bytes(data[: int(len(data) * share)])
    return video


def noise(count: int) -> list:
    rng = np.random.default_rng(3)
    return [[rng.integers(16, 235, (size, size), dtype=np.uint8) for size in (32, 16, 16)] for _ in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_video_that_is_cut_off_gives_what_is_there_and_tells_what_is_lost(tmp_path, write_video, suffix):
    codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
    options = {"crf": "4", "b:v": "0"} if suffix == ".webm" else {"crf": "0", "g": "5"}
    fast = {"movflags": "faststart"} if suffix in (".mp4", ".mov") else None
    video = write_video(tmp_path / f"shot{suffix}", codec, "yuv420p", noise(40), options=options, mux=fast)
    shot = frames.find(cut(video, 0.6))
    assert 15 <= len(shot.files) <= 35
    assert shot.lost == pytest.approx(40 - len(shot.files), abs=2)
    assert io.read_raw(shot.files[len(shot.files)]).pixels.shape == (32, 32, 3)
    groups, problems, _ = frames.pair({"image": video})
    assert len(groups) == len(shot.files) and len(problems) == 1 and "cut off after frame" in problems[0][1]


def test_a_whole_video_with_a_long_last_frame_is_not_cut_off(tmp_path, write_video, grey_frames):
    for suffix in (".mkv", ".mp4"):
        video = write_video(tmp_path / f"shot{suffix}", "libx264", "yuv420p", grey_frames(4), times=[0, 25, 600, 1800])
        assert frames.find(video).lost == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_video_cut_off_before_its_index(tmp_path, write_video, suffix):
    video = cut(write_video(tmp_path / f"shot{suffix}", "libx264", "yuv420p", noise(20)), 0.7)
    with pytest.raises(InputError, match=r"shot\.\w+: no video that can be read .* cut off before its index"):
        frames.find(video)


def test_files_that_are_no_video(tmp_path, write_video, grey_frames):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match="no video that can be read"):
        frames.find(tmp_path / "text.mp4")
    with pytest.raises(MissingFileError):
        index.read(tmp_path / "absent.mov")
    sound = tmp_path / "sound.mp4"
    av = names.library(sound)
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"no video stream \(audio alone\)"):
        frames.find(sound)


def test_damage_in_the_middle_loses_the_frame_there_and_none_behind(tmp_path, write_video):
    planes = [[np.full((32, 32), 400 + 9 * i, np.uint16), *[np.full((32, 16), 512, np.uint16)] * 2] for i in range(9)]
    video = write_video(tmp_path / "shot.mov", "prores_ks", "yuv422p10le", planes)
    before = {number: io.read_raw(path).pixels for number, path in frames.find(video).files.items()}
    data = bytearray(video.read_bytes())
    places = [at for at in range(len(data)) if data[at : at + 4] == b"icpf"]  # the mark of a frame of ProRes
    data[places[4] : places[4] + 8] = bytes(8)
    video.write_bytes(data)
    files = frames.find(video).files
    assert len(files) == 9
    for number in (1, 2, 3, 4, 6, 7, 8, 9):
        np.testing.assert_array_equal(io.read_raw(files[number]).pixels, before[number])
    for _ in range(2):
        with pytest.raises(decoder.LostFrameError, match="frame 5 cannot be decoded"):
            io.read_raw(files[5])


def matrix_at(data: bytes) -> int:
    start = data.find(b"tkhd")
    return start + 4 + (52 if data[start + 4] else 40)


@pytest.mark.parametrize(("matrix", "turns"), [((0, 1, -1, 0), 3), ((0, -1, 1, 0), 1), ((-1, 0, 0, -1), 2)])
def test_rotation_metadata_turns_frames_upright(tmp_path, write_video, matrix, turns):
    """ISO/IEC 14496-12, 6.2.2: (x, y) goes to (a x + c y, b x + d y), y down: a=0, b=1, c=-1 turns clockwise."""
    ramp = np.tile(np.linspace(20, 230, 48).astype(np.uint8), (32, 1))
    ramp[:8] = 16
    planes = [ramp, *[np.full((16, 24), 128, np.uint8)] * 2]
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", [planes] * 3, options={"crf": "0"})
    plain = io.read_raw(frames.find(video).files[2]).pixels
    data = bytearray(video.read_bytes())
    a, b, c, d = matrix
    place = matrix_at(data)
    data[place : place + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    video.write_bytes(data)
    turned = frames.find(video).files[2]
    assert io.read_size(turned) == io.read_raw(turned).pixels.shape[:2]
    np.testing.assert_array_equal(io.read_raw(turned).pixels, np.rot90(plain, turns))


def test_without_the_extra_a_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    (tmp_path / "shot.mov").write_bytes(b"anything")
    with pytest.raises(MissingExtraError, match=r'pip install "mattekit\[video\]"'):
        frames.find(tmp_path / "shot.mov")


def test_a_frame_that_is_too_large_is_refused_before_it_is_converted(tmp_path, write_video, grey_frames):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(2))
    with pytest.raises(InputError, match="48x32 is .* megapixels"):
        io.read_raw(frames.find(video).files[1], max_megapixels=0.001)


def test_pairs_by_number_with_stills_folders_and_videos(tmp_path, write_video, grey_frames, caplog):
    video = write_video(tmp_path / "shot.mp4", "libx264", "yuv420p", grey_frames(3))
    other = write_video(tmp_path / "trimaps.mkv", "ffv1", "gray", [[f[0]] for f in grey_frames(4)])
    still = tmp_path / "still.png"
    io.write_raw(still, np.zeros((32, 48), np.uint8))
    groups, problems, unused = frames.pair({"image": video, "trimap": other, "mask": still})
    assert list(groups) == [1, 2, 3] and not problems and unused == {"trimap": [4], "mask": []}
    assert groups[2]["trimap"].stem == "trimaps.0002" and groups[3]["mask"] == still
    folder = tmp_path / "trimaps"
    folder.mkdir()
    for number in (1, 3):
        io.write_raw(folder / f"t_{number}.png", np.zeros((32, 48), np.uint8))
    with caplog.at_level(logging.WARNING, "mattekit"):
        groups, problems, _ = frames.pair({"image": video, "trimap": folder})
    assert list(groups) == [1, 3] and "no trimap of frame 2" in problems[0][1]
