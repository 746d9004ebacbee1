"""Families of published segmentation networks, and how each wants its pictures.

Each row says in this project's terms what the family's authors do around their network when they test it.

u2net               U-2-Net (Qin and others, 2020), its small and its portrait versions: 320x320, divided by the
                    brightest value, ImageNet's mean and deviation; seven maps, the fused one first, stretched to 0..1.
isnet               IS-Net, "Dichotomous Image Segmentation" (Qin and others, 2022), and RMBG-1.4: 1024x1024, minus 0.5;
                    of several outputs the first, stretched.
birefnet            BiRefNet (Zheng and others, 2024), and RMBG-2.0: 1024x1024, ImageNet; logits, the last output.
modnet              MODNet (Ke and others, 2022): -1..1, a shorter side of 512, multiples of 32.
selfie              MediaPipe's selfie segmentation, general and landscape: 0..1, probabilities of a person.
selfie-multiclass   MediaPipe's six classes: background, hair, body, face, clothes, other; logits. All but the first.
deeplab             MediaPipe's and TensorFlow's DeepLab v3: -1..1, logits of Pascal VOC's 21 classes; 15, a person.
"""

from pathlib import Path

from mattekit.inference.graph import Graph
from mattekit.trimap_sources.segmentation.rule import Rule

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
SIGNED = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
PARTS = ("background", "hair", "body-skin", "face-skin", "clothes", "others")
VOC = (  # the classes of Pascal VOC 2012
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table",
    "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip

FAMILIES: dict[str, Rule] = {
    "u2net": Rule(family="u2net", **IMAGENET, size=(320, 320), brightest=True, output=0, stretch=True),
    "isnet": Rule(family="isnet", mean=(0.5, 0.5, 0.5), std=(1.0, 1.0, 1.0), size=(1024, 1024), output=0, stretch=True),
    "birefnet": Rule(family="birefnet", **IMAGENET, size=(1024, 1024), output=-1),
    "modnet": Rule(family="modnet", **SIGNED, short_side=512, multiple=32),
    "selfie": Rule(family="selfie", **PLAIN),
    "selfie-multiclass": Rule(
        family="selfie-multiclass", **PLAIN, activation="softmax", classes=(1, 2, 3, 4, 5), names=PARTS
    ),
    "deeplab": Rule(family="deeplab", **SIGNED, activation="softmax", classes=(15,), names=VOC),
}
UNKNOWN = Rule(**IMAGENET)  # what most networks that started from ImageNet were trained with

WORDS = {  # in a file's name, the first that is found counts
    "selfie-multiclass": "selfie-multiclass",
    "selfie": "selfie",
    "birefnet": "birefnet",
    "rmbg-2": "birefnet",
    "rmbg": "isnet",
    "isnet": "isnet",
    "u2net": "u2net",
    "silueta": "u2net",
    "modnet": "modnet",
    "deeplab": "deeplab",
}


def family_of(path: str | Path, graph: Graph) -> str | None:
    """Return the family of a network by its file's name, or else by its input and outputs; None if neither tells."""
    stem = Path(path).stem.lower().replace("_", "-").replace("is-net", "isnet").replace("u-2-net", "u2net")
    named = next((family for word, family in WORDS.items() if word in stem), None)
    if named:
        return named
    if graph.size == (320, 320) and len(graph.outputs) == 7:
        return "u2net"
    if graph.size in ((256, 256), (144, 256)) and graph.layout == "nhwc" and len(graph.outputs) == 1:
        channels = graph.outputs[0].shape[-1:]
        return {(1,): "selfie", (6,): "selfie-multiclass"}.get(channels)
    return None
