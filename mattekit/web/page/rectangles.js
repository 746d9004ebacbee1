// Rectangles { x, y, width, height } in pixels of the picture; null is none.

export function join(one, other) {
  if (!one || !other) return one || other;
  const x = Math.min(one.x, other.x), y = Math.min(one.y, other.y);
  return {
    x, y,
    width: Math.max(one.x + one.width, other.x + other.width) - x,
    height: Math.max(one.y + one.height, other.y + other.height) - y,
  };
}

export function around(x, y, radius, picture) {
  const left = Math.max(0, Math.floor(x - radius)), top = Math.max(0, Math.floor(y - radius));
  const right = Math.min(picture.width, Math.ceil(x + radius) + 1), bottom = Math.min(picture.height, Math.ceil(y + radius) + 1);
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

export const whole = (picture) => ({ x: 0, y: 0, width: picture.width, height: picture.height });

// The bytes of a rectangle of a picture that has one byte for each pixel, and the way back.
export function cut(bytes, stride, { x, y, width, height }) {
  const part = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * stride + x;
    part.set(bytes.subarray(start, start + width), row * width);
  }
  return part;
}

export function paste(bytes, stride, { x, y, width, height }, part) {
  for (let row = 0; row < height; row++) bytes.set(part.subarray(row * width, (row + 1) * width), (y + row) * stride + x);
}
