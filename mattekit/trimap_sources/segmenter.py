"""A segmentation network that the user brings, as a source of trimaps."""

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.guided_filter import follow_edges
from mattekit.inference.graph import Graph
from mattekit.trimap_sources.band import Band
from mattekit.trimap_sources.believed import Reach, sourced
from mattekit.trimap_sources.segmentation.answer import foreground
from mattekit.trimap_sources.segmentation.class_names import names_in, numbers_of
from mattekit.trimap_sources.segmentation.families import FAMILIES, UNKNOWN, family_of
from mattekit.trimap_sources.segmentation.rule import LARGEST, Rule, read_rule
from mattekit.trimap_sources.segmentation.runtime import Network
from mattekit.trimap_sources.source import SourcedTrimap

log = logging.getLogger("mattekit")

REACH = Reach(inward=0.04, outward=0.06)
KEPT = 2  # networks that stay loaded in a process


def segment_source(model: str | Path, classes: str | None = None, band: Band = "auto") -> "Segmenter":
    """Make the source of a network's file; `classes` are numbers or names with commas between: "15", "person,dog".

    Raises
    ------
    MattekitError
        For what is wrong with the file, its rule or the classes, as far as that shows before weights are read.
    """
    words = [word.strip() for word in classes.split(",")] if classes else []
    if not all(words):
        raise InputError(f"class {classes}: wanted numbers or names with commas between.")
    chosen = tuple(int(word) if word.isdecimal() and len(word) < 7 else word for word in words)
    source = Segmenter(Path(model), chosen, band)
    source.check()
    return source


@dataclass(frozen=True)
class Segmenter:
    """A network of a file, and which of its classes are the foreground.

    Attributes
    ----------
    path : Path
        A .onnx or .tflite file. A file of its name ending in .toml beside it says how it is used
        (`segmentation.rule`); without, it is recognised as of a known family (`segmentation.families`).
    classes : tuple of int or str
        Numbers or names, in place of the rule's; only for networks that tell several apart.
    band : "auto", "PX" or "PERCENT%"
        See `band.width_of`.
    """

    path: Path
    classes: tuple[int | str, ...] = ()
    band: Band = "auto"
    name: str = field(default="segment", init=False)

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of a picture (H, W, 3); errors as of `probability`, and InputError without foreground."""
        probability = self.probability(image)
        found = {"foreground": probability.max() >= 0.5, "background": probability.min() < 0.5}
        for absent in (kind for kind, there in found.items() if not there):
            raise InputError(f"{self.path} finds no {absent} in this picture. Try another network, or give a mask.")
        rule = self._used[1]
        facts = {"network": str(self.path), "family": rule.family, "classes": list(rule.classes)}
        return sourced(image, probability, self.band, REACH, facts)

    def check(self) -> None:
        """Raise the errors of a bad file, rule or class, as far as they show before weights are read."""
        _ = self._used

    def probability(self, image: np.ndarray) -> np.ndarray:
        """Return the probability (H, W) float32 in 0..1 that a pixel is foreground.

        The network sees the picture at its own size; edges are then drawn along those of the picture
        (`imaging.guided_filter`).

        Parameters
        ----------
        image : (H, W, 3) float32, sRGB-coded RGB
            Colours beyond 0..1 count as 0 or 1.

        Raises
        ------
        MattekitError
            If the file, its rule or the network's answer cannot be used.
        """
        network, rule = self._used
        image = image.clip(0, 1)
        height, width = input_size(image.shape[:2], network.graph, rule)
        outputs = network.run(prepared(image, (height, width), rule))
        names = [tensor.name for tensor in network.graph.outputs]
        if len(names) != len(outputs):
            names = [f"output {index}" for index in range(len(outputs))]
        coarse = foreground(self.path, outputs, names, rule, (height, width))
        return follow_edges(coarse, image)

    @property
    def _used(self) -> tuple[Network, Rule]:
        network, rule = _opened(self.path, _stamps(self.path))
        if self.classes:
            rule = rule.model_copy(update={"classes": numbers_of(self.path, self.classes, rule.names)})
        return network, rule


def input_size(size: tuple[int, int], graph: Graph, rule: Rule) -> tuple[int, int]:
    """Return the height and width at which a network sees a picture of a size; its graph's own go before the rule's."""
    if rule.short_side and not rule.size:
        wanted = _kept_proportions(size, rule.short_side, rule.multiple)
    else:
        wanted = rule.size or size
    return tuple(own or side for own, side in zip(graph.size, wanted, strict=True))


def _kept_proportions(size: tuple[int, int], short_side: int, multiple: int) -> tuple[int, int]:
    """Sides of a shorter one of `short_side`; as MODNet does, none is changed if that lies between the two."""
    scale = 1 if min(size) <= short_side <= max(size) else short_side / min(size)
    scale = min(scale, LARGEST / max(size))
    return tuple(max(multiple, int(side * scale) // multiple * multiple) for side in size)


def prepared(image: np.ndarray, size: tuple[int, int], rule: Rule) -> np.ndarray:
    """Return the input (1, 3, h, w) float32 of a network for a picture (H, W, 3) in 0..1."""
    smaller = size[0] < image.shape[0]
    small = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    if rule.brightest and small.max() > 0:
        small = small / small.max()
    x = (small - np.float32(rule.mean)) / np.float32(rule.std)
    x = x[..., ::-1] if rule.channels == "bgr" else x
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None], dtype=np.float32)


def _stamps(path: Path) -> tuple[int | None, ...]:
    """Times of the last changes of a network's file and its rule's."""
    return tuple(file.stat().st_mtime_ns if file.is_file() else None for file in (path, _rule_file(path)))


def _rule_file(path: Path) -> Path:
    return path.with_suffix(".toml")


@lru_cache(maxsize=KEPT)
def _opened(path: Path, stamps: tuple[int | None, ...]) -> tuple[Network, Rule]:
    """The network and the rule of a file, the same ones while neither changes."""
    network = Network(path)
    rule = _rule(path, network.graph)
    if not rule.names:
        rule = rule.model_copy(update={"names": names_in(path)})
    free = None in network.graph.size
    if free and not (rule.size or rule.short_side):
        sizes = f"add size to {_rule_file(path)}" if _rule_file(path).is_file() else _advice(path)
        raise InputError(f"{path}: it takes pictures of any size, wanted to know which: {sizes}.")
    return network, rule


def _rule(path: Path, graph: Graph) -> Rule:
    if _rule_file(path).is_file():
        return read_rule(_rule_file(path), FAMILIES)
    family = family_of(path, graph)
    if family is None and None not in graph.size:
        log.warning("%s: of no known family; pictures get ImageNet's mean and deviation. %s.", path, _advice(path))
    elif family:
        log.info("%s: used as %s.", path, family)
    return FAMILIES[family] if family else UNKNOWN


def _advice(path: Path) -> str:
    families = ", ".join(FAMILIES)
    return f"write {_rule_file(path)} with mean, std and size, or with family: one of {families}"
