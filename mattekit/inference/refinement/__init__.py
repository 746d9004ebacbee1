"""Backpropagating refinement (LSA section 4.3): change a network's decoder, for one image, until alpha fits the trimap.

After each decoder level, the feature map y becomes exp(A) y + B, where A and B are coarse grids that start at zero and
are enlarged to y's size. Only A and B are optimised, so that the cost of the alpha falls; the encoder runs once.

====================  ==============================================================================
`cost`                C = C1 + 0.1 C2, which is to fall, in two versions: the paper's, the released code's
`search`              the optimisers, and the descent: evaluations counted, the lowest cost kept, early stopping
`backpropagation`     refinement of one prepared image: its settings, the grids, the result
`refiner`             refinement of images of any size: large ones by way of a reduced copy
====================  ==============================================================================

refiner = Refiner(network_predictor(network, "reflect-16", fold=False))
alpha = refiner(image, trimap, RefinementSettings(steps=20))
"""

from mattekit.inference.refinement.backpropagation import Refined, RefinementSettings, log_steps, refine_prepared
from mattekit.inference.refinement.refiner import Refiner
from mattekit.inference.refinement.search import OPTIMISERS

__all__ = ["OPTIMISERS", "Refined", "RefinementSettings", "Refiner", "log_steps", "refine_prepared"]
