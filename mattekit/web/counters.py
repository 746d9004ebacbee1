"""Counters of a server as text that Prometheus reads (exposition format 0.0.4)."""

import threading
from collections import Counter

BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)  # seconds
HELP = {
    "mattekit_requests_total": ("counter", "Answered requests by path and status."),
    "mattekit_pixels_total": ("counter", "Pixels of the images that were matted."),
    "mattekit_left_total": ("counter", "Requests whose client left before the answer."),
    "mattekit_waiting": ("gauge", "Requests in the queue."),
    "mattekit_running": ("gauge", "Requests that are worked on."),
    "mattekit_held_bytes": ("gauge", "Bytes that requests hold."),
    "mattekit_pictures": ("gauge", "Pictures that are open for painting."),
    "mattekit_seconds": ("histogram", "Seconds from a request to its answer, by path."),
}


class Counters:
    """Counts since the start of the server; may be changed from several threads."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter of HELP, with labels."""
        with self._lock:
            self._counts[name, tuple(labels.items())] += amount

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count an answer to a request of a path (a route's pattern), and its time."""
        self.add("mattekit_requests_total", path=path, status=str(status))
        for bound in BUCKETS:
            self.add("mattekit_seconds_bucket", int(seconds <= bound), path=path, le=f"{bound:g}")
        self.add("mattekit_seconds_bucket", path=path, le="+Inf")
        self.add("mattekit_seconds_sum", seconds, path=path)
        self.add("mattekit_seconds_count", path=path)

    def text(self, **gauges: float) -> str:
        """Return all counts, and gauges by their names without the prefix "mattekit_"."""
        with self._lock:
            counts = dict(self._counts)
        counts |= {(f"mattekit_{name}", ()): value for name, value in gauges.items()}
        lines = []
        for family, (kind, told) in HELP.items():
            lines += [f"# HELP {family} {told}", f"# TYPE {family} {kind}"]
            members = {family} if kind != "histogram" else {f"{family}_{part}" for part in ("bucket", "sum", "count")}
            lines += [_line(name, labels, value) for (name, labels), value in counts.items() if name in members]
        return "\n".join(lines) + "\n"


def _line(name: str, labels: tuple[tuple[str, str], ...], value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{shown}}} {value:.12g}" if shown else f"{name} {value:.12g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
