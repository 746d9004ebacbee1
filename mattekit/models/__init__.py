"""Models: whatever makes an alpha of an image and a trimap, behind one interface.

A model is a classical method (`registry`), a network in a file of weights (`torch`), a network in an ONNX file
(`onnx`), or what an installed package adds through the entry-point group `mattekit.models`. `registry` finds each by
its name or file; `model` says what all have in common; `prediction` makes alphas with one.
"""
