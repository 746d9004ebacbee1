// Pixels of a picture, and the layers that are drawn of them.
const packs = new Map();
const arrivals = new Map();
const KEPT = 3;

window.mattekitPicture = (picture, pack) => arrivals.get(picture)?.(pack);

// The pack of a picture with its pixels decoded; the last few stay in memory.
function loaded(picture) {
  const found = packs.get(picture) ?? fetchPack(picture).then(decoded);
  packs.delete(picture);
  packs.set(picture, found);
  found.catch(() => packs.delete(picture));
  for (const old of packs.keys()) if (packs.size > KEPT) packs.delete(old);
  return found;
}

function fetchPack(picture) {
  if (DATA.folder === null) return Promise.resolve(JSON.parse(byId(`picture-${picture}`).textContent));
  // A script, since pages that are opened as files may not fetch others.
  return new Promise((resolve, reject) => {
    const script = make("script", { src: `${DATA.folder}/${picture}.js` });
    const done = (finish) => (given) => {
      script.remove();
      arrivals.delete(picture);
      finish(given);
    };
    arrivals.set(picture, done(resolve));
    script.addEventListener("error", done(() => reject(new Error(`${script.src} is missing`))));
    document.head.append(script);
  });
}

async function decoded(pack) {
  const names = ["truth", "trimap", "image", "colours"].filter((name) => pack[name]);
  const bitmaps = await Promise.all(names.map((name) => bitmap(pack[name])));
  const pixels = Object.fromEntries(names.map((name, i) => [name, bitmaps[i]]));
  const alphas = await Promise.all(Object.values(pack.alphas).map(bitmap));
  const { width, height } = pixels.truth ?? alphas[0];
  const found = { width, height, layers: new Map(), truth: pixels.truth && grey(pixels.truth), alphas: [] };
  Object.keys(pack.alphas).forEach((method, i) => { found.alphas[method] = grey(alphas[i]); });
  if (pixels.trimap) found.trimap = grey(pixels.trimap);
  if (pixels.image) Object.assign(found, { image: data(pixels.image, width, height) },
    { front: front(pixels, found.truth ?? found.alphas[0], width, height) });
  return found;
}

function bitmap(address) {
  const [head, body] = address.split(",");
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  const blob = new Blob([bytes], { type: head.slice(5, head.indexOf(";")) });
  return createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

function data(source, width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function grey(source) {
  const rgba = data(source, source.width, source.height).data;
  const levels = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < levels.length; i++) levels[i] = rgba[4 * i];
  return levels;
}

// Colours in front: the estimated ones where the alpha, the true one if known, is between 0 and 1; else the image's.
function front({ image, colours }, alpha, width, height) {
  const pixels = data(image, width, height);
  const estimated = data(colours, width, height).data;
  for (let i = 0; i < alpha.length; i++) {
    if (alpha[i] === 0 || alpha[i] === 255) continue;
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = estimated[4 * i + c];
  }
  return pixels;
}

// Colours of the differences -255..255 of alphas, when `largest` has the outermost colour.
function errorColours(largest) {
  const stops = DATA.stops;
  const table = new Uint8ClampedArray(511 * 3);
  for (let i = 0; i < 511; i++) {
    const place = Math.min(1, Math.max(0, ((i - 255) / 255 / largest + 1) / 2)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(place));
    for (let c = 0; c < 3; c++) table[3 * i + c] = stops[low][c] + (stops[low + 1][c] - stops[low][c]) * (place - low);
  }
  return table;
}

// A canvas of one layer: "image", "trimap", "truth", or "alpha", "error" and "composite" of a method (-1: the truth).
function layer(pack, kind, method, largest) {
  const key = `${kind} ${method} ${kind === "error" ? largest : ""}`;
  if (!pack.layers.has(key)) {
    const canvas = new OffscreenCanvas(pack.width, pack.height);
    const pixels = layerPixels(pack, kind, method, largest);
    if (pixels) canvas.getContext("2d").putImageData(pixels, 0, 0);
    pack.layers.set(key, pixels && canvas);
  }
  return pack.layers.get(key);
}

function alphaOf(pack, method) {
  return method < 0 ? pack.truth : pack.alphas[method];
}

function layerPixels(pack, kind, method, largest) {
  if (kind === "image") return pack.image;
  const levels = kind === "trimap" ? pack.trimap : alphaOf(pack, kind === "truth" ? -1 : method);
  if (!levels || (kind === "composite" && !pack.front) || (kind === "error" && !pack.truth)) return null;
  const pixels = kind === "composite" ? new ImageData(pack.front.data.slice(), pack.width)
    : new ImageData(pack.width, pack.height);
  const out = pixels.data;
  const table = kind === "error" ? errorColours(largest) : null;
  for (let i = 0, p = 0; i < levels.length; i++, p += 4) {
    if (kind === "composite") {
      out[p + 3] = levels[i];
      continue;
    }
    const at = table ? 3 * (levels[i] - pack.truth[i] + 255) : 0;
    for (let c = 0; c < 3; c++) out[p + c] = table ? table[at + c] : levels[i];
    out[p + 3] = 255;
  }
  return pixels;
}

// What a layer holds at a pixel, in words.
function reading(pack, kind, method, x, y) {
  const i = y * pack.width + x;
  if (kind === "image") return [0, 1, 2].map((c) => pack.image.data[4 * i + c]).join(" ");
  if (kind === "trimap") return String(pack.trimap[i]);
  const alpha = alphaOf(pack, kind === "truth" ? -1 : method)?.[i];
  if (alpha === undefined) return "";
  if (kind !== "error") return (alpha / 255).toFixed(3);
  const error = (alpha - pack.truth[i]) / 255;
  return `${error > 0 ? "+" : error < 0 ? "−" : ""}${Math.abs(error).toFixed(3)}`;
}
