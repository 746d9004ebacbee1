"""From an image and a trimap to an alpha matte and the pictures made with it."""
