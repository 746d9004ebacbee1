"""Image matting: alpha mattes from an image and a trimap, cut-outs, data sets, training and exact scores."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mattekit.networks.safetensors_file import load_network as load_network

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "load_network":  # here, so that importing mattekit does not import torch
        from mattekit.networks.safetensors_file import load_network

        return load_network
    raise AttributeError(f"module 'mattekit' has no attribute {name!r}")
