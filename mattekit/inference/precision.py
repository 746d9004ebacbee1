"""Number formats of a network, and the choice of a faster one where it hardly changes alphas."""

from mattekit.errors import InputError

PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # as PyTorch calls them
CHOICES = ("auto", *PRECISIONS)

MOST = 1.0  # of 255, mean over unknown pixels: what auto may change (`networks.row.Row.rounding`)
FASTER = {"cpu": ("bf16",), "cuda": ("fp16", "bf16"), "mps": ("fp16",)}  # than fp32; the most exact first


def choose(precision: str, network: str, device: str) -> str:
    """Return the precision to use: "auto" is a faster one that changes 8-bit alphas by at most 1 on average.

    Parameters
    ----------
    precision : "auto", "fp32", "bf16" or "fp16"
    network : str
        A name of `networks.NETWORKS`; "auto" is "fp32" for those whose row has no `rounding`.
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
    from mattekit.networks import find  # loads torch, which the names above do not need

    changes, kind = find(network).rounding, device.partition(":")[0]
    return next((name for name in FASTER.get(kind, ()) if changes.get(name, MOST + 1) <= MOST), "fp32")
