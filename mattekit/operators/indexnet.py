"""IndexNet: indices learnt from the encoder's feature guide pooling and up-sampling (IndexNet section 4)."""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators.base import Guide, Resampler, check_even
from mattekit.operators.reassemble import gather, spread

KINDS = ("hin", "o2o", "m2o")


class IndexNet(Resampler):
    """Holistic (HIN) and depthwise (DIN) index networks.

    Parameters
    ----------
    channels : int
    kind : "hin", "o2o" or "m2o"
        One index map for all channels; one per channel from that channel alone (one-to-one); one per channel from all
        channels (many-to-one).
    nonlinear : bool
        A hidden layer with batch normalisation and ReLU6, where the text has ReLU and the released code ReLU6.
    context : bool
        4x4 convolutions with overlap in place of 2x2.
    hidden : int
        Width of the hidden layer in units of C. Table 2 fits 2 everywhere; the released DINs have 1.
    weigh_skip : bool
        The skip connection carries I(x) x, as in the released code, in place of x, as in the text.

    Raises
    ------
    InputError
        If `kind` is unknown, or `hidden` less than 1.
    """

    guided = paired = True

    def __init__(
        self,
        channels: int,
        incoming: int | None = None,
        *,
        kind: str = "m2o",
        nonlinear: bool = True,
        context: bool = True,
        hidden: int = 2,
        weigh_skip: bool = True,
    ):
        if kind not in KINDS:
            raise InputError(f"IndexNet: kind {kind!r}, wanted one of {', '.join(KINDS)}.")
        if hidden < 1:
            raise InputError(f"IndexNet: hidden {hidden}, wanted 1 or more.")
        self.channelwise = kind != "hin"
        super().__init__(channels, incoming)
        self.kind, self.weigh_skip = kind, weigh_skip
        self.index = index_block(channels, kind, nonlinear, context, hidden)

    def guide(self, x: Tensor) -> Guide:
        """Compute both index maps: sigmoid for the decoder, its softmax per 2x2 for the encoder (section 4.1)."""
        check_even(x)
        index = self.index(x)
        # HIN and M2O give position by position, O2O channel by channel, since its convolutions are grouped so.
        order = (4, -1) if self.kind != "o2o" else (-1, 4)
        index = index.unflatten(1, order)
        index = (index if self.kind == "o2o" else index.transpose(1, 2)).sigmoid()  # (N, G, 4, H/2, W/2)
        up = F.pixel_shuffle(index.flatten(1, 2), 2)  # (N, G, H, W)
        return Guide(down=index.softmax(2), up=up.unsqueeze(2))

    def weights(self) -> list[Tensor]:
        """Return the weights of the convolutions, with the four columns of a DIN split."""
        joined = super().weights()
        return joined if self.kind == "hin" else [column for weight in joined for column in weight.chunk(4)]

    def down(self, x: Tensor, guide: Guide) -> Tensor:
        """Pool by indices, IP(E) = sum over x in E of I(x) x, E being a 2x2 region."""
        return gather(x, guide.down)

    def skip(self, x: Tensor, guide: Guide) -> Tensor:
        """Return I(x) x at full resolution, with the encoder's indices."""
        return x * F.pixel_shuffle(guide.down.flatten(1, 2), 2) if self.weigh_skip else x

    def up(self, y: Tensor, guide: Guide) -> Tensor:
        """Up-sample by indices, IU(d) = I (x) D, D being d repeated over its 2x2 region."""
        return spread(y, guide.up)


def index_block(channels: int, kind: str, nonlinear: bool, context: bool, hidden: int) -> nn.Sequential:
    """Build the convolutions (N, C, H, W) -> (N, 4 G, H/2, W/2) of Figures 4 and 5, without biases, as Table 2 counts.

    The four columns of a DIN, one per position of a 2x2 region, are joined in one convolution.
    """
    columns = 1 if kind == "hin" else 4
    out = 4 if kind == "hin" else 4 * channels
    groups = channels if kind == "o2o" else 1
    size, padding = (4, 1) if context else (2, 0)
    if not nonlinear:
        return nn.Sequential(nn.Conv2d(channels, out, size, 2, padding, groups=groups, bias=False))
    width = hidden * columns * channels
    return nn.Sequential(
        nn.Conv2d(channels, width, size, 2, padding, groups=groups, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU6(),
        nn.Conv2d(width, out, 1, groups=columns * groups, bias=False),
    )
