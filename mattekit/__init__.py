"""Image matting: alpha mattes from an image and a trimap, cut-outs, data sets, training and exact scores.

`import mattekit` loads nothing heavy; its functions (see `mattekit.api`) are loaded when first used.

Glossary
--------
alpha : opacity of the foreground in a pixel, 0..1; as a picture (H, W) also called alpha matte or matte.
attention : weights of channels or positions that a network computes from its own feature maps.
background : what lies behind the foreground; B in the matting equation. In a trimap: surely alpha 0.
cell : in tiling, the largest stride of a network, on whose grid tiles must lie.
classical method : a model without learnt weights, such as closed-form matting.
colour line : the assumption that colours in a small window lie on a line, from which the matting Laplacian follows.
composite : the picture alpha F + (1 - alpha) B; to make one.
composition loss : difference between a composite by the predicted alpha and the true one.
Conn : connectivity error, an official metric of how pixels hang together with the largest opaque region.
context : what a layer takes from the whole image, such as a global mean, and a tile must be given.
cut-out : foreground colours with their alpha, (H, W, 4), not premultiplied.
data set : composites with their alphas and trimaps in folders, listed by a manifest.
decoder : the part of a network that makes an alpha of the encoder's feature maps, level by level.
downsampling operator : what halves a feature map in an encoder, such as max pooling or an index block.
dynamic kernel : weights of a convolution that a network computes for every position, as A2U does.
encoder : the part of a network that turns an image into feature maps of falling size; a backbone is a known one.
estimate : an alpha by a classical method, given to a network as an input.
foreground : what is cut out; F in the matting equation. In a trimap: surely alpha 1.
foreground estimation : solving the matting equation for F, given image and alpha.
global layer : a layer whose output anywhere depends on the whole image.
Grad : gradient error, an official metric of how edges differ.
guide : what an encoder level hands to the matching decoder level, such as learnt indices.
index map : weights by which IndexNet pools and unpools, learnt from features.
item : one unit of work of a folder, with a name and outputs.
MAD, MSE, SAD : mean absolute, mean squared and summed absolute difference of alphas.
manifest : file with a line for each image of a data set: parts, sizes and checksums.
matting equation : I = alpha F + (1 - alpha) B, for every pixel.
matting Laplacian : sparse matrix L for which alpha' L alpha measures how far alpha departs from colour lines.
metric : a score of an alpha against the true one; a row of `mattekit.metrics.METRICS`.
model : whatever makes an alpha of an image and a trimap: a classical method, a network in a file, a plug-in.
output stride : side of the image over side of the encoder's smallest feature map.
overlap : pixels that neighbouring tiles share; blended in its middle.
pool : training samples that are made once, kept as files and used again, each time turned at random.
preparation : how an image and a trimap become a network's input: order of channels, normalisation, padding.
preset : rules by which a published data set is composed.
rank : one of several processes, of a launcher such as torchrun, that share a folder or a training step.
recipe : all settings of a training run, in one TOML file.
refinement : changing a network's feature maps by backpropagation until its alpha agrees with the trimap.
remedy : key of an error, for which the command line names the option that helps.
sample : one training example: image, alpha, trimap, foreground, background, cropped and augmented.
shard : the share of a folder that one process works on.
source : where foregrounds of samples come from: a folder, a data set, or synthetic drawings.
stray : a tiny island of known pixels in a trimap, most likely a mistake.
synthetic foreground : hair, fur, glass or smoke drawn with its exact alpha.
test-time augmentation : averaging alphas over flipped, turned or resized views of an image.
tile : a part of an image that a network computes alone, to bound memory.
trimap : picture of what is known: 0 background, 255 foreground, 128 unknown.
unknown region : the pixels that a trimap leaves open, over which metrics are taken.
upsampling operator : what doubles a feature map in a decoder, such as max unpooling, bilinear or A2U.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mattekit.api import composite as composite
    from mattekit.api import cutout as cutout
    from mattekit.api import estimate_foreground as estimate_foreground
    from mattekit.api import load_model as load_model
    from mattekit.api import make_trimap as make_trimap
    from mattekit.api import predict as predict
    from mattekit.api import read_alpha as read_alpha
    from mattekit.api import read_image as read_image
    from mattekit.api import read_trimap as read_trimap
    from mattekit.api import score as score
    from mattekit.api import write_image as write_image
    from mattekit.networks.safetensors_file import load_network as load_network

__version__ = "0.1.0"

MODULES = {  # function -> module that is imported when it is first used
    **dict.fromkeys(
        (
            *("read_image", "read_alpha", "read_trimap", "write_image", "load_model", "predict", "cutout"),
            *("estimate_foreground", "make_trimap", "composite", "score"),
        ),
        "mattekit.api",
    ),
    "load_network": "mattekit.networks.safetensors_file",
}
__all__ = ["__version__", *MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return getattr(import_module(MODULES[name]), name)
    raise AttributeError(f"module 'mattekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
