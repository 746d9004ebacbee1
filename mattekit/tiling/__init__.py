"""Networks on images larger than memory: tiles whose alphas are those of the whole image.

Most layers of a network look at a neighbourhood, so that a tile with enough margin gives what the whole image gives.
Some look at all of it: global average pooling, group normalisation, and stacks of dilated or many convolutions that see
further than tiles overlap. In a tile each of these would see something else. Here is how they get the whole image:

1.  Such a layer is a `GlobalLayer` (`global_layers`). It computes a *context* from its input, and its output from that:
    the pooled averages (`GlobalPool`), the groups' means and variances (`GlobalGroupNorm`), or, for
    layers with a wide view, the output map itself (`GlobalMapLayer`), of which a tile needs its part.
2.  Its context can be computed piece by piece: an `Accumulator` takes the layer's input in parts, each position once,
    and returns the context of the whole.
3.  Its context can be replaced: with `overridden(layers, override)`, the layers use what `override` returns.

`runner.Tiling` puts it together for one image:

-   `memory` tells whether the image fits; if so it is computed whole, and nothing below happens. Otherwise `Tiling`
    tries the sides of `runner.SIDES`, the largest that fits first.
-   `tiles.spans` cuts each side. A tile has an `input` range, which the network sees, an `owned` range, which ends in
    the middle of its overlaps and belongs to no other tile, and a `blend` range, where its alpha counts, with weights.
-   `context.collect_global_context` makes one pass over all tiles for each stage of global layers (layers of a later
    stage depend on those of an earlier one; `dependency_stages` finds this out by experiment). A `Collector` hands each
    tile's owned part of a layer's input to the layer's accumulator, and stops the pass with `StageComplete`.
-   Then the tiles with unknown pixels are computed, the layers overridden by a `TileContext`, and blended.
-   `tiles.needed_margin` measures how far a network sees beside its global layers; if tiles of a chosen size overlap
    by less than twice that, a note says so.

A new network uses `GlobalPool`, `GlobalGroupNorm` and `GlobalMapStage` in place of PyTorch's layers, or derives its own
from `GlobalLayer`. A layer that is forgotten fails tests/networks/test_contracts.py.
"""
