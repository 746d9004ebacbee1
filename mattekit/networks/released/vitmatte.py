"""ViTMatte's checkpoints: those of its authors (detectron2's layout) and those of transformers."""

from mattekit.errors import WeightsError
from mattekit.networks.state import State

# Parts of names, theirs and ours: of the authors, then of transformers where it differs.
WORDS = (
    ("backbone.pos_embed", "encoder.transformer.position"),
    ("backbone.embeddings.position_embeddings", "encoder.transformer.position"),
    ("backbone.patch_embed.proj.", "encoder.patch."),
    ("backbone.embeddings.projection.", "encoder.patch."),
    ("backbone.blocks.", "encoder.transformer.blocks."),
    ("backbone.encoder.layer.", "encoder.transformer.blocks."),
    ("decoder.convstream.convs.", "encoder.stream."),
    ("decoder.fusion_blks.", "decoder.fusion_blocks."),
    ("decoder.matting_head.matting_convs.", "head."),
    (".attn.", ".attention."),
    (".bn.", ".norm."),
    (".batch_norm.", ".norm."),
)
CONSTANTS = ("pixel_mean", "pixel_std")  # of the image, which some versions of detectron2 write
FUSION = "decoder.fusion_blocks."
STAGES = 4
BLOCK = "encoder.transformer.blocks."


def recognises(state: State) -> bool:
    """Whether the names are those of a ViTMatte of its authors or of transformers."""
    return "decoder.matting_head.matting_convs.0.weight" in state and "decoder.convstream.convs.0.conv.weight" in state


def configuration(state: State) -> tuple[str, dict]:
    """Return a name in `NETWORKS` and the arguments to change, as shapes tell them.

    Where windows are as large as the maps whose relative positions were learnt, all blocks count as windowed.

    Raises
    ------
    WeightsError
        If shapes are of no such network.
    """
    state = _renamed(state)
    width = state.shape("encoder.patch.weight")[0]
    sides = {int(key.split(".")[3]): (state.shape(key, 2)[0] + 1) // 2 for key in state if key.endswith("rel_pos_h")}
    depth, window = len(sides), min(sides.values(), default=0)
    if sorted(sides) != list(range(depth)) or not depth:
        raise WeightsError("weights: blocks without relative positions, which every ViTMatte has. Is it another's?")
    values = dict(
        width=width,
        heads=width // state.shape(f"{BLOCK}0.attention.rel_pos_h", 2)[1],
        depth=depth,
        ratio=state.shape(f"{BLOCK}0.mlp.fc1.weight", 2)[0] // width,
        window=window,
        windowed=[i for i, side in sorted(sides.items()) if side == window],
        residual=[i for i in range(depth) if f"{BLOCK}{i}.residual.conv1.weight" in state],
        side=round((state.shape("encoder.transformer.position", 3)[1] - 1) ** 0.5),
        whole=max(sides.values()),
        stream=[state.shape(f"encoder.stream.{i}.conv.weight")[0] for i in range(STAGES - 1)],
        fused=[state.shape(f"{FUSION}{i}.conv.conv.weight")[0] for i in range(STAGES)],
    )
    return named(values)


def named(values: dict) -> tuple[str, dict]:
    """Return the row with these values, or the nearest, and the values to change in it."""
    from mattekit.networks.vitmatte import ROWS

    changes = {}
    for name, row in ROWS.items():
        own = {key: list(value) if isinstance(value, tuple) else value for key, value in row.values({}).items()}
        changes[name] = {key: value for key, value in values.items() if value != own[key]}
    name = min(changes, key=lambda name: len(changes[name]))
    return name, changes[name]


def rename(state: State) -> State:
    """Return the weights under our names.

    Our decoder has the coarser map before the skipped one, and the finest stage first. The position of the class token,
    which nothing uses, is left out.
    """
    state = _renamed(state)
    position = state["encoder.transformer.position"]
    side = round((state.shape("encoder.transformer.position", 3)[1] - 1) ** 0.5)
    if side * side + 1 != position.shape[1]:
        raise WeightsError(f"weights: {position.shape[1]} positions, wanted a square and one. Is it damaged?")
    ours = State((key, value) for key, value in state.items() if not key.startswith(FUSION))
    ours["encoder.transformer.position"] = position[:, 1:].mT.unflatten(2, (side, side)).contiguous()
    coarser = state.shape("encoder.patch.weight")[0]
    for i in range(STAGES):
        theirs, stage = f"{FUSION}{i}.conv.", f"blocks.{STAGES - 1 - i}."
        own = {key.replace(theirs, stage, 1): value for key, value in state.items() if key.startswith(theirs)}
        weight = state[f"{theirs}conv.weight"]
        own[f"{stage}conv.weight"] = weight.roll(coarser, 1)
        coarser = state.shape(f"{theirs}conv.weight")[0]
        ours |= own
    return State(ours)


def _renamed(state: State) -> State:
    renamed = State()
    for key, value in state.items():
        if key in CONSTANTS:
            continue
        for theirs, ours in WORDS:
            key = key.replace(theirs, ours, 1)
        renamed[key] = value
    return renamed
