"""MatteFormer: Park et al., "MatteFormer: Transformer-Based Image Matting via Prior-Tokens", CVPR 2022.

A Swin Transformer whose windows also see prior-tokens, GCA's decoder, and alphas at strides 8, 4 and 1, of which finer
ones replace the coarser where these are uncertain (Yu et al., "Mask Guided Matting via Progressive Refinement
Network", section 3.2).
"""

import cv2
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.base import Adjust, Network, Row
from mattekit.networks.encoder_decoder import pad
from mattekit.networks.encoders.prior_swin import PriorSwin
from mattekit.networks.layers import ConvNorm
from mattekit.networks.prior_attention import PriorAttention
from mattekit.networks.shortcut_decoder import WIDTH, ShortcutDecoder
from mattekit.networks.spectral import initialise_spectral, steep
from mattekit.networks.trimap_planes import one_hot
from mattekit.tiling.global_layers import GlobalLayer, MapAccumulator

RGB, CLASSES = 3, 3  # planes of the image and of the trimap
HEADS = {3: 128, 2: 64, 0: WIDTH}  # level of the decoder's feature -> its channels
SIDE = 640  # pixels of the square on which uncertain regions are widened, whatever the image's size
WIDEST = (30, 15)  # limits of the random widths in training, at strides 4 and 1; half of them is used otherwise
CERTAIN = 1 / 255  # alphas nearer to 0 or 1 are certain
ORDER = (1, 0, 2)  # of the trimap's planes, as prior-tokens have them
SPREAD = 0.02  # of the first biases


def ellipse(width: int) -> Tensor:
    """Return OpenCV's elliptical kernel, (1, 1, width, width) of 0 and 1."""
    return torch.from_numpy(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))).float()[None, None]


def uncertain(alpha: Tensor, kernel: Tensor) -> Tensor:
    """Return where alphas (N, 1, H, W) lie between 0 and 1, widened by a kernel on a square of 640 pixels: bool."""
    kernel = kernel.to(alpha)  # which has no memory where layers are counted
    small, width = F.interpolate(alpha.detach(), (SIDE, SIDE)), kernel.shape[-1]
    between = ((small >= CERTAIN) & (small <= 1 - CERTAIN)).to(kernel)
    before, after = width // 2, (width - 1) // 2  # of OpenCV's anchor
    widened = F.conv2d(F.pad(between, (before, after, before, after)), kernel) > 0.5
    return F.interpolate(widened.float(), alpha.shape[2:]) > 0.5


class ProgressiveRefinement(GlobalLayer):
    """Alphas of three resolutions to one: where a coarser one is uncertain, the next finer one replaces it.

    The square that uncertain regions are widened on holds the whole image, and so the alphas are assembled of tiles.
    """

    is_map = True

    def __init__(self) -> None:
        super().__init__()
        for name, width in zip(("wide", "narrow"), WIDEST, strict=True):
            self.register_buffer(name, ellipse(width // 2), persistent=False)

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        """Return the alpha (N, 1, H, W) of three alike."""
        return self.current_context(torch.cat([fine, middle, coarse], 1))

    def context(self, x: Tensor) -> Tensor:
        """Return the alpha of three joined."""
        fine, middle, coarse = x.split(1, 1)
        alpha = torch.where(uncertain(coarse, self.wide), middle, coarse)
        return torch.where(uncertain(alpha, self.narrow), fine, alpha)

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the alphas."""
        return MapAccumulator(self.context, height, width)


class MatteFormer(Network):
    """The network, (N, 4, H, W) -> (N, 1, H, W), alpha in 0..1; in training the alphas of strides 1, 4 and 8."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = PriorSwin(RGB + CLASSES), ShortcutDecoder()
        self.heads = nn.ModuleDict(
            {
                str(level): nn.Sequential(ConvNorm(channels, WIDTH, act=steep), nn.Conv2d(WIDTH, 1, 3, padding=1))
                for level, channels in HEADS.items()
            }
        )
        self.refinement = ProgressiveRefinement()
        initialise_spectral(self)
        for module in self.modules():
            if isinstance(module, PriorAttention) and not module.bias_table.is_meta:
                nn.init.trunc_normal_(module.bias_table, std=SPREAD)

    def encode(self, x: Tensor) -> list[Tensor]:
        """Encode (N, 4, H, W), sides multiples of 32, to maps at strides 1 to 32."""
        classes = one_hot(x[:, RGB:])
        return self.encoder(torch.cat([x[:, :RGB], classes], 1), classes[:, ORDER])

    def decode(self, encoded: list[Tensor], adjust: Adjust | None = None) -> Tensor:
        """Decode to alpha (N, 1, H, W) in 0..1; `adjust` as for `EncoderDecoder`, levels 5 to 0."""
        return self.refinement(*self.alphas(encoded, adjust))

    def alphas(self, encoded: list[Tensor], adjust: Adjust | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Decode to the alphas (N, 1, H, W) of strides 1, 4 and 8."""
        *shortcuts, deepest = encoded
        features = self.decoder(deepest, shortcuts, adjust)
        raw = {level: self.heads[str(level)](features[level]) for level in HEADS}
        full = {
            level: F.interpolate(y, scale_factor=1 << level, mode="bilinear") if level else y
            for level, y in raw.items()
        }
        return tuple((torch.tanh(full[level]) + 1) / 2 for level in sorted(HEADS))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 4, H, W) to alpha; in training to three. Padded to multiples of 32 as `EncoderDecoder` does."""
        height, width = x.shape[-2:]
        encoded = self.encode(pad(x, self.stride))
        y = torch.cat(self.alphas(encoded), 1) if self.training else self.decode(encoded)
        return y[..., :height, :width]


ROWS = {"matteformer": Row(MatteFormer, {}, "MatteFormer, released", preparation="border-{stride}")}
