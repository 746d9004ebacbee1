"""The decoder of GCA and MatteFormer: residual blocks that double the resolution, and shortcuts added behind them."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from mattekit.networks.base import Adjust
from mattekit.networks.spectral import SpectralConvNorm, doubling_stage, steep
from mattekit.tiling.global_layers import GlobalMapStage

STAGES = [(256, 2), (128, 3), (64, 3), (32, 2)]  # channels and blocks, from stride 16 to 2
DEEPEST = 512  # channels of the input, at stride 32
WIDTH = 32  # channels at full resolution


class ShortcutDecoder(nn.Module):
    """Four stages of residual blocks and a transposed convolution.

    In tiles, the blocks of the first stage see the whole map: they reach far at stride 16.
    """

    def __init__(self) -> None:
        super().__init__()
        stages, incoming = [], DEEPEST
        for out, blocks in STAGES:
            made = doubling_stage(incoming, out, blocks)
            stages.append(nn.Sequential(*made) if stages else GlobalMapStage(*made, strided=True))
            incoming = out
        self.stages = nn.ModuleList(stages)
        self.up = SpectralConvNorm(incoming, WIDTH, doubling=True, act=steep)

    def forward(
        self,
        y: Tensor,
        shortcuts: Sequence[Tensor],
        adjust: Adjust | None = None,
        change: Callable[[Tensor], Tensor] = lambda y: y,
    ) -> dict[int, Tensor]:
        """Decode to the features of levels 4 to 0, (N, C, H / 2**level, W / 2**level) each.

        Parameters
        ----------
        y : (N, 512, H / 32, W / 32)
        shortcuts : five maps, finest first, each with the channels of its level's feature.
        adjust : see `networks.base.Network.decode`; level 5 is y itself.
        change : function
            Acts on the feature at level 3 once its shortcut is added.
        """
        adjust, features = adjust or (lambda level, y: y), {}
        y = adjust(5, y)
        for level, stage in zip((4, 3, 2, 1, 0), [*self.stages, self.up], strict=True):
            y = stage(y) + shortcuts[level]
            if level == 3:
                y = change(y)
            features[level] = y = adjust(level, y)
        return features
