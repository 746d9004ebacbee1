"""Released MatteFormer checkpoints: `rename` gives the weights of `networks.matteformer.MatteFormer`."""

from mattekit.networks.encoders.prior_swin import DEPTHS, SHORTCUTS
from mattekit.networks.matteformer import HEADS
from mattekit.networks.released.gca import DECODER, SHORTCUT, spectral
from mattekit.networks.released.names import Table
from mattekit.networks.released.names import rename as rename_by
from mattekit.networks.state import State

BLOCK = {
    **{"norm1": "norm1", "norm2": "norm2", "mlp.fc1": "mlp.0", "mlp.fc2": "mlp.2"},
    **{"attn.qkv": "attention.qkv", "attn.proj": "attention.project", "attn": "attention"},
}
BIASES = (".relative_position_bias_table", ".bias_table")  # theirs, ours
COMPUTED = ".relative_position_index"  # a tensor that is the same in all files

TABLE: Table = [
    ("encoder.patch_embed.", "encoder.", {"proj": "embed", "norm": "norm"}),
    *[
        (f"encoder.layers.{stage}.blocks.{block}.", f"encoder.stages.{stage}.blocks.{block}.", BLOCK)
        for stage, blocks in enumerate(DEPTHS)
        for block in range(blocks)
    ],
    *[
        (f"encoder.layers.{i}.downsample.", f"encoder.merges.{i}.", {"norm": "norm", "reduction": "reduction"})
        for i in range(len(DEPTHS) - 1)
    ],
    ("encoder.", "encoder.norms.", {f"norm{i}": str(i) for i in range(len(DEPTHS))}),
    *[(f"encoder.shortcut.{i}.", f"encoder.shortcuts.{i}.", SHORTCUT) for i in range(len(SHORTCUTS))],
    *DECODER,
    *[
        (f"decoder.refine_OS{1 << level}.", f"heads.{level}.", {"0": "0.conv", "1": "0.norm", "3": "1"})
        for level in HEADS
    ],
]


def recognises(state: State) -> bool:
    """Whether the names are those of a released MatteFormer checkpoint, `module.` removed."""
    return "decoder.refine_OS8.0.weight" in state and f"encoder.layers.0.blocks.0.attn{BIASES[0]}" in state


def rename(state: State) -> State:
    """Return the weights under our names."""
    kept = State((key, value) for key, value in spectral(state).items() if not key.endswith(COMPUTED))
    ours = rename_by(kept, TABLE)
    return State((key.replace(*BIASES), value) for key, value in ours.items())
