"""Released IndexNet checkpoints."""

import torch
from torch import Tensor

State = dict[str, Tensor]


def rename_index_block(state: State, kind: str) -> State:
    """An index block's weights under the names of `operators.IndexNet`.

    Parameters
    ----------
    state : dict
        `indexnet.*` of a holistic block, `indexnet1.*` to `indexnet4.*` of a depthwise one, without other prefixes.
    kind : "hin", "o2o" or "m2o"

    Returns
    -------
    dict of `index.*`; the four columns joined
    """
    if kind == "hin":
        linear = "indexnet.weight" in state
        return {key.replace("indexnet", "index.0" if linear else "index", 1): value for key, value in state.items()}
    first = [key for key in state if key.startswith("indexnet1.")]
    channels = state["indexnet1.0.weight"].shape[1 if kind == "m2o" else 0]
    if kind == "o2o" and "indexnet1.3.weight" in state:
        channels = state["indexnet1.3.weight"].shape[0]
    return {
        key.replace("indexnet1", "index"): _join(
            [state[key.replace("1", str(q), 1)] for q in range(1, 5)], kind, channels
        )
        for key in first
    }


def _join(columns: list[Tensor], kind: str, channels: int) -> Tensor:
    """Four columns side by side: column by column (m2o), or channel by channel as o2o's convolutions are grouped."""
    if columns[0].ndim == 0:  # num_batches_tracked
        return columns[0]
    if kind == "m2o":
        return torch.cat(columns)
    return torch.stack([column.unflatten(0, (channels, -1)) for column in columns], 1).flatten(0, 2)
