"""Progress of a run as a set of callbacks, which a command shows; a test or a script need not."""

from collections.abc import Mapping
from typing import Any, Protocol


class Display(Protocol):
    """Callbacks of the first process of a run; a context manager that is entered for as long as the run."""

    def __enter__(self) -> "Display": ...

    def __exit__(self, *_: object) -> None: ...

    def begun(self, name: str, steps: int, *, done: int, where: str) -> None:
        """The run of a recipe to `steps` steps, of which `done` are behind it; where: device and precision."""
        ...

    def learnt(self, step: int, loss: float) -> None:
        """A step was taken."""
        ...

    def logged(self, record: Mapping[str, Any]) -> None:
        """A record was written to the logs."""
        ...


class Silent:
    """Shows nothing."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begun(self, name: str, steps: int, *, done: int, where: str) -> None:
        """See `Display`."""

    def learnt(self, step: int, loss: float) -> None:
        """See `Display`."""

    def logged(self, record: Mapping[str, Any]) -> None:
        """See `Display`."""
