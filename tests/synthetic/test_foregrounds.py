import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.samples.sources.synthetic import SyntheticSource
from mattekit.synthetic import KINDS, background, foreground
from mattekit.synthetic.foregrounds import SHARES

SIZE = (200, 240)


def check(pixels, shape):
    assert pixels.dtype == np.float32 and pixels.shape == shape
    assert np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_opaque_or_soft_parts_and_open_ones(kind):
    """Over some seeds: nothing fills the whole picture, nothing is empty, and no outline is a staircase."""
    rng = np.random.default_rng(1)
    alphas = np.stack([foreground(rng, SIZE, kind)[1] for _ in range(6)])
    assert ((alphas > 0.05).mean((1, 2)) > 0.005).all()
    assert (alphas < 0.02).mean() > 0.1
    assert ((alphas > 0.02) & (alphas < 0.98)).mean() > 0.003


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.tuples(st.integers(16, 150), st.integers(16, 150)))
def test_colours_and_alpha_keep_their_ranges_at_any_size(kind, seed, size):
    fg, alpha = foreground(np.random.default_rng(seed), size, kind)
    check(fg, (*size, 3))
    check(alpha, size)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.tuples(st.integers(8, 150), st.integers(8, 150)))
def test_backgrounds_keep_their_range_at_any_size(seed, size):
    check(background(np.random.default_rng(seed), size), (*size, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_foregrounds_continue_smoothly_beyond_their_outline(kind):
    """Blurring colours where alpha is 0 changes them little, and they do not fade to black."""
    rng, steps, ratios = np.random.default_rng(3), [], []
    for _ in range(4):
        fg, alpha = foreground(rng, SIZE, kind)
        away = cv2.erode((alpha == 0).astype(np.uint8), np.ones((5, 5))).astype(bool)
        if away.sum() > 100:
            steps.append(np.abs(cv2.blur(fg, (3, 3)) - fg)[away].mean())
            ratios.append(fg[away].mean() / (fg * alpha[..., None]).sum() * 3 * alpha.sum())
    assert len(steps) > 1 and max(steps) < 0.01
    assert 0.4 < np.median(ratios) < 2


PROGRAM = """
import sys, hashlib, cv2, numpy as np
from mattekit.synthetic import KINDS, foreground, background
cv2.setNumThreads(int(sys.argv[1]))
digest = hashlib.sha256()
for i, kind in enumerate(KINDS):
    rng = np.random.default_rng(i)
    for part in (*foreground(rng, (96, 130), kind), background(rng, (96, 130))):
        digest.update(part.tobytes())
print(digest.hexdigest())
"""


def test_a_seed_gives_the_same_bytes_in_any_process_with_any_number_of_threads():
    def digest(threads):
        environment = os.environ | {name: threads for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
        command = [sys.executable, "-c", PROGRAM, threads]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert len({digest("1"), digest("3")}) == 1


def test_nothing_is_drawn_from_the_global_generator():
    before = np.random.get_state()[1].copy()
    first = [foreground(np.random.default_rng(5), (64, 64)) for _ in range(2)]
    assert (np.random.get_state()[1] == before).all()
    assert all((a == b).all() for a, b in zip(*first, strict=True))
    assert (foreground(np.random.default_rng(6), (64, 64))[0] != first[0][0]).any()


def test_kinds_are_drawn_by_their_shares(monkeypatch):
    drawn = dict.fromkeys(KINDS, 0)

    def stub(kind):
        def draw(rng, size):
            drawn[kind] += 1
            return np.zeros((*size, 4), np.float32)

        return draw

    for kind in KINDS:
        monkeypatch.setitem(KINDS, kind, stub(kind))
    for seed in range(1500):
        foreground(np.random.default_rng(seed), (16, 16))
    assert drawn.keys() == SHARES.keys()
    total = sum(SHARES.values())
    for kind, share in SHARES.items():
        assert drawn[kind] / 1500 == pytest.approx(share / total, abs=0.03)


def test_similar_colours_in_front_and_behind_are_common():
    """Mean colours of foreground and background are nearer than 0.15 in a fair share of draws: hard cases occur."""
    rng, near = np.random.default_rng(0), 0
    for _ in range(60):
        fg, alpha = foreground(rng, (64, 64), "fur")
        near += (
            np.abs((fg * alpha[..., None]).sum((0, 1)) / alpha.sum() - background(rng, (64, 64)).mean((0, 1))).max()
            < 0.15
        )
    assert near >= 4


def test_a_net_leaves_many_holes():
    alpha = foreground(np.random.default_rng(4), (256, 256), "net")[1]
    assert cv2.connectedComponents((alpha < 0.5).astype(np.uint8), connectivity=4)[0] > 30


def test_a_wrong_kind_and_a_tiny_size_are_named():
    with pytest.raises(InputError, match="kind hairy: unknown. Choose from hair, fur"):
        foreground(np.random.default_rng(0), SIZE, "hairy")
    with pytest.raises(InputError, match="size 15x200: wanted 16 pixels or more"):
        foreground(np.random.default_rng(0), (15, 200))
    with pytest.raises(InputError, match="kind hairy"):
        SyntheticSource(kinds=["hairy"])


def test_the_source_draws_what_the_generator_says():
    source = SyntheticSource(10, (48, 64), ("smoke", "net"))
    assert len(source) == 10 and not source.composed
    fg, alpha = foreground(np.random.default_rng(3), (48, 64), "net")
    sample = source.read(5, np.random.default_rng(3))
    assert (sample.fg == fg).all() and (sample.alpha == alpha).all() and sample.bg is None
