// How strong edges are near each pixel, 0..255: what the band brush widens around.

const REACH = 2; // pixels to which an edge counts
const STRONG = 0.97; // quantile of the gradients that becomes 255

export function edgeMap(image, width, height) {
  const light = luminance(image, width, height);
  const gradient = new Uint8Array(width * height), counts = new Uint32Array(256);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
      const across = 2 * (light[i + 1] - light[i - 1]) + light[i + 1 - width] - light[i - 1 - width] + light[i + 1 + width] - light[i - 1 + width];
      const down = 2 * (light[i + width] - light[i - width]) + light[i + width - 1] - light[i - width - 1] + light[i + width + 1] - light[i - width + 1];
      gradient[i] = Math.min(255, Math.hypot(across, down) / 4);
      counts[gradient[i]]++;
    }
  }
  return stretched(widest(widest(gradient, width, height, 1), width, height, width), counts);
}

function luminance(image, width, height) {
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data, light = new Uint8Array(width * height);
  for (let i = 0; i < light.length; i++) light[i] = (77 * pixels[4 * i] + 151 * pixels[4 * i + 1] + 28 * pixels[4 * i + 2]) >> 8;
  return light;
}

// The largest of each pixel and its neighbours along one axis, whose pixels lie `step` apart.
function widest(values, width, height, step) {
  const out = new Uint8Array(values.length);
  const last = values.length - REACH * step;
  for (let i = REACH * step; i < last; i++) {
    let most = values[i];
    for (let k = 1; k <= REACH; k++) most = Math.max(most, values[i - k * step], values[i + k * step]);
    out[i] = most;
  }
  return out;
}

function stretched(values, counts) {
  let seen = 0, strong = 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  while (strong < 255 && seen < STRONG * total) seen += counts[strong++];
  const scale = 255 / Math.max(16, strong);
  for (let i = 0; i < values.length; i++) values[i] = Math.min(255, values[i] * scale);
  return values;
}
