"""Swap the up-sampling operator of a network, and see what it costs and what it gives."""

import torch

from mattekit.networks import build, summary

torch.manual_seed(0)
image_and_trimap = torch.rand(1, 4, 64, 64)

for operator in ("bilinear", "max-unpool", "carafe", "indexnet-m2o-nonlinear-context", "a2u"):
    network = build("indexnet-b11", resampler=operator).eval()  # IndexNet Table 1: a U-Net on MobileNetV2
    with torch.no_grad():
        alpha = network(image_and_trimap)
    parameters, macs = summary.count_parameters(network), summary.count_macs(network, (64, 64))
    print(f"{operator:32} {parameters / 1e6:6.2f} M parameters {macs / 2**20:8.1f} M MACs  alpha {tuple(alpha.shape)}")
