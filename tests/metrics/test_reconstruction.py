"""Scores of rebuilt images: by their definitions, and against scikit-image."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.metrics.reconstruction import mae, psnr, rmse, score_images, ssim


def pair(shape, sigma, seed):
    """A picture of noise, and it with more of it."""
    rng = np.random.default_rng(seed)
    truth = rng.random(shape)
    return np.clip(truth + rng.normal(0, sigma, shape), 0, 1), truth


def test_a_constant_error_gives_what_the_definitions_say():
    truth = np.zeros((12, 15), np.float32)
    image = truth + np.float32(0.25)
    assert (mae(image, truth), rmse(image, truth)) == (0.25, 0.25)
    assert psnr(image, truth) == pytest.approx(20 * np.log10(4))
    assert ssim(image, truth) == pytest.approx(1e-4 / (0.25**2 + 1e-4))  # of constants, only the means are compared


def test_equal_images_have_the_best_of_each_score():
    image, _ = pair((16, 16), 0.1, 0)
    assert psnr(image, image) == np.inf and ssim(image, image) == 1 and mae(image, image) == rmse(image, image) == 0


@pytest.mark.parametrize(
    ("truth_seed", "noise_seed", "sigma", "expected"),
    [(7, 8, 0.1, (0.9465371244683453, 20.431427678514357)), (None, 9, 0.05, (0.5697964410039174, 26.106316539645867))],
)
def test_numbers_recorded_from_scikit_image(truth_seed, noise_seed, sigma, expected):
    """By scikit-image 0.26.0: its PSNR, and its SSIM with the settings of the test below."""
    ramp = np.add.outer(np.arange(24), np.arange(40)) / 62
    truth = ramp if truth_seed is None else np.random.default_rng(truth_seed).random((32, 32))
    image = np.clip(truth + np.random.default_rng(noise_seed).normal(0, sigma, truth.shape), 0, 1)
    assert (ssim(image, truth), psnr(image, truth)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", [(11, 11), (32, 32), (20, 53)])
@pytest.mark.parametrize("sigma", [0.02, 0.5])
def test_scores_are_those_of_scikit_image(shape, sigma):
    peer = pytest.importorskip("skimage.metrics")
    image, truth = pair(shape, sigma, 3)
    theirs = peer.structural_similarity(
        image, truth, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(image, truth) == pytest.approx(theirs, abs=1e-12)
    assert psnr(image, truth) == pytest.approx(peer.peak_signal_noise_ratio(truth, image, data_range=1))
    assert rmse(image, truth) ** 2 == pytest.approx(peer.mean_squared_error(truth, image))


def test_a_set_is_scored_over_all_its_pixels_but_for_ssim():
    """A2U's Table 1: a set with one perfect image keeps a finite PSNR, and PSNR is -20 log10 of what is called MSE."""
    images, truths = pair((3, 16, 16), 0.1, 4)
    images[1] = truths[1]
    scores = score_images(images.astype(np.float32), truths.astype(np.float32))
    assert list(scores) == ["psnr", "ssim", "mse", "mae"]
    assert scores["psnr"] == pytest.approx(-20 * np.log10(scores["mse"]))
    assert scores["mse"] == pytest.approx(np.sqrt(((images - truths) ** 2).mean()), rel=1e-6)
    assert scores["ssim"] == pytest.approx(np.mean([ssim(*both) for both in zip(images, truths, strict=True)]))


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"shape \(4, 4\), but truth is \(4, 5\)"):
        mae(np.zeros((4, 4)), np.zeros((4, 5)))
    with pytest.raises(InputError, match="at least 11x11"):
        ssim(np.zeros((10, 40)), np.zeros((10, 40)))
