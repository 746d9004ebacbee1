// Requests to the server. A patch is { x, y, width, height, pixels (straight RGBA), order }.

export class Refused extends Error {
  constructor(status, message, wait) {
    super(message);
    Object.assign(this, { status, wait });
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(0, "The server does not answer; strokes are sent again until it does.");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.error || `${answer.status} ${answer.statusText}`, Number(answer.headers.get("retry-after")));
}

const json = async (path, options) => (await ask(path, options)).json();

async function patch(path, options) {
  const answer = await ask(path, options);
  if (answer.status === 204) return null;
  const [x, y, width, height] = answer.headers.get("x-window").split(",").map(Number);
  const pixels = new Uint8ClampedArray(await answer.arrayBuffer());
  return { x, y, width, height, pixels, order: Number(answer.headers.get("x-order")) };
}

export const list = () => json("/paint/pictures");

export function upload(file) {
  const body = new FormData();
  body.set("name", file.name);
  body.set("image", file);
  return json("/paint/pictures", { method: "POST", body });
}

export function picture(id) {
  const base = `/paint/pictures/${encodeURIComponent(id)}`;
  const post = (body) => ({ method: "POST", body });
  return {
    about: () => json(base),
    image: async () => createImageBitmap(await (await ask(`${base}/image`)).blob(), { colorSpaceConversion: "none" }),
    levels: async () => new Uint8Array(await (await ask(`${base}/levels`)).arrayBuffer()),
    result: () => patch(`${base}/result`),
    stroke: ({ x, y, width, height }, levels) => patch(`${base}/strokes?x=${x}&y=${y}&width=${width}&height=${height}`, post(levels)),
    refine: () => patch(`${base}/refine`, post()),
    finish: () => patch(`${base}/finish`, post()),
    saved: () => json(`${base}/saved`),
    start: async (form) => new Uint8Array(await (await ask(`${base}/start`, post(form))).arrayBuffer()),
    download: async (kind, format) => {
      const answer = await ask(`${base}/download/${kind}?format=${format}`);
      const name = decodeURIComponent((answer.headers.get("content-disposition") || "").split("''")[1] || kind);
      return { name, blob: await answer.blob() };
    },
  };
}
