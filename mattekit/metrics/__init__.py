"""The official matting metrics."""
