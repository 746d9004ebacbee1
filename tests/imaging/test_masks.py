"""Masks as files hold them, and photographs told apart from masks."""

import numpy as np
import pytest
from PIL import Image

from mattekit.errors import InputError
from mattekit.imaging import io, masks

DISC = np.hypot(*np.mgrid[-20:20, -30:30]) < 15


def read(path):
    return masks.mask_of(str(path), io.read_raw(path).pixels)


def saved(path, pixels, mode=None, **how):
    Image.fromarray(pixels, mode).save(path, **how) if mode else Image.fromarray(pixels).save(path, **how)
    return path


def palette(path, colours):
    picture = Image.fromarray(DISC.astype(np.uint8))
    picture = picture.convert("P")
    picture.putpalette(sum(colours, []))
    picture.save(path)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda p: saved(p, DISC.astype(np.uint8) * 255),
        lambda p: saved(p, DISC.astype(np.uint8)),  # 0 and 1
        lambda p: saved(p, DISC),  # 1 bit
        lambda p: saved(p, DISC.astype(np.uint16) * 65535),
        lambda p: saved(p, DISC.astype(np.uint16) * 255),
        lambda p: saved(p, np.dstack([DISC.astype(np.uint8) * 255] * 3)),
        lambda p: saved(p, np.dstack([np.full(DISC.shape, 90, np.uint8)] * 3 + [DISC.astype(np.uint8) * 255])),
        lambda p: palette(p, [[0, 0, 0], [255, 255, 255]]),
        lambda p: palette(p, [[0, 0, 0], [128, 0, 0]]),  # as labels of VOC
        lambda p: saved(p.with_suffix(".tif"), DISC.astype(np.float32)),
    ],
)
def test_every_encoding_gives_the_same_mask(tmp_path, make):
    mask = read(make(tmp_path / "mask.png"))
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, DISC)


def test_a_jpeg_with_a_little_colour_is_grey(tmp_path):
    grey = np.dstack([DISC.astype(np.uint8) * 255] * 3)
    grey[..., 0] = np.maximum(grey[..., 0], 6)
    mask = read(saved(tmp_path / "mask.jpg", grey, quality=80))
    assert ((mask > 0.5) == DISC).mean() > 0.99


def test_soft_masks_keep_their_values(tmp_path):
    soft = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    np.testing.assert_array_equal(read(saved(tmp_path / "mask.png", soft)), soft / np.float32(255))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8), "a picture of many colours"),
        (np.kron(np.uint8([[[0, 0, 0], [128, 0, 0]], [[0, 128, 0], [0, 0, 128]]]), np.ones((9, 9, 1), np.uint8)),
         "4 colours"),
        (np.kron(np.uint8([[[250, 0, 0], [0, 250, 0]]]), np.ones((9, 9, 1), np.uint8)), "2 colours"),
    ],
)  # fmt: skip
def test_pictures_of_colours_are_no_masks(tmp_path, pixels, message):
    with pytest.raises(InputError, match=f"mask.png: {message}, wanted a mask"):
        read(saved(tmp_path / "mask.png", pixels))


def test_a_value_that_is_not_finite_is_told(tmp_path):
    with pytest.raises(InputError, match="1 values are NaN or infinite"):
        masks.mask_of("a.tif", np.where(np.arange(12).reshape(3, 4) == 5, np.nan, 1).astype(np.float32))


def test_photographs_are_told_from_drawn_pictures():
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (50, 60, 3), np.uint8)
    grey = np.repeat(rng.integers(0, 256, (50, 60, 1), np.uint8), 3, 2)
    assert masks.is_photograph(photo) and masks.is_photograph(photo.astype(np.uint16) * 257)
    assert not masks.is_photograph(grey) and not masks.is_photograph(grey[..., 0])
    drawn = np.uint8([[0, 0, 0], [255, 255, 255], [255, 0, 0]])[rng.integers(0, 3, (50, 60))]
    assert not masks.is_photograph(drawn) and masks.is_colourful(drawn)


@pytest.mark.parametrize("size", [(80, 120), (10, 15)])
def test_a_fitted_mask_keeps_its_share(size):
    fitted = masks.fitted(DISC.astype(np.float32), size)
    assert fitted.shape == size and fitted.mean() == pytest.approx(DISC.mean(), abs=0.01)
