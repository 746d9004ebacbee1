"""Image matting: alpha mattes from an image and a trimap, cut-outs, data sets, training and exact scores."""

__version__ = "0.1.0"
