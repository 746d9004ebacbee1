"""Sources of samples: sets of foregrounds with alpha, or of finished composites, with weights and backgrounds.

sources = open_sources(["AIM/", "fur/=0.5", "synthetic"], backgrounds=[Path("coco/")])
sample = sources.draw(rng)      # a foreground and its alpha, a background, and `draw` for another foreground
"""

from mattekit.samples.sources.opening import open_sources
from mattekit.samples.sources.source import Source, Sources

__all__ = ["Source", "Sources", "open_sources"]
