"""A mixing network that also sees what MobileNetV2 sees, predicts an alpha of its own, and weighs that with the others.

It begins as a mixing network that has been trained: the new features and the new alpha enter with weights of zero.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks import NETWORKS
from mattekit.networks.base import InputSize, Row
from mattekit.networks.encoder_decoder import PLANES, EncoderDecoder
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.mixing import COARSE_PLANES, KEPT, WIDTHS, DepthToSpace, mixing, trimmed_mean

NAME = "mixing-mobilenet"
LEVELS = (1, 2, 3, 5)  # stages of MobileNetV2 that end at 1/2, 1/4, 1/8 and 1/16 of the resolution
UNTRUSTED = -4.0  # initial logit of the network's own alpha


class TwoEncoders(nn.Module):
    """The mixing network's encoder and MobileNetV2 side by side, their features joined by 1x1 convolutions."""

    def __init__(self, own: nn.Module, widths: tuple[int, ...]):
        super().__init__()
        self.own, self.pretrained = own, MobileNetV2(PLANES, strided=True)
        self.deep = nn.Conv2d(self.pretrained.channels[-1], widths[-1], 1)
        self.joins = nn.ModuleList(
            nn.Conv2d(self.pretrained.channels[level], width, 1) for level, width in zip(LEVELS, widths, strict=True)
        )
        for join in (self.deep, *self.joins):
            nn.init.zeros_(join.weight)
            nn.init.zeros_(join.bias)

    def forward(self, x: Tensor, halve) -> list[Tensor]:
        """Map (N, C, H, W) to the feature of each stage, finest first."""
        own, seen = self.own(x, halve), self.pretrained(x[:, :PLANES])
        joined = [y + join(seen[level]) for y, join, level in zip(own, self.joins, LEVELS, strict=True)]
        deep = F.interpolate(self.deep(seen[-1]), size=joined[-1].shape[-2:], mode="bilinear", align_corners=False)
        return [*joined[:-1], joined[-1] + deep]


class TrustedBlend(nn.Module):
    """Convex combination of estimates, of 0, of 1 and of an alpha that the network predicts itself.

    The head's planes are logits of the estimates, of 0, of 1 and of its own alpha, then the logit of that alpha.
    """

    def __init__(self, estimates: int, kept: float):
        super().__init__()
        self.estimates, self.kept = estimates, kept

    def forward(self, y: Tensor, prior: Tensor) -> Tensor:
        """Blend planes (N, E, H, W) by (N, estimates + 4, H, W): (N, 1, H, W) in 0..1."""
        y = y.float()
        weights = y[:, :-1].softmax(1)
        blend = (weights[:, : self.estimates] * prior[:, : self.estimates]).sum(1, keepdim=True)
        blend = blend + weights[:, -2:-1] + weights[:, -1:] * y[:, -1:].sigmoid()
        if self.training or not self.kept:
            return blend
        return blend + self.kept * (trimmed_mean(prior[:, 1:5]) - blend)


def mixing_mobilenet(*, kept: float = KEPT, prior: str = "coarse") -> EncoderDecoder:
    """Build the network (N, 4 + planes, H, W) -> (N, 1, H, W)."""
    network = mixing(kept=kept, prior=prior)
    estimates = network.join.estimates
    network.encoder = TwoEncoders(network.encoder, WIDTHS)
    old = network.head[0].bias.detach()
    network.head = nn.Sequential(nn.Conv2d(WIDTHS[0], 4 * (estimates + 4), 3, padding=1), DepthToSpace())
    network.join = TrustedBlend(estimates, kept)
    network.stride = 32
    if not network.head[0].weight.is_meta:
        with torch.no_grad():
            network.head[0].weight[4 * (estimates + 2) : 4 * (estimates + 3)].zero_()
            network.head[0].bias.copy_(torch.cat([old, old.new_full((4,), UNTRUSTED), old.new_zeros(4)]))
    return network


def begin_as(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Give a network the weights of a mixing network; what that lacks stays as it is."""
    own = network.state_dict()
    for key, value in state.items():
        place = key if key in own else key.replace("encoder.", "encoder.own.", 1)
        if value.ndim:
            own[place][: len(value)] = value
    network.load_state_dict(own)


NETWORKS[NAME] = Row(
    mixing_mobilenet, {}, "none", preparation="reflect-32", input=InputSize(PLANES + COARSE_PLANES, 256, 256)
)
