"""Inference: an alpha matte, and the pictures made with it, from an image and a trimap."""
