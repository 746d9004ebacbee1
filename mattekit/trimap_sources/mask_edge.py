"""A rough mask as the band's judges see it: what is inside, where it is unsure, and how far its edge is."""

import numpy as np

from mattekit.imaging.erosion import distance_inside

LOW, HIGH = 0.15, 0.85  # probabilities between count as unsure
REACH = 0.08  # of the short side from the mask's edge: the wide band
INNERMOST = 5  # percent of a class that are always known


class MaskEdge:
    """A mask and distances from its edge.

    Parameters
    ----------
    likely : (h, w) float32
        Probability of the foreground.

    Attributes
    ----------
    likely : (h, w) float32
    inside, soft : (h, w) bool, whether it is 0.5 or more, and whether the mask is unsure
    depth : (h, w) float32, distance in pixels from the mask's edge, negative in the background
    distance : (h, w) float32, in pixels from the mask's edge or the nearest unsure pixel
    short : int, the short side in pixels
    """

    def __init__(self, likely: np.ndarray):
        self.likely, self.inside, self.short = likely, likely >= 0.5, min(likely.shape)
        self.soft = (likely > LOW) & (likely < HIGH)
        self.depth = np.where(self.inside, distance_inside(self.inside), -distance_inside(~self.inside))
        self.distance = np.where(
            self.inside, distance_inside(self.inside & ~self.soft), distance_inside(~self.inside & ~self.soft)
        )

    @property
    def near(self) -> np.ndarray:
        """The wide band (h, w) bool; of a class that is thin everywhere, the innermost pixels are left out."""
        reach = max(4, REACH * self.short)
        outer, inner = (_within(self.distance[side], reach) for side in (~self.inside, self.inside))
        return self.distance <= np.where(self.inside, inner, outer)


def _within(distances: np.ndarray, reach: float) -> float:
    """Return the reach, or less, so that some pixels of a class, of which these are the distances, lie beyond it."""
    return min(reach, max(1.0, float(np.percentile(distances, 100 - INNERMOST)))) if distances.size else reach
