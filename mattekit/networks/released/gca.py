"""Released GCA checkpoints: `rename` gives the weights of `networks.gca.GCA`. There is one configuration."""

from mattekit.errors import WeightsError
from mattekit.networks.encoders.resnet34d import STAGES
from mattekit.networks.released.names import Table
from mattekit.networks.released.names import rename as rename_by
from mattekit.networks.shortcut_decoder import STAGES as DECODER_STAGES
from mattekit.networks.state import State

SPECTRAL = {".module.weight_bar": ".weight", ".module.weight_u": ".u", ".module.weight_v": ".v"}
BLOCK = {f"{theirs}{i}": f"conv{i}.{ours}" for i in (1, 2) for theirs, ours in (("conv", "conv"), ("bn", "norm"))}
RESIZED = {f"{way}.{i}": f"shortcut.{n}" for way in ("downsample", "upsample") for i, n in ((1, "conv"), (2, "norm"))}
SHORTCUT = {"0": "0.conv", "2": "0.norm", "3": "1.conv", "5": "1.norm"}
GUIDANCE = {"1": "0.conv", "3": "0.norm", "5": "1.conv", "7": "1.norm", "9": "2.conv", "11": "2.norm"}
ATTENTION = {"guidance_conv": "guidance", "W.0": "project", "W.1": "norm"}

LAYERS = ("layer1", "layer2", "layer3", "layer_bottleneck")
DECODER: Table = [  # MatteFormer's is the same, but for its heads
    *[
        (f"decoder.layer{stage + 1}.{block}.", f"decoder.stages.{stage}.{block}.", BLOCK | RESIZED)
        for stage, (_, blocks) in enumerate(DECODER_STAGES)
        for block in range(blocks)
    ],
    ("decoder.", "decoder.up.", {"conv1": "conv", "bn1": "norm"}),
]
TABLE: Table = [
    *[("encoder.", f"encoder.backbone.stem.{i}.", {f"conv{i + 1}": "conv", f"bn{i + 1}": "norm"}) for i in range(3)],
    *[
        (f"encoder.{name}.{block}.", f"encoder.backbone.layers.{layer}.{block}.", BLOCK | RESIZED)
        for layer, (name, (_, blocks, _)) in enumerate(zip(LAYERS, STAGES, strict=True))
        for block in range(blocks)
    ],
    *[(f"encoder.shortcut.{i}.", f"encoder.shortcuts.{i}.", SHORTCUT) for i in range(5)],
    ("encoder.guidance_head.", "encoder.guidance.", GUIDANCE),
    ("encoder.gca.", "encoder.attention.", ATTENTION),
    ("decoder.gca.", "attention.", ATTENTION),
    *DECODER,
    ("decoder.", "", {"conv2": "head"}),
]


def recognises(state: State) -> bool:
    """Whether the names are those of a released GCA checkpoint, `module.` removed."""
    return "encoder.gca.guidance_conv.weight" in state


def spectral(state: State) -> State:
    """Return a state with the tensors of spectral normalisation under our own last names.

    Raises
    ------
    WeightsError
        If two tensors would get one name.
    """
    ours = State()
    for key, value in state.items():
        name = next((key.removesuffix(end) + new for end, new in SPECTRAL.items() if key.endswith(end)), key)
        if name in ours:
            raise WeightsError(f"weights: {key} beside another tensor of the same layer. Is the file damaged?")
        ours[name] = value
    return ours


def rename(state: State) -> State:
    """Return the weights under our names."""
    return rename_by(spectral(state), TABLE)
