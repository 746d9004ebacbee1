"""Matting over HTTP: an API, and a page on which trimaps are painted while the alpha follows.

Arrays and sessions (`painting`, `album`, `uploads`, `requested`) know nothing of HTTP; `*_routes` know nothing of
matting.
"""
