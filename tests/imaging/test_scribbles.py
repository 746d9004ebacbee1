"""White strokes are foreground, black strokes background; a photo under them does not matter if it is named."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.imaging.scribbles import from_scribbles, is_plain

EXPECTED = np.full((12, 16), 0.5, np.float32)
EXPECTED[2, 3:9] = 1
EXPECTED[8:10, 2:12] = 0


def drawn_on(sheet):
    sheet = sheet.copy()
    sheet[EXPECTED == 1, :3] = 1
    sheet[EXPECTED == 0, :3] = 0
    return sheet


@pytest.fixture
def photo():
    """A photo with pixels of pure black and white of its own."""
    image = np.random.default_rng(0).random((12, 16, 3)).astype(np.float32) * 0.8 + 0.1
    image[0, :5], image[5, :5] = 1, 0
    return image


@pytest.mark.parametrize("grey", [0.5, 0.2, 0.9])
def test_on_a_plain_sheet(grey):
    strokes = drawn_on(np.full((12, 16, 3), grey, np.float32))
    np.testing.assert_array_equal(from_scribbles(strokes), EXPECTED)
    np.testing.assert_array_equal(from_scribbles(strokes[..., 0]), EXPECTED)
    assert is_plain(strokes, EXPECTED)


def test_on_a_transparent_layer_only_opaque_strokes_count():
    layer = np.zeros((12, 16, 4), np.float32)  # transparent black
    layer[EXPECTED == 1] = 1
    layer[EXPECTED == 0, 3] = 1
    np.testing.assert_array_equal(from_scribbles(layer), EXPECTED)
    assert is_plain(layer, EXPECTED)


def test_over_a_photo_its_own_black_and_white_do_not_count(photo):
    np.testing.assert_array_equal(from_scribbles(drawn_on(photo), photo), EXPECTED)
    trimap = from_scribbles(drawn_on(photo))
    assert (trimap[0, :5] == 1).all() and (trimap[5, :5] == 0).all()
    assert not is_plain(drawn_on(photo), trimap)


def test_soft_edges_and_coloured_strokes_are_unknown(photo):
    strokes = drawn_on(photo)
    strokes[2, 3] = 0.7
    strokes[8, 2] = (1, 0, 0)
    trimap = from_scribbles(strokes, photo)
    assert trimap[2, 3] == 0.5 and trimap[8, 2] == 0.5


def test_sizes_that_differ_are_refused(photo):
    with pytest.raises(InputError, match="scribbles: 16x12, but the image is 12x16"):
        from_scribbles(drawn_on(photo), photo.transpose(1, 0, 2))


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_strokes_that_leave_nothing_open_lie_on_a_sheet(channels):
    strokes = np.zeros((4, 6, *channels), np.float32)
    strokes[:, 3:] = 1
    if channels == (4,):
        strokes[..., 3] = 1
    trimap = from_scribbles(strokes)
    assert is_plain(strokes, trimap) and set(np.unique(trimap)) == {0, 1}
