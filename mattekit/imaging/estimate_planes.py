"""Planes of classical estimates of alpha behind a network's image and trimap: `baselines` fills them, networks read.

COARSE names those of the default weights, in the order that they were trained with.
"""

COARSE_ESTIMATES = (
    "blend",  # of the next four, the best of all
    "shared",  # shared matting at full size
    "shared 1/2",  # from colours sampled on a picture half as high
    "shared 1/4",
    "closed-form",
    "shared, linear light",
    "shared 1/4, linear light",
)
COARSE_CUES = ("separation", "misfit", "separation 1/4", "misfit 1/4")  # of the sampled colours
COARSE_BLENDED = slice(1, 5)  # estimates that the blend is made of
