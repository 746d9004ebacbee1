"""Colours of decoded frames against the equations of H.273 and published code values of colour bars."""

import numpy as np
import pytest

from mattekit import frames
from mattekit.imaging import io

# 75 % bars, 8 bits, limited range: RGB 191 is 75 % of 255. Y'CbCr as in SMPTE RP 219-1 (BT.709) and EG 1 (BT.601).
BARS = ((191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191))
BT709 = ((180, 128, 128), (168, 44, 136), (145, 147, 44), (133, 63, 52), (63, 193, 204), (51, 109, 212), (28, 212, 120))
BT601 = ((180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114))


def bars(values, kind=np.uint8, scale=1):
    """Planes of bars 16 pixels wide, 4:4:4."""
    return [
        np.repeat(np.array([bar[i] for bar in values], kind) * kind(scale), 16)[None].repeat(16, 0) for i in (0, 1, 2)
    ]


def middles(pixels):
    return pixels[8, 8::16]


def first(video):
    return io.read_raw(frames.find(video).files[1])


@pytest.mark.parametrize(("space", "values"), [(1, BT709), (5, BT601), (6, BT601)])
@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
def test_bars_by_their_stated_matrix(tmp_path, write_video, space, values, codec):
    path = tmp_path / ("bars.mp4" if codec == "libx264" else "bars.mkv")
    video = write_video(path, codec, "yuv444p", [bars(values)], options={"crf": "0"}, colorspace=space, color_range=1)
    raw = first(video)
    assert raw.pixels.dtype == np.uint8 and raw.lossy
    assert np.abs(middles(raw.pixels).astype(int) - BARS).max() <= 1


@pytest.mark.parametrize(("size", "values"), [((576, 720), BT601), ((16, 1280), BT709), ((720, 16), BT709)])
def test_where_no_matrix_is_stated_size_decides(tmp_path, write_video, size, values):
    planes = [np.full(size, value, np.uint8) for value in values[5]]
    raw = first(write_video(tmp_path / "bars.mkv", "ffv1", "yuv444p", [planes]))
    assert np.abs(raw.pixels[3, 3].astype(int) - BARS[5]).max() <= 1


def test_ten_bits_give_sixteen(tmp_path, write_video):
    video = write_video(
        tmp_path / "bars.mkv", "ffv1", "yuv444p10le", [bars(BT709, np.uint16, 4)], colorspace=1, color_range=1
    )
    pixels = first(video).pixels
    assert pixels.dtype == np.uint16
    # Code values are rounded at 8 bits, half a step of chroma is 0.9 of 255.
    assert np.abs(middles(pixels) / 257 - BARS).max() <= 1.2
    planes = [np.full((16, 16), value, np.uint16) for value in (940, 512, 512)]
    white = first(write_video(tmp_path / "white.mkv", "ffv1", "yuv444p10le", [planes], color_range=1))
    assert (white.pixels == 65535).all()


def test_full_range(tmp_path, write_video):
    """BT.601 with full range is JPEG's: R = Y + 1.402 (Cr - 128), and so on (ITU-T T.871)."""
    planes = [np.full((16, 16), value, np.uint8) for value in (100, 90, 170)]
    video = write_video(tmp_path / "full.mkv", "ffv1", "yuv444p", [planes], colorspace=5, color_range=2)
    wanted = 100 + 1.402 * 42, 100 - 0.344136 * -38 - 0.714136 * 42, 100 + 1.772 * -38
    assert np.abs(first(video).pixels[4, 4] - wanted).max() <= 0.51


@pytest.mark.parametrize(("stated", "wanted"), [(0, (0, 255)), (1, (0, 255)), (2, (16, 235))])
def test_black_and_white_by_range(tmp_path, write_video, stated, wanted):
    planes = [np.repeat(np.uint8([[16, 235]]), 16, 1).repeat(32, 0), *[np.full((16, 16), 128, np.uint8)] * 2]
    video = write_video(
        tmp_path / "range.mp4", "libx264", "yuv420p", [planes], options={"crf": "0"}, color_range=stated
    )
    assert tuple(first(video).pixels[4, [4, 24], 0]) == wanted


def test_chroma_lies_on_the_first_column_of_two(tmp_path, write_video):
    """A ramp of chroma sampled at even columns comes back as the same ramp, not shifted by half a pixel."""
    cr = 100 + np.arange(0, 64, 2)
    planes = [np.full((32, 64), 128, np.uint8), np.full((16, 32), 128, np.uint8), np.tile(cr, (16, 1)).astype(np.uint8)]
    video = write_video(tmp_path / "ramp.mkv", "ffv1", "yuv420p", [planes], colorspace=1, color_range=2)
    red = first(video).pixels[10, 2:60, 0]
    wanted = 128 + 2 * (1 - 0.2126) * (100 + np.arange(2, 60) - 128)
    assert np.abs(red - wanted.clip(0, 255)).max() <= 0.51


@pytest.mark.parametrize(
    ("form", "kind", "channels"),
    [("gray", np.uint8, 1), ("gray16le", np.uint16, 1), ("gbrp16le", np.uint16, 3), ("bgr0", np.uint8, 3)],
)
def test_lossless_video_is_read_bit_for_bit(tmp_path, write_video, form, kind, channels):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, np.iinfo(kind).max, (17, 23, 3), dtype=kind, endpoint=True)
    if form == "bgr0":
        packed = np.dstack([pixels[..., ::-1], np.zeros((17, 23), np.uint8)])
        planes = [packed.reshape(17, -1)]
    else:
        planes = [pixels[..., 0]] if channels == 1 else [pixels[..., i] for i in (1, 2, 0)]
    av = pytest.importorskip("av")
    path = tmp_path / "exact.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.pix_fmt, stream.height, stream.width = form, 17, 23
        frame = av.VideoFrame(23, 17, form)
        for plane, values in zip(frame.planes, planes, strict=True):
            rows = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind().itemsize)
            rows[:17, : values.shape[1]] = values
        container.mux([*stream.encode(frame), *stream.encode()])
    raw = first(path)
    assert not raw.lossy
    np.testing.assert_array_equal(raw.pixels, pixels if channels == 3 else pixels[..., :1].repeat(3, 2))


def test_transparency_is_read(tmp_path, write_video):
    planes = [np.full((32, 32), 100, np.uint8), *[np.full((16, 16), 128, np.uint8)] * 2]
    alpha = np.zeros((32, 32), np.uint8)
    alpha[:, 16:] = 255
    video = write_video(
        tmp_path / "cut.webm", "libvpx-vp9", "yuva420p", [[*planes, alpha]], options={"crf": "4", "b:v": "0"}
    )
    found = io.read_alpha(frames.find(video).files[1]).pixels
    assert found[:, :12].max() < 0.05 and found[:, 20:].min() > 0.95
    opaque = np.full((32, 32), 1023, np.uint16)
    planes = [np.full((32, 32), value, np.uint16) for value in (500, 512, 512)]
    video = write_video(tmp_path / "cut.mov", "prores_ks", "yuva444p10le", [[*planes, opaque]])
    assert first(video).pixels.shape == (32, 32, 3)
