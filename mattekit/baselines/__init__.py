"""Classical methods, most of them pymatting's: alphas from (image, trimap), foregrounds from (image, alpha)."""
