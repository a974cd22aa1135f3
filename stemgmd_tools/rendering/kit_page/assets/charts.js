// Loudness and brightness over velocity, with the boundaries of the layers.
const CHART = { width: 320, left: 34, right: 8, top: 14, loud: 100, gap: 16, bright: 92, bottom: 18 };
const BRIGHT_HZ = [125, 500, 2000, 8000];
const LEAST_HZ = 60, MOST_HZ = 16000;
const SOFT_VELOCITY = 8; // The scale of levels begins at its level; softer strokes may lie below.

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function hertz(value) {
  return value < 1000 ? `${Math.round(value)} Hz` : `${(value / 1000).toFixed(1)} kHz`;
}

function buildCharts() {
  const own = page.articulations.filter((articulation) => articulation.borrowed === null);
  const top = Math.ceil(Math.max(...own.map((one) => one.levels_db.at(-1))) / 10) * 10;
  const soft = Math.min(...own.map((one) => one.levels_db[SOFT_VELOCITY - 1]));
  const low = Math.max(top - 90, Math.floor(soft / 10) * 10);
  const charts = own.map((articulation) => chart(articulation, low, top));
  document.getElementById("dynamics").append(
    element("h2", { id: "dynamics-title" }, "Loudness and brightness over velocity"),
    element("p", { class: "soft" }, "Above: mean level after the attack in dB. Below: spectral centroid of the first 0.1 s, a dot for each take. Dashed lines are layer boundaries. " +
      "All charts have the same scales; articulations that borrow the sounds of others are left out."),
    element("div", { class: "charts" }, ...charts),
  );
}

function chart(articulation, lowDb, highDb) {
  const { width, left, right, top, loud, gap, bright, bottom } = CHART;
  const base = top + loud, floor = base + gap + bright, height = floor + bottom;
  const x = (velocity) => left + ((velocity - 1) / 126) * (width - left - right);
  const y = (level) => top + (1 - (Math.max(lowDb, level) - lowDb) / (highDb - lowDb)) * loud;
  const z = (value) => floor - (Math.log(Math.min(MOST_HZ, Math.max(LEAST_HZ, value)) / LEAST_HZ) / Math.log(MOST_HZ / LEAST_HZ)) * bright;
  const parts = [];
  const text = (at, high, content, anchor = "end") => parts.push(svg("text", { x: at, y: high, "text-anchor": anchor }, content));
  const across = (high) => parts.push(svg("line", { class: "axis", x1: left, x2: width - right, y1: high, y2: high }));
  text(width - right, top - 4, "dB");
  text(width - right, base + gap - 4, "Hz");
  for (let level = highDb; level >= lowDb; level -= 20) { across(y(level)); text(left - 5, y(level) + 3.5, String(level)); }
  for (const value of BRIGHT_HZ) { across(z(value)); text(left - 5, z(value) + 3.5, value < 1000 ? String(value) : `${value / 1000}k`); }
  for (const velocity of [1, 32, 64, 96, 127]) text(x(velocity), height - 4, String(velocity), velocity === 127 ? "end" : velocity === 1 ? "start" : "middle");
  const layers = articulation.layers.filter((layer) => layer.high > 0);
  for (const layer of layers.slice(1)) {
    const at = x(layer.low - 0.5);
    parts.push(svg("line", { class: "bound", x1: at, x2: at, y1: top, y2: floor }));
  }
  parts.push(svg("polyline", { class: "curve", points: curvePoints(articulation, lowDb, x, y) }));
  for (const layer of layers) {
    const high = z(mean(layer.takes_hz)), middle = (x(layer.low) + x(layer.high)) / 2;
    parts.push(svg("line", { class: "curve", x1: x(layer.low - 0.5), x2: x(layer.high + 0.5), y1: high, y2: high }));
    layer.takes_hz.forEach((value, take) => parts.push(svg("circle", { class: "take", cx: middle + (take - (layer.takes_hz.length - 1) / 2) * 4, cy: z(value), r: 1.8 })));
  }
  return element("figure", { class: "card", style: `--piece: var(--p${articulation.piece})` },
    element("figcaption", {}, element("span", { class: "dot" }), element("span", {}, shortTitleOf(articulation)), element("span", {}, noteOf(articulation))),
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": described(articulation, layers) }, ...parts));
}

function curvePoints(articulation, lowDb, x, y) {
  const points = articulation.levels_db.map((level, index) => (level < lowDb ? null : `${x(index + 1).toFixed(1)},${y(level).toFixed(1)}`));
  return points.filter((point) => point !== null).join(" ");
}

function described(articulation, layers) {
  const rise = articulation.levels_db.at(-1) - articulation.levels_db[0];
  const [soft, hard] = [layers[0], layers.at(-1)].map((layer) => hertz(mean(layer.takes_hz)));
  return `${titleOf(articulation)}: ${counted(layers.length, "layer")}; ${rise.toFixed(0)} dB louder at velocity 127 than at 1; brightness ${soft} in the softest layer, ${hard} in the hardest`;
}
