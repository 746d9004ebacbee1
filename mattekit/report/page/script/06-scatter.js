// A dot per picture: two methods by one metric, or two metrics of the only method.
const sides = SEVERAL ? [0, 1] : [0, Math.min(1, METRICS.length - 1)];

function scatterChoices() {
  const names = (SEVERAL ? METHODS : METRICS.map(({ label }) => label)).map((label, i) => [i, label]);
  const selects = ["across", "up"].map((label, side) => {
    const select = make("select", { "aria-label": `Scatter, ${label}`, onchange: () => {
      sides[side] = Number(select.value);
      showScatter(chosen());
    } });
    options(select, names, sides[side]);
    return select;
  });
  byId("scatter-title").replaceChildren(selects[1], " against ", selects[0]);
  if (names.length < 2) byId("scatter-figure").hidden = true;
}

function showScatter(pictures) {
  const host = byId("scatter");
  if (byId("scatter-figure").hidden) return;
  const [across, up] = sides.map((side) => (i) => (SEVERAL ? value(side, i) : value(0, i, side)));
  const points = pictures.map((i) => [across(i), up(i), i]).filter(([x, y]) => x !== null && y !== null);
  const size = Math.max(240, Math.min(host.clientWidth, 420));
  const [left, bottom] = [38, size - 24];
  const both = SEVERAL ? points.flatMap(([x, y]) => [x, y]) : null;
  const x = axis(both ?? points.map((point) => point[0]), left, size - 4);
  const y = axis(both ?? points.map((point) => point[1]), bottom, 4);
  const placed = points.map(([a, b, i]) => [x.place(a), y.place(b), i]);
  const chart = draw("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": scatterLabel(points) });
  chart.style.maxWidth = `${size}px`;
  for (const tick of x.ticks) chart.append(draw("path", { class: "axis", d: `M${x.place(tick)} 4V${bottom}` }),
    draw("text", { class: "quiet", x: x.place(tick), y: bottom + 15, "text-anchor": "middle" }, tickText(tick)));
  for (const tick of y.ticks) chart.append(draw("path", { class: "axis", d: `M${left} ${y.place(tick)}H${size - 4}` }),
    draw("text", { class: "quiet", x: left - 5, y: y.place(tick) + 4, "text-anchor": "end" }, tickText(tick)));
  if (SEVERAL) chart.append(draw("path", { class: "diagonal", d: `M${left} ${bottom}L${size - 4} 4` }));
  const dots = placed.map(([px, py]) => `M${px.toFixed(1)} ${py.toFixed(1)}h0`).join("");
  chart.append(draw("path", { class: "dots", "stroke-width": points.length > 2000 ? 2.5 : points.length > 300 ? 4 : 6, d: dots }));
  nearest(chart, placed, size);
  host.replaceChildren(chart, make("p", { class: "note" }, scatterLabel(points)));
}

function scatterLabel(points) {
  if (!SEVERAL) return `${METRICS[sides[1]].label} against ${METRICS[sides[0]].label}. A dot opens its picture.`;
  const better = points.filter(([a, b]) => cost(b) < cost(a)).length;
  const equal = points.filter(([a, b]) => a === b).length;
  const ties = equal ? `, as good in ${equal.toLocaleString("en")}` : "";
  return `${METHODS[sides[1]]} is better in ${better.toLocaleString("en")} of ${counted(points.length, "picture")}${ties}: `
    + `dots ${METRICS[state.metric].higher ? "above" : "below"} the line. A dot opens its picture.`;
}

// Marks and names the dot nearest to the pointer, and opens its picture at a click.
function nearest(chart, placed, size) {
  const ring = draw("circle", { class: "near", r: 5, visibility: "hidden" });
  const label = draw("text", { class: "label", visibility: "hidden" });
  chart.append(ring, label);
  let found = null;
  const seek = (event) => {
    const box = chart.getBoundingClientRect();
    const [px, py] = [((event.clientX - box.left) * size) / box.width, ((event.clientY - box.top) * size) / box.height];
    let closest = 15 ** 2;
    found = null;
    for (const dot of placed) {
      const distance = (dot[0] - px) ** 2 + (dot[1] - py) ** 2;
      if (distance < closest) [closest, found] = [distance, dot];
    }
    for (const mark of [ring, label]) mark.setAttribute("visibility", found ? "visible" : "hidden");
    if (!found) return;
    fill(ring, { cx: found[0], cy: found[1] }, []);
    const end = found[0] > size / 2;
    fill(label, { x: found[0] + (end ? -9 : 9), y: found[1] - 7, "text-anchor": end ? "end" : "start" }, []);
    label.textContent = PICTURES[found[2]].label;
  };
  chart.addEventListener("pointermove", seek);
  chart.addEventListener("pointerleave", () => [ring, label].forEach((mark) => mark.setAttribute("visibility", "hidden")));
  chart.addEventListener("click", (event) => {
    seek(event);
    if (found) openPicture(found[2]);
  });
}
