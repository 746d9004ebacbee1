"""Released A2U checkpoints."""

import torch
from torch import Tensor

State = dict[str, Tensor]


def rename_operator(state: State) -> State:
    """Weights of one A2U module under the names of `operators.A2U`; U and V, and both P, stand together there."""
    ours = {}
    for part in ("weight", "bias"):
        ours[f"UV.conv.{part}"] = torch.cat([state[f"bconv_{name}.1.{part}"] for name in "UV"])
        ours[f"P.conv.{part}"] = torch.cat([state[f"bconv_{name}.1.{part}"] for name in ("UP", "DP")])
        for name in "uv":
            ours[f"norm_{name}.0.{part}"] = state[f"bn{name}.0.{part}"]
    return ours
