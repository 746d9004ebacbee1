// A row of bars per method over one axis, with a line at the mean.
const BINS = 40;
const GAP = 9;

function showHistogram(pictures) {
  const host = byId("histogram");
  const metric = METRICS[state.metric];
  byId("histogram-title").textContent = `${metric.label} (${metric.unit}) of ${counted(pictures.length, "picture")}`;
  const columns = METHODS.map((_, m) => pictures.map((i) => value(m, i)).filter((number) => number !== null));
  const width = Math.max(260, host.clientWidth);
  const left = SEVERAL ? Math.min(150, width / 3) : 0;
  const height = Math.min(90, Math.max(34, 340 / METHODS.length));
  const horizontal = axis(columns.flat(), left, width);
  const { place, ticks, from, to } = horizontal;
  const bins = columns.map((numbers) => binned(numbers, (number) => (place(number) - left) / (width - left)));
  const size = { left, width, height, highest: Math.max(1, ...bins.flat()) };
  const bottom = height * METHODS.length;
  const chart = draw("svg", {
    viewBox: `0 0 ${width} ${bottom + 22}`, role: "img",
    "aria-label": `Histograms of ${metric.label}, from ${tickText(from)} to ${tickText(to)}. ${METHODS.map((name, m) =>
      `${name}: mean ${format(mean(columns[m]))}`).join("; ")}`,
  });
  for (const tick of ticks) {
    const x = place(tick);
    chart.append(draw("path", { class: "axis", d: `M${x} 0V${bottom + 4}` }),
      draw("text", { class: "quiet", x, y: bottom + 18, "text-anchor": x > width - 14 ? "end" : "middle" },
        tickText(tick)));
  }
  METHODS.forEach((name, m) => chart.append(histogramRow(name, m, columns[m], bins[m], size, horizontal)));
  host.replaceChildren(chart);
}

function histogramRow(name, m, numbers, bins, { left, width, height, highest }, { place, unscale }) {
  const base = (m + 1) * height;
  const step = (width - left) / BINS;
  const row = draw("g", {}, draw("path", { class: "axis", d: `M${left} ${base}H${width}` }));
  bins.forEach((count, i) => {
    if (!count) return;
    const tall = Math.max(1.5, (count / highest) * (height - GAP));
    const range = `${tickText(unscale(i / BINS))} to ${tickText(unscale((i + 1) / BINS))}`;
    row.append(draw("rect", {
      class: "bars", x: left + i * step, y: base - tall, width: Math.max(1, step - 1), height: tall,
    }, draw("title", {}, `${name}: ${counted(count, "picture")} from ${range}`)));
  });
  const average = mean(numbers);
  if (average !== null) row.append(draw("path", { class: "mean", d: `M${place(average)} ${base}v${GAP - height}` }));
  if (SEVERAL) {
    row.append(draw("text", { x: left - 12, y: base - height / 2 + 2, "text-anchor": "end" }, shortened(name, left / 7.2),
      draw("title", {}, name)),
      draw("text", { class: "quiet", x: left - 12, y: base - height / 2 + 15, "text-anchor": "end" }, format(average)));
  }
  return row;
}

function shortened(name, letters) {
  return name.length > letters ? `${name.slice(0, Math.max(3, letters - 1))}…` : name;
}

function binned(numbers, share) {
  const bins = new Array(BINS).fill(0);
  for (const number of numbers) bins[Math.min(BINS - 1, Math.max(0, Math.floor(share(number) * BINS)))]++;
  return bins;
}
