"""Models: whatever makes an alpha of an image and a trimap, behind one interface.

A model is a classical method (`registry`), a network in a file of weights (`torch`) or in a folder for transformers
(`folder`), a network of ours in an ONNX file (`onnx`), a graph in ONNX that others exported (`graph`; `graph_rule` is
what its file may state, `adopt` writes that), or what an installed package adds through the entry-point group
`mattekit.models`. `registry` finds each by its name or file; `model` says what all have in common; `prediction` makes
alphas with one.
"""
