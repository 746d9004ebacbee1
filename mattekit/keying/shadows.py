"""Shadows on the screen as partial black alpha."""

import numpy as np

from mattekit.keying.field import ScreenField

MARGIN = 2.0  # in the lit screen's own unevenness: shades this close to the lit screen are no shadow


def shadow_alpha(field: ScreenField) -> np.ndarray:
    """Alpha (H, W) float32 of the black that darkens the screen as its shadows do; 0 where it is lit.

    Wrinkles are told from shadows by their depth: the lit half of the screen says how deep they are.
    """
    shade = field.shade[field.sure]
    usual = float(np.quantile(shade, 0.75))
    uneven = float(np.quantile(shade, 0.95)) - usual
    lit = usual - MARGIN * max(uneven, 0.01)
    return (1 - field.shade / np.float32(lit)).clip(0, 1).astype(np.float32)


def with_shadows(alpha: np.ndarray, fg: np.ndarray, shadow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put shadows (H, W) behind a foreground: return alpha and light (H, W, 3) of both together."""
    joined = alpha + (1 - alpha) * shadow
    share = np.divide(alpha, joined, out=np.ones_like(joined), where=joined > 0)
    return joined, fg * share[..., None]
