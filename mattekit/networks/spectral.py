"""Convolutions with spectral normalisation, and the residual blocks and shortcuts of GCA and MatteFormer.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", section 2.1 and Algorithm 1.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.layers import Activation, ConvNorm, Local, initialise, relu, xavier_uniform

STEPS = 15  # of the power iteration with the first weights; training adds one a step

steep = partial(nn.LeakyReLU, 0.2, inplace=True)  # the decoders' activation


class Spectral:
    """Mix-in before a convolution without bias: its weight is divided by its largest singular value.

    That is estimated as u W v, where W is the weight with all dimensions but the first flattened, for transposed
    convolutions too, as in the authors' code. A training step improves u and v by one power iteration; gradients pass
    u W v with both held.
    """

    def __init__(self, *args: int, **options: int):
        super().__init__(*args, bias=False, **options)
        rows, columns = self.weight.flatten(1).shape
        self.register_buffer("u", F.normalize(torch.randn(rows), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(columns), dim=0))

    @torch.no_grad()
    def iterate(self, steps: int = 1) -> None:
        """Improve u and v by power iterations."""
        matrix = self.weight.flatten(1)
        for _ in range(steps):
            self.v.copy_(F.normalize(self.u @ matrix, dim=0))
            self.u.copy_(F.normalize(matrix @ self.v, dim=0))

    def normalised(self) -> Tensor:
        """Return the weight to compute with."""
        if self.training:
            self.iterate()
        u, v = self.u.clone(), self.v.clone()  # the next step's must not change those that gradients are due to
        return self.weight / (u @ self.weight.flatten(1) @ v)

    def plain(self) -> nn.Module:
        """Return a convolution without normalisation that computes the same."""
        kind = nn.ConvTranspose2d if isinstance(self, nn.ConvTranspose2d) else nn.Conv2d
        sizes = (self.in_channels, self.out_channels, self.kernel_size, self.stride, self.padding)
        with torch.device("meta"):
            made = kind(*sizes, bias=False).eval()
        made.weight = nn.Parameter(self.normalised().detach(), requires_grad=False)
        return made


class SpectralConv2d(Spectral, nn.Conv2d):
    """Convolution without bias, spectrally normalised."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W')."""
        return F.conv2d(x, self.normalised(), None, self.stride, self.padding)


class SpectralTransposed2d(Spectral, nn.ConvTranspose2d):
    """Transposed convolution without bias, spectrally normalised."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W')."""
        return F.conv_transpose2d(x, self.normalised(), None, self.stride, self.padding)


class SpectralConvNorm(ConvNorm):
    """Spectrally normalised convolution, batch normalisation, activation.

    Parameters
    ----------
    channels, out, size, stride, act
        As for `ConvNorm`.
    doubling : bool
        A transposed convolution of 4x4 that doubles the resolution; `size` and `stride` do not apply.
    """

    def __init__(
        self,
        channels: int,
        out: int,
        size: int = 3,
        *,
        stride: int = 1,
        doubling: bool = False,
        act: Activation = relu,
    ):
        Local.__init__(self)
        if doubling:
            self.conv = SpectralTransposed2d(channels, out, 4, stride=2, padding=1)
        else:
            self.conv = SpectralConv2d(channels, out, size, stride=stride, padding=size // 2)
        self.norm = nn.BatchNorm2d(out)
        self.act = act() if act else nn.Identity()


class ResidualBlock(Local):
    """Two convolutions with norms, the sum with a shortcut, the last activation.

    Parameters
    ----------
    first : SpectralConvNorm
        Halves or doubles the resolution, or keeps it.
    out : int
    resize : nn.Module, optional
        Makes the shortcut's map of the size that `first` gives, before its 1x1 convolution; without, the shortcut is
        the input.
    act : callable
    """

    def __init__(self, first: SpectralConvNorm, out: int, *, resize: nn.Module | None = None, act: Activation = relu):
        super().__init__()
        self.conv1 = first
        self.conv2 = SpectralConvNorm(first.conv.out_channels, out, act=None)
        self.resize = resize or nn.Identity()
        channels = first.conv.in_channels
        self.shortcut = SpectralConvNorm(channels, out, 1, act=None) if resize else nn.Identity()
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W')."""
        return self.act(self.conv2(self.conv1(x)) + self.shortcut(self.resize(x)))


def halving_stage(channels: int, out: int, blocks: int, stride: int) -> list[ResidualBlock]:
    """Build the blocks of a stage of ResNet-D; with stride 2 the first one's shortcut averages over 2x2."""
    pool = nn.AvgPool2d(2) if stride == 2 else None
    first = ResidualBlock(SpectralConvNorm(channels, out, stride=stride), out, resize=pool)
    return [first, *(ResidualBlock(SpectralConvNorm(out, out), out) for _ in range(blocks - 1))]


def doubling_stage(channels: int, out: int, blocks: int) -> list[ResidualBlock]:
    """Build the blocks of a stage of the decoder, the first of which doubles the resolution."""
    up = SpectralConvNorm(channels, channels, doubling=True, act=steep)
    first = ResidualBlock(up, out, resize=nn.Upsample(scale_factor=2), act=steep)
    rest = (ResidualBlock(SpectralConvNorm(out, out, act=steep), out, act=steep) for _ in range(blocks - 1))
    return [first, *rest]


class ConvActNorm(Local):
    """Spectrally normalised 3x3 convolution, ReLU, and only then batch normalisation.

    Parameters
    ----------
    channels, out, stride : int
    reflect : bool
        Continue the map by reflection, not by zeros.
    """

    def __init__(self, channels: int, out: int, *, stride: int = 1, reflect: bool = False):
        super().__init__()
        self.pad = nn.ReflectionPad2d(1) if reflect else nn.Identity()
        self.conv = SpectralConv2d(channels, out, 3, stride=stride, padding=0 if reflect else 1)
        self.act, self.norm = relu(), nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        return self.norm(self.act(self.conv(self.pad(x))))


def shortcut(channels: int, out: int) -> nn.Sequential:
    """Build the path of an encoder's feature to the decoder."""
    return nn.Sequential(ConvActNorm(channels, out), ConvActNorm(out, out))


def initialise_spectral(network: nn.Module) -> None:
    """Draw first weights as GCA's code, which MatteFormer's follows: residual blocks begin as their shortcuts alone.

    Transposed convolutions keep PyTorch's first weights, as they do there.
    """
    initialise(network, xavier_uniform)
    for module in network.modules():
        if isinstance(module, ResidualBlock) and not module.conv2.norm.weight.is_meta:
            nn.init.zeros_(module.conv2.norm.weight)
    for module in network.modules():
        if isinstance(module, Spectral) and not module.weight.is_meta:
            module.iterate(STEPS)
