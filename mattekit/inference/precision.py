"""The numbers that a network computes with, and where fewer digits are near enough to be taken unasked."""

from mattekit.errors import InputError

PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # as PyTorch calls them
CHOICES = ("auto", *PRECISIONS)

MOST = 1.0  # of 255, mean over unknown pixels: what auto may change

# Mean change of the 8-bit alpha over the unknown pixels against fp32, the largest of nine real images, as
# tests/benchmarks/bench_precision.py prints it: the authors' layers with random weights, which answer to rounding more
# than trained ones do. Measured on a CPU; accelerators also add up in float32.
CHANGE = {
    "a2u": {"bf16": 14.3, "fp16": 0.9},
    "indexnet": {"bf16": 8.7, "fp16": 1.4},
    "indexnet-b1": {"bf16": 55.3, "fp16": 7.5},
    "indexnet-b2": {"bf16": 21.0, "fp16": 9.7},
    "indexnet-b3": {"bf16": 22.5, "fp16": 7.0},
    "indexnet-b11": {"bf16": 7.6, "fp16": 2.1},
    "lsa": {"bf16": 3.6, "fp16": 0.5},
}
FASTER = {"cpu": ("bf16",), "cuda": ("fp16", "bf16"), "mps": ("fp16",)}  # than fp32; the most exact first


def choose(precision: str, network: str, device: str) -> str:
    """The precision meant: "auto" is a faster one that changes the network's 8-bit alphas by 1 on average at most.

    Parameters
    ----------
    precision : "auto", "fp32", "bf16" or "fp16"
    network : str
        A name of `networks.NETWORKS`; "auto" is "fp32" for those that `CHANGE` lacks.
    device : str
        As PyTorch names it.

    Returns
    -------
    "fp32", "bf16" or "fp16"

    Raises
    ------
    InputError
        If the precision is none of these.
    """
    if precision not in CHOICES:
        raise InputError(f"precision: {precision!r}, wanted one of {', '.join(CHOICES)}.")
    if precision != "auto":
        return precision
    changes, kind = CHANGE.get(network, {}), device.partition(":")[0]
    return next((name for name in FASTER.get(kind, ()) if changes.get(name, MOST + 1) <= MOST), "fp32")
