"""Networks compiled by torch.compile: slow at the first image, faster at all others."""

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

log = logging.getLogger("mattekit")


def compiled(network: nn.Module, backend: str | Callable = "inductor") -> nn.Module:
    """Let `encode` and `decode` be compiled when they are first called, and again when sizes begin to vary.

    Where compiling fails, as without a compiler of C++ on a CPU, one note says why and the network computes as it is.
    `backend` is torch.compile's.
    """
    torch._logging.set_logs(dynamo=logging.ERROR, inductor=logging.ERROR)  # warns of what it merely leaves as it is
    told: list[str] = []
    for name in ("encode", "decode"):
        setattr(network, name, _Compiled(getattr(network, name), backend, told))
    return network


class _Compiled:
    def __init__(self, plain: Callable, backend: str | Callable, told: list[str]):
        from torch._dynamo.exc import TorchDynamoException  # importing it takes a second, which only this is worth

        self.failure = TorchDynamoException
        self.plain, self.run, self.told = plain, torch.compile(plain, backend=backend), told

    def __call__(self, *args: Any) -> Any:
        if not self.told:
            try:
                return self.run(*args)
            except self.failure as error:
                reason = str(getattr(error, "inner_exception", error)).strip().partition("\n")[0]
                self.told.append(reason)
                log.warning("the network is not compiled, and computes as it is: %s", reason)
        return self.plain(*args)
