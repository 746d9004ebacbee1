"""Classical methods as models."""

from mattekit.baselines import ALPHA
from mattekit.models.model import Capabilities, Model


class ClassicalModel(Model):
    """A method of `baselines.ALPHA`, by its name; computes on the CPU, in its own precision."""

    kind = "classical method"
    capabilities = Capabilities(needs_both_classes=True, compiles=True)

    def __init__(self, name: str):
        self.name, self._estimate = name, ALPHA[name]

    def alpha(self, image, trimap):
        """Return the alpha (H, W) of an image (H, W, 3) and a trimap (H, W); see `Model.alpha`."""
        return self._estimate(image, trimap)
