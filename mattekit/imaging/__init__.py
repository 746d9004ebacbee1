"""Images as arrays: files, compositing, trimaps and foreground colours. NumPy and OpenCV, no torch."""
