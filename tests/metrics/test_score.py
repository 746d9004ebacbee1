"""All scores against the official MATLAB functions, run verbatim under Octave (tests/data/metrics/README.md)."""

import numpy as np
import pytest

from mattekit.errors import InputError
from mattekit.metrics import METRICS, score

CHECKED = ["sad", "mse", "grad", "conn"]


def assert_official(case):
    for policy in ("continue", "update"):
        ours = score(case.alpha, case.truth, case.unknown, empty_levels=policy)
        for name in CHECKED:
            column = f"conn_{policy}" if name == "conn" else name
            exact = case.official[f"{column}_f64"]
            assert ours[name] == pytest.approx(exact, rel=1e-12, abs=1e-15, nan_ok=True), (case.name, column)
            if column in case.official:
                single = case.official[column]
                assert ours[name] == pytest.approx(single, rel=1e-5, abs=1e-12, nan_ok=True), (case.name, column)


def test_generated_pairs_score_as_officially(generated):
    assert len(generated) == 34
    for case in generated:
        assert_official(case)


def test_real_pairs_score_as_officially(real):
    assert len(real) >= 10
    for case in real:
        assert_official(case)


def test_nan_only_where_the_official_code_gives_it(generated):
    undefined = [(c.name, c.unknown is None) for c in generated if np.isnan(score(c.alpha, c.truth, c.unknown)["mse"])]
    assert undefined == [("s03_no_unknown", False)]


def test_a_matte_equals_itself_in_every_score(generated):
    for case in generated:
        if case.unknown is None:
            assert score(case.truth, case.truth) == dict.fromkeys(METRICS, 0.0)


def test_only_the_metrics_asked_for_are_computed_in_their_order(generated):
    assert list(score(generated[0].alpha, generated[0].truth, metrics=["conn", "sad"])) == ["conn", "sad"]


def test_an_unknown_metric_is_refused_with_those_that_there_are(generated):
    with pytest.raises(InputError, match="metric 'ssim': unknown, wanted one of sad, mse, mad, grad, conn"):
        score(generated[0].alpha, generated[0].truth, metrics=["sad", "ssim"])


def test_floats_are_rounded_to_eight_bits_and_then_score_alike(generated):
    for case in generated[:4]:
        floats = case.alpha.astype(np.float32) / 255, case.truth.astype(np.float64) / 255
        bytes_ = score(case.alpha, case.truth, case.unknown)
        np.testing.assert_equal(score(*floats, case.unknown), bytes_)
        np.testing.assert_equal(score((floats[0] + 0.001).clip(0, 1), floats[1], case.unknown), bytes_)


def test_memory_layout_does_not_matter(generated):
    for case in generated[:17]:
        unknown = np.asfortranarray(case.unknown)
        other = score(np.asfortranarray(case.alpha), case.truth[::-1].copy()[::-1], unknown)
        np.testing.assert_equal(other, score(case.alpha, case.truth, case.unknown))


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(
    ("alpha", "truth", "unknown", "message"),
    [
        (np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8), None, r"\(4, 5\), wanted \(5, 4\)"),
        (np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8), np.ones((4, 4), bool), r"\(4, 4\), wanted \(4, 5\)"),
        (np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8), np.full((4, 5), 128), "int64, wanted bool"),
        (np.zeros((4, 5), np.uint16), np.zeros((4, 5), np.uint8), None, "uint16, wanted uint8"),
        (np.full((4, 5), 1.5), np.zeros((4, 5), np.uint8), None, r"1\.5\.\.1\.5, wanted 0\.\.1"),
        (np.full((4, 5), np.nan), np.zeros((4, 5), np.uint8), None, r"nan, wanted 0\.\.1"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8), None, r"\(4, 5, 3\), wanted \(H, W\)"),
        (np.zeros((0, 5), np.uint8), np.zeros((0, 5), np.uint8), None, r"\(0, 5\), wanted \(H, W\)"),
    ],
)
def test_wrong_inputs_are_refused_with_what_was_found(name, alpha, truth, unknown, message):
    with pytest.raises(InputError, match=message):
        METRICS[name].function(alpha, truth, unknown)


def test_a_pair_scored_by_the_networks_authors_agrees_where_their_python_is_right(shared):
    """SAD and MSE as their Python has them; Grad by the MATLAB definition, which their Python does not follow."""
    pair = np.load(shared / "oracle/networks/losses_metrics.npz")
    found = score(pair["metric_pred_u8"], pair["metric_gt_u8"], pair["metric_trimap"] == 128)
    assert found["sad"] == pytest.approx(pair["metric_lsapy_sad"].item(), rel=1e-5)
    assert found["mse"] == pytest.approx(pair["metric_lsapy_mse"].item(), rel=1e-5)
    assert found["grad"] == pytest.approx(pair["metric_matlabformula_gradient"].item(), rel=1e-5)
