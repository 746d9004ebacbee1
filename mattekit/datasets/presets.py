"""Rules by which the published matting data sets are composed: one row a set and split."""

from dataclasses import dataclass

from mattekit.errors import InputError


@dataclass(frozen=True)
class Preset:
    """One row.

    foregrounds : number of foregrounds in the published set; None where any number is right.
    per_foreground : backgrounds each foreground is put before.
    truncate : blends are cut to whole numbers, as the published compositor does; otherwise rounded.
    trimap : the row of `trimap_random.RULES` that makes trimaps where none are given.
    ships_trimaps : the published set comes with trimaps, and scores refer to those.
    """

    foregrounds: int | None
    per_foreground: int
    truncate: bool = True
    trimap: str = "dim"
    ships_trimaps: bool = False


# Adobe Image Matting and Composition-1k: Xu et al., "Deep Image Matting" (CVPR 2017), section 3, with MS COCO and
# Pascal VOC behind; the counts are those of the released set, as A2U's section 6.2 gives them (IndexNet's section 5.1
# says 100 x 10 for Composition-1k, its list of names 50 x 20).
# Distinctions-646: Qiao et al., "Attention-Guided Hierarchical Structure Aggregation for Image Matting" (CVPR 2020),
# composed by "the same protocol" (A2U, section 6.2); it ships no trimaps.
PRESETS = {
    "aim": {"train": Preset(431, 100)},
    "composition-1k": {"test": Preset(50, 20, ships_trimaps=True)},
    "distinctions-646": {"train": Preset(596, 100), "test": Preset(50, 20)},
    "custom": {"train": Preset(None, 20, truncate=False), "test": Preset(None, 20, truncate=False)},
}


def find(name: str, split: str | None = None) -> tuple[str, Preset]:
    """Split and row of a preset; without `split` its first.

    Raises
    ------
    InputError
        If there is no such preset or split.
    """
    if name not in PRESETS:
        raise InputError(f"preset {name}: unknown. Choose from {', '.join(PRESETS)}.")
    splits = PRESETS[name]
    split = split or next(iter(splits))
    if split not in splits:
        raise InputError(f"preset {name}: no split {split}. It has {' and '.join(splits)}.")
    return split, splits[split]
