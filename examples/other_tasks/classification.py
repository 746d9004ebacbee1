"""LeNet, MobileNet and VGG-16 for CIFAR's 32x32 images, with operators for their poolings: IndexNet section 5.4.

An encoder without decoder uses one half of an operator, `guide` and `down`. The section's details are in a supplement
that the paper's text does not contain; here, an operator simply takes the place of each loss of resolution.
"""

from collections.abc import Callable

from torch import Tensor, nn

from mattekit.errors import InputError
from mattekit.networks.encoders.vgg import VGG16
from mattekit.networks.layers import ConvNorm, separable
from mattekit.operators import Resampler, make

MOBILENET = [  # channels and stride of each separable convolution; Howard et al., Table 1, whose first two strides go
    *[(64, 1), (128, 1), (128, 1), (256, 2), (256, 1), (512, 2)],
    *[(512, 1)] * 5,
    *[(1024, 2), (1024, 1)],
]


class Downsample(nn.Module):
    """One operator, guided by what it halves.

    Raises
    ------
    InputError
        If the operator has nothing of its own on the way down, so that it would be max-pooling with idle parameters.
    """

    def __init__(self, operator: Resampler):
        super().__init__()
        if not operator.paired:
            raise InputError(
                f"operator: {type(operator).__name__} has no way down of its own. Use an index network, 'hmi', "
                "'max-unpool' or a paired A2U, such as 'a2u-dynamic-cs-d'."
            )
        self.operator = operator

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H/2, W/2)."""
        return self.operator.down(x, self.operator.guide(x))


def lenet(resampler: str | None = None, *, in_channels: int = 3, classes: int = 10, **options) -> nn.Sequential:
    """LeNet-5 (LeCun et al., 1998) with ReLU and max-pooling.

    Parameters
    ----------
    resampler : str, optional
        A name in `mattekit.operators.OPERATORS`, of an operator that comes in pairs; if not given, the network pools,
        or strides, as its authors have it.
    in_channels, classes : int
    **options
        Arguments of the operator.

    Returns
    -------
    nn.Sequential, (N, 3, 32, 32) -> (N, 10) logits

    Raises
    ------
    InputError
        If an argument is unknown, or the operator has no way down of its own.
    """
    halve = _pooling(resampler, options)
    return nn.Sequential(
        nn.Conv2d(in_channels, 6, 5),
        nn.ReLU(),
        halve(6),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        halve(16),
        nn.Flatten(),
        *[nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)],
    )


def mobilenet(resampler: str | None = None, *, in_channels: int = 3, classes: int = 10, **options) -> nn.Sequential:
    """MobileNet (Howard et al., 2017) without its first two strides, for small images; arguments as in `lenet`.

    With an operator every stride is 1, and the operator halves what enters the block, as IndexNet section 5.1 has it.
    """
    halve = _pooling(resampler, options)
    layers, channels = [ConvNorm(in_channels, 32)], 32
    for out, stride in MOBILENET:
        if stride == 2 and resampler is not None:
            layers.append(halve(channels))
            stride = 1
        layers.append(separable(channels, out, stride=stride))
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def vgg16(resampler: str | None = None, *, in_channels: int = 3, classes: int = 10, **options) -> nn.Sequential:
    """VGG-16 with batch normalisation and one linear layer, as is usual for small images; arguments as in `lenet`."""
    halve = _pooling(resampler, options)
    encoder = VGG16(in_channels)
    layers = [
        layer for stage, width in zip(encoder.stages, encoder.channels, strict=True) for layer in (stage, halve(width))
    ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(encoder.channels[-1], classes))


def _pooling(resampler: str | None, options: dict) -> Callable[[int], nn.Module]:
    """What halves a map of so many channels."""
    if resampler is None:
        if options:
            raise InputError(f"resampler: none, but {', '.join(options)} given, which are an operator's. Name one.")
        return lambda channels: nn.MaxPool2d(2)
    return lambda channels: Downsample(make(resampler, channels, **options))
