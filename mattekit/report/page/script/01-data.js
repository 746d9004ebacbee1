// The numbers of the report: the very JSON that `--format json` gives, by metric, method and picture.
const DATA = JSON.parse(document.getElementById("data").textContent);
const METRICS = DATA.metrics;
const METHODS = DATA.methods;
const PICTURES = DATA.pictures;
const SEVERAL = METHODS.length > 1;
const ENTRIES = SEVERAL ? DATA.scores.methods : [DATA.scores];
const VALUES = readValues();

function readValues() {
  const places = new Map(PICTURES.map((picture, i) => [picture.name, i]));
  return METRICS.map(({ key }) => ENTRIES.map((entry) => {
    const values = new Array(PICTURES.length).fill(null);
    for (const image of entry.images) values[places.get(image.name)] = image[key];
    return values;
  }));
}

const state = {
  metric: 0, find: "", group: "", order: { by: SEVERAL ? "worst" : DATA.scored ? 0 : "name", reverse: false }, logarithmic: false,
};

function value(method, picture, metric = state.metric) {
  return VALUES[metric][method][picture];
}

// A number that is the lower, the better.
function cost(number, metric = state.metric) {
  return METRICS[metric].higher ? -number : number;
}

function format(number, metric = state.metric) {
  return number === null ? "-" : number.toFixed(METRICS[metric].digits).replace("-", "−");
}

function defined(picture) {
  return METHODS.map((_, method) => value(method, picture)).filter((number) => number !== null);
}

function worst(picture) {
  return Math.max(...defined(picture).map((number) => cost(number)));
}

function spread(picture) {
  const values = defined(picture);
  return values.length < 2 ? -Infinity : Math.max(...values) - Math.min(...values);
}

// Pictures that the filters let through, in the order that was chosen.
function chosen() {
  const wanted = state.find.trim().toLowerCase();
  const found = [];
  PICTURES.forEach((picture, i) => {
    if (picture.label.toLowerCase().includes(wanted) && (!state.group || picture.group === state.group)) found.push(i);
  });
  const { by, reverse } = state.order;
  if (by !== "name") {
    const keys = new Map(found.map((i) => [i, orderKey(by, i)]));
    found.sort((a, b) => keys.get(b) - keys.get(a) || a - b);
  }
  return reverse ? found.reverse() : found;
}

function orderKey(by, picture) {
  if (by === "worst") return worst(picture);
  if (by === "differing") return spread(picture);
  const number = value(by, picture);
  return number === null ? -Infinity : cost(number);
}

// Places of the best value among methods; none if all are equal.
function bestOf(values, metric = state.metric) {
  const costs = values.map((number) => (number === null ? Infinity : cost(number, metric)));
  const lowest = Math.min(...costs);
  const best = costs.flatMap((number, i) => (number === lowest && lowest < Infinity ? [i] : []));
  return best.length < values.length ? best : [];
}

function mean(values) {
  const numbers = values.filter((number) => number !== null);
  return numbers.length ? numbers.reduce((a, b) => a + b, 0) / numbers.length : null;
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
