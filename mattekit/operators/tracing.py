"""Whether a graph is being recorded: what is fast to run may be bad to record."""

import torch


def tracing() -> bool:
    """True while operations are recorded to be run later, perhaps at another size."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()
