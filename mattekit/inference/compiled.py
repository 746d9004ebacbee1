"""Networks compiled by PyTorch, which run as they are where that fails."""

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

log = logging.getLogger("mattekit")


def compile_network(network: nn.Module, backend: str | Callable = "inductor") -> nn.Module:
    """Compile `encode` and `decode` when they are first called, and again when sizes begin to vary.

    Where compilation fails, as without a C++ compiler on a CPU, one note says why and the network runs uncompiled.
    `backend` is torch.compile's.
    """
    torch._logging.set_logs(dynamo=logging.ERROR, inductor=logging.ERROR)  # warns of what it merely leaves as it is
    reported: list[str] = []
    for name in ("encode", "decode"):
        setattr(network, name, _Compiled(getattr(network, name), backend, reported))
    return network


class _Compiled:
    def __init__(self, plain: Callable, backend: str | Callable, reported: list[str]):
        from torch._dynamo.exc import TorchDynamoException  # importing it takes a second, which only this is worth

        self.failure = TorchDynamoException
        self.plain, self.run, self.reported = plain, torch.compile(plain, backend=backend), reported

    def __call__(self, *args: Any) -> Any:
        if not self.reported:
            try:
                return self.run(*args)
            except self.failure as error:
                reason = str(getattr(error, "inner_exception", error)).strip().partition("\n")[0]
                self.reported.append(reason)
                log.warning("the network runs uncompiled: %s", reason)
        return self.plain(*args)
