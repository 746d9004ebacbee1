"""Windows of frames: a textured disc with a soft edge that moves before a textured background."""

import cv2
import numpy as np
import pytest

from mattekit.imaging.trimap import to_levels
from mattekit.metrics.temporal import Frame, dtssd
from mattekit.sequences.layer_motion import _Cells, displaced, motion_between, view
from mattekit.sequences.stabilisation import HOP, REACH, MattedFrame, stabilised

SIZE, SPEED = (112, 160), 3


def texture(seed, width=320):
    noise = np.random.default_rng(seed).normal(0, 1, (SIZE[0], width, 3)).astype(np.float32)
    fine, rough = (cv2.GaussianBlur(noise, (0, 0), sigma) * 3 * sigma for sigma in (1.5, 5))
    return (0.5 + 0.06 * fine + 0.06 * rough).clip(0, 1)


def distance(t, speed=SPEED):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(y - 56, x - 56 - speed * t)


def frame(t, seed=0, speed=SPEED, noise=0.008):
    """Image, truth, trimap, and an alpha with errors where the background is bright."""
    alpha = (0.5 + (34 - distance(t, speed)) / 8).clip(0, 1).astype(np.float32)
    fg, bg = texture(seed + 1)[:, 160 - speed * t :][:, :160] * [1, 0.6, 0.4], texture(seed + 2)[:, t : 160 + t]
    image = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
    image = (image + np.random.default_rng(t).normal(0, noise, image.shape)).clip(0, 1).astype(np.float32)
    trimap = np.where(distance(t, speed) < 28, 1, np.where(distance(t, speed) > 42, 0, 0.5)).astype(np.float32)
    wrong = alpha + np.where(trimap == 0.5, 3 * (bg.mean(2) - 0.5), 0)
    return image, alpha, trimap, wrong.clip(0, 1).astype(np.float32)


def window(frames):
    views, shown, motions = {}, {}, {}
    for t, (image, _, trimap, alpha) in frames.items():
        shown[t] = MattedFrame(np.rint(image * 65535).astype(np.uint16), to_levels(trimap), alpha)
        views[t] = view(image, alpha, to_levels(trimap))
        for other in (t - 1, t - HOP):
            if other in views and (found := motion_between(views[other], views[t])):
                motions[other, t], motions[t, other] = found
    return shown, motions


def u8(alpha):
    return np.rint(alpha * 255).astype(np.uint8)


def error(alpha, frame):
    return float(np.abs(alpha - frame[1])[frame[2] == 0.5].mean())


@pytest.fixture(scope="module")
def shot():
    frames = {t: frame(t) for t in range(16)}
    return frames, *window(frames)


@pytest.fixture(scope="module")
def steady(shot):
    frames, shown, motions = shot
    return {t: stabilised(shown, motions, t) for t in (0, 7, 8, 15)}


def test_motion_of_each_layer_is_known_where_it_is_hidden(shot):
    motions = shot[2]
    y, x = (axis.astype(np.float32) for axis in np.nonzero(shot[0][7][2] == 0.5))
    for layer, true in (("foreground", SPEED), ("background", -1)):
        found = displaced(getattr(motions[7, 8], layer), x, y)[0] - x
        assert np.abs(found - true).max() < 0.3, layer


def test_alphas_are_steadier_and_no_worse(shot, steady):
    frames = shot[0]
    single, ours = (
        dtssd(*(Frame(u8(alphas[t]), u8(frames[t][1]), frames[t][2] == 0.5) for t in (8, 7)))
        for alphas in ({t: each[3] for t, each in frames.items()}, steady)
    )
    assert ours < 0.6 * single
    for t, alpha in steady.items():  # the first and the last frame have half a window
        assert error(alpha, frames[t]) < 0.8 * error(frames[t][3], frames[t]), t


def test_a_moving_edge_stays_in_place(shot, steady):
    true = np.argmin(np.abs(shot[0][8][1][56] - 0.5)[100:])
    for side in (slice(0, 64), slice(64, 160)):  # the edges ahead and behind
        row, truth = steady[8][56, side], shot[0][8][1][56, side]
        assert abs(float(row.sum()) - float(truth.sum())) < 1, (side, true)


def test_known_pixels_stay_exact(shot, steady):
    for t, alpha in steady.items():
        known = shot[0][t][2] != 0.5
        np.testing.assert_array_equal(alpha[known], shot[0][t][2][known])


def test_a_frame_is_made_of_its_own_window_alone(shot):
    frames, shown, motions = shot
    few = window({t: frames[t] for t in range(2, 16)})
    assert REACH == 12
    for t in (14, 15):
        np.testing.assert_array_equal(stabilised(shown, motions, t), stabilised(*few, t))


def test_a_cut_ends_the_shot():
    first, second = {t: frame(t) for t in range(4)}, {t: frame(t, seed=40, speed=2) for t in range(4, 8)}
    shown, motions = window(first | second)
    assert (2, 3) in motions and (4, 5) in motions
    assert (3, 4) not in motions and (4, 3) not in motions
    alone = window(first)
    for t in (1, 3):
        np.testing.assert_array_equal(stabilised(shown, motions, t), stabilised(*alone, t))


def test_another_size_ends_the_shot():
    one = frame(0)
    small = [each[:96, :128] for each in frame(1)]
    assert window({0: one, 1: small})[1] == {}


def test_a_still_picture_stays_as_it_is_but_for_noise():
    frames = {t: frame(3, speed=2) for t in range(6)}
    alpha = stabilised(*window(frames), 3)
    assert error(alpha, frames[3]) < 1.05 * error(frames[3][3], frames[3])


def test_a_background_that_changes_by_itself_does_no_harm():
    frames = {t: frame(t) for t in range(8)}
    for t in (0, 1, 2, 5, 6, 7):  # flickering light
        image, *rest = frames[t]
        frames[t] = (image * (0.6 if t % 2 else 0.9)).astype(np.float32), *rest
    alpha = stabilised(*window(frames), 3)
    assert error(alpha, frames[3]) < 1.05 * error(frames[3][3], frames[3])


def test_flow_without_any_order_is_not_left_out_altogether():
    flow = np.random.default_rng(7).uniform(-90, 90, (4, 6, 2)).astype(np.float32)
    cells = _Cells(flow, np.full((4, 6), 9, np.float32))
    assert np.count_nonzero(cells.without_outliers().reliable) >= 6
    assert np.isfinite(cells.without_outliers().extrapolated(cells.plane())).all()


def test_hair_that_bends_takes_background_alone_from_other_frames():
    frames = {}
    for t in range(6):  # waves of four pixels, whose phase goes on
        y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
        by = 4 * np.sin(y / 9 + 2 * t) * (1 if t else 0)
        frames[t] = tuple(cv2.remap(each, x + by, y, cv2.INTER_NEAREST) for each in frame(4, speed=0))
    alpha = stabilised(*window(frames), 3)
    assert error(alpha, frames[3]) < 1.1 * error(frames[3][3], frames[3])
