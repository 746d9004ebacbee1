"""Folders of images: who belongs to whom, and data sets made of them."""
