"""Leaving torchrun, which ends all ranks as soon as one reports a failure: the ones with failed items leave last."""

import os
import time

from mattekit.cli import console


def leave(*, failed: bool) -> None:
    """Tell torchrun's store that this rank is done; if items `failed`, wait there for all others.

    Ranks of other launchers, and of a torchrun without a store, just leave.
    """
    from mattekit import ranks

    rank = ranks.here()
    if rank.count == 1 or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    from torch.distributed import TCPStore

    keys = [f"mattekit/{os.environ.get('TORCHELASTIC_RESTART_COUNT')}/{i}" for i in range(rank.count)]
    try:
        store = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
        store.set(keys[rank.index], "done")
        # Polled, as SIGTERM must find this process in Python: torchrun sends it when a rank was killed.
        while failed and not store.check(keys):
            time.sleep(0.2)
    except (RuntimeError, KeyError, ValueError) as error:
        console.logger.info("torchrun's store does not answer (%s); this rank leaves at once.", error)
