"""Encoders keep their widths and resolutions, whoever halves."""

import pytest
import torch
from torch.nn import functional as F

from mattekit.networks.encoders.mobilenetv2 import InvertedResidual, MobileNetV2
from mattekit.networks.encoders.vgg import VGG16


def shapes(features):
    return [tuple(f.shape[1:]) for f in features]


def test_vggs_size_is_torchvisions_without_classifier():
    """`vgg16_bn` of torchvision 0.20 less the parameters of its linear layers."""
    assert sum(p.numel() for p in VGG16(3).parameters()) == 14_723_136


@pytest.mark.parametrize(("stride", "deepest"), [(32, 3), (16, 6)])
def test_mobilenet_halves_by_stride(stride, deepest):
    encoder = MobileNetV2(stride=stride, strided=True).eval()
    features = encoder(torch.zeros(1, 4, 96, 96))
    assert [c for c, _, _ in shapes(features)] == list(encoder.channels) == [32, 16, 24, 32, 64, 96, 160, 320]
    assert [h for _, h, _ in shapes(features)] == [48, 48, 24, 12, 6, 6, deepest, deepest]


def test_mobilenet_without_strides_leaves_halving_to_whoever_calls_it():
    encoder, calls = MobileNetV2(width=0.25).eval(), []

    def halve(x):
        calls.append(encoder.halves[len(calls)])
        return (F.max_pool2d(x, 2) if calls[-1] else x), x

    features = encoder(torch.zeros(1, 4, 64, 64), halve)
    assert calls == [True, False, True, True, True, False, True]
    assert [h for _, h, _ in shapes(features)] == [64, 32, 32, 16, 8, 4, 4, 2]


def test_the_border_of_an_inverted_residual_is_expanded_too():
    """Beyond the border the filter sees ReLU6(norm(0)), as in the authors' code, and not 0."""
    torch.manual_seed(0)
    block, x = InvertedResidual(4, 6, expansion=6).eval(), torch.randn(1, 4, 5, 7)
    torch.nn.init.constant_(block.expand.norm.bias, 0.5)
    with torch.no_grad():
        expanded = F.pad(block.expand(x), (1, 1, 1, 1), value=0.5)
        torch.testing.assert_close(block(x), block.project(block.depthwise(expanded)))


def test_dilation_begins_behind_the_stage_that_no_longer_halves():
    """Output stride 16: the first 160-channel block keeps dilation 1, its successors and the last block have 2."""
    stages = MobileNetV2(stride=16).stages
    assert [[block.dilation for block in stage] for stage in stages[5:]] == [[1, 1, 1], [1, 2, 2], [2]]
