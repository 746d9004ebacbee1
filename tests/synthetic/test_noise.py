import numpy as np
import pytest

from mattekit.synthetic import noise


@pytest.mark.parametrize("options", [{}, {"finest": 2.0}, {"finest": 1.0, "persistence": 0.9}])
def test_noise_has_mean_zero_and_a_spread_of_about_half(options):
    fields = np.stack([noise.octaves(np.random.default_rng(i), (128, 96), 12, **options) for i in range(8)])
    assert abs(fields.mean()) < 0.05
    assert 0.25 < fields.std() < 0.65


def test_noise_of_a_long_period_is_smooth():
    coarse, fine = (noise.octaves(np.random.default_rng(0), (128, 128), 64, finest=f) for f in (None, 2.0))
    assert np.abs(np.diff(coarse, 2, axis=0)).mean() < 0.1 * np.abs(np.diff(fine, 2, axis=0)).mean()


def test_a_field_read_where_it_is_stays_as_it_is_and_a_shift_moves_it():
    field = np.random.default_rng(0).random((20, 30), np.float32)
    assert noise.warped(field, np.zeros((20, 30, 2), np.float32)) == pytest.approx(field, abs=1e-6)
    shift = np.zeros((20, 30, 2), np.float32)
    shift[..., 0] = 3
    assert noise.warped(field, shift)[:, :-3] == pytest.approx(field[:, 3:], abs=1e-6)


def test_step_rises_from_0_to_1():
    found = noise.step(np.array([-1, 0, 0.5, 1, 2], np.float32), 0, 1)
    assert found == pytest.approx([0, 0, 0.5, 1, 1])
