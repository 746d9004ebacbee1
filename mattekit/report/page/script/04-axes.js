// Axes of the charts, linear or logarithmic.
function axis(numbers, low, high) {
  const positive = numbers.filter((number) => number > 0);
  const logarithmic = state.logarithmic && positive.length > 0;
  let from = logarithmic ? Math.min(...bounds(positive)) : Math.min(0, ...bounds(numbers));
  let to = Math.max(...bounds(logarithmic ? positive : numbers));
  if (!(to > from)) to = from + (Math.abs(from) || 1);
  if (!logarithmic) to += (to - from) * 0.02; // so that nothing sits on the edge
  const scale = logarithmic ? (number) => Math.log(Math.max(number, from) / from) / Math.log(to / from)
    : (number) => (number - from) / (to - from);
  const unscale = logarithmic ? (share) => from * (to / from) ** share : (share) => from + share * (to - from);
  return {
    from, to, unscale, place: (number) => low + (high - low) * scale(number),
    ticks: logarithmic ? decades(from, to) : steps(from, to),
  };
}

// Smallest and largest, without handing thousands of numbers to one call.
function bounds(numbers) {
  let [low, high] = [Infinity, -Infinity];
  for (const number of numbers) {
    if (number < low) low = number;
    if (number > high) high = number;
  }
  return numbers.length ? [low, high] : [0];
}

function steps(from, to, wanted = 6) {
  const rough = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to * (1 + 1e-9); i++) found.push(i * step);
  return found;
}

function decades(from, to) {
  const found = [];
  const many = Math.log10(to / from) > 3;
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
    for (const factor of many ? [1] : [1, 2, 5]) {
      const tick = factor * 10 ** power;
      if (tick >= from && tick <= to) found.push(tick);
    }
  }
  return found;
}

function tickText(number) {
  return String(Number(number.toPrecision(3)));
}
