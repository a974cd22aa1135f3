// The table of cells: articulation by velocity, and the large picture of the last one that was played.
const COLUMNS = 56, BINS = 40;
const sounds = { rows: [], shown: { row: 1, column: 7 }, equal: false };

function buildSounds() {
  const equal = element("input", { type: "checkbox", id: "equal", onchange: () => (sounds.equal = equal.checked) });
  const heads = page.velocities.map((velocity) => element("div", { role: "columnheader" }, String(velocity)));
  const head = element("div", { class: "row head", role: "row" }, element("div", { role: "columnheader" }, "velocity"), ...heads);
  const grid = element("div", { class: "grid card", role: "grid", "aria-label": "Sounds by articulation and velocity" }, head);
  page.articulations.forEach((articulation, row) => grid.append(buildRow(articulation, row)));
  grid.addEventListener("keydown", moveFocus);
  document.getElementById("sounds").append(
    element("h2", { id: "sounds-title" }, "Sounds"),
    element("p", { class: "soft" }, "Click a cell, or move with ", element("kbd", {}, "arrow keys"), " and play with ", element("kbd", {}, "Enter"),
      ". L is the velocity layer; a coloured edge marks where a layer begins. Long sounds are faded out after three seconds; cells are mono."),
    element("div", { class: "bar" }, element("label", {}, equal, "Play all velocities equally loud")),
    element("div", { class: "sounds" }, grid, buildDetail()),
  );
  sounds.rows[0].cells[0].tabIndex = 0;
}

function buildRow(articulation, row) {
  const title = titleOf(articulation);
  const layers = articulation.layers.length;
  const cells = articulation.cells.map((cell, column) => {
    const edge = column > 0 && articulation.cells[column - 1].layer !== cell.layer;
    const label = `${title}, velocity ${page.velocities[column]}, layer ${cell.layer + 1} of ${layers}`;
    return element("button", { class: edge ? "cell edge" : "cell", type: "button", tabindex: "-1", "aria-label": label, "data-row": row, "data-column": column,
      onclick: () => playCell(row, column) }, element("canvas", { "aria-hidden": "true" }), element("i", { "aria-hidden": "true" }, `L${cell.layer + 1}`));
  });
  sounds.rows.push({ articulation, cells });
  const heading = element("div", { class: "title", role: "rowheader" }, element("span", { class: "dot" }),
    element("span", {}, element("strong", {}, shortTitleOf(articulation)), element("small", {}, noteOf(articulation))));
  const begins = row > 0 && page.articulations[row - 1].piece !== articulation.piece;
  return element("div", { class: begins ? "row begins" : "row", role: "row", style: `--piece: var(--p${articulation.piece})` }, heading,
    ...cells.map((cell) => element("div", { role: "gridcell", style: "display:grid" }, cell)));
}

function buildDetail() {
  sounds.heading = element("h3", {}, "");
  sounds.facts = element("p", { class: "soft", "aria-live": "polite" }, "");
  sounds.wave = element("canvas");
  sounds.picture = element("canvas", { role: "img", "aria-label": "Spectrogram of the shown sound" });
  sounds.end = element("span", {}, "");
  const mark = (hertz, name) => {
    const top = 100 - (100 * Math.log(hertz / LOWEST_HZ)) / Math.log(HIGHEST_HZ / LOWEST_HZ);
    return element("span", { style: `top: ${top}%` }, name);
  };
  return element("aside", { class: "card detail", "aria-label": "The shown sound" }, sounds.heading, sounds.facts,
    element("div", { class: "plot low" }, sounds.wave),
    element("div", { class: "plot" }, sounds.picture, mark(100, "100 Hz"), mark(1000, "1 kHz"), mark(10000, "10 kHz")),
    element("div", { class: "scale" }, element("span", {}, "0 s"), sounds.end));
}

function moveFocus(event) {
  const at = event.target.closest(".cell");
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -99], End: [0, 99], PageUp: [-99, 0], PageDown: [99, 0] };
  const move = moves[event.key];
  if (at === null || move === undefined) return;
  event.preventDefault();
  const clamp = (value, count) => Math.min(count - 1, Math.max(0, value));
  const row = clamp(Number(at.dataset.row) + move[0], sounds.rows.length);
  const column = clamp(Number(at.dataset.column) + move[1], page.velocities.length);
  focusCell(row, column);
}

function focusCell(row, column) {
  document.querySelectorAll('.cell[tabindex="0"]').forEach((cell) => (cell.tabIndex = -1));
  const cell = sounds.rows[row].cells[column];
  cell.tabIndex = 0;
  cell.focus();
}

async function playCell(row, column) {
  audioContext();
  focusCell(row, column);
  const { articulation, cells } = sounds.rows[row];
  const { sound, gain } = articulation.cells[column];
  const buffer = await soundNumber(sound);
  playOnce(buffer, sounds.equal ? equalGain(articulation, column, buffer) : gain);
  const cell = cells[column];
  cell.classList.remove("playing");
  cell.style.setProperty("--seconds", `${buffer.duration}s`);
  void cell.offsetWidth; // restarts the animation
  cell.classList.add("playing");
  cell.addEventListener("animationend", () => cell.classList.remove("playing"), { once: true });
  sounds.shown = { row, column };
  await showDetail();
}

// Returns the gain that lifts a cell to the level of the loudest velocity, as far as it does not clip.
function equalGain(articulation, column, buffer) {
  const level = (velocity) => articulation.levels_db[velocity - 1];
  const lift = 10 ** ((level(page.velocities.at(-1)) - level(page.velocities[column])) / 20);
  const peak = buffer.getChannelData(0).reduce((top, sample) => Math.max(top, Math.abs(sample)), 1e-9);
  return Math.min(articulation.cells[column].gain * lift, 1 / peak);
}

async function showDetail() {
  const { row, column } = sounds.shown;
  const { articulation } = sounds.rows[row];
  const { sound, layer } = articulation.cells[column];
  const buffer = await soundNumber(sound);
  const samples = buffer.getChannelData(0);
  const velocity = page.velocities[column];
  const seconds = Math.max(0.25, buffer.duration);
  const brightness = mean(articulation.layers[layer].takes_hz);
  sounds.heading.textContent = `${titleOf(articulation)}, velocity ${velocity}`;
  sounds.facts.textContent = `layer ${layer + 1} of ${articulation.layers.length}, take 1 of ${articulation.layers[layer].takes_hz.length}; ` +
    `${articulation.levels_db[velocity - 1].toFixed(1)} dB, brightness ${hertz(brightness)}`;
  sounds.end.textContent = `${seconds.toFixed(2)} s`;
  const peak = samples.reduce((top, sample) => Math.max(top, Math.abs(sample)), 1e-9);
  drawWave(sounds.wave, samples, seconds, colourOf(articulation.piece), 0.95 / peak);
  const levels = spectrogram(samples, seconds, 320, 120);
  drawSpectrogram(sounds.picture, levels, 320, 120, loudest(levels));
}

// Draws the thumbnails of a row, all of them over the time of the longest and down from the level of the loudest.
async function drawRow({ articulation, cells }) {
  const buffers = await Promise.all(articulation.cells.map((cell) => soundNumber(cell.sound)));
  const seconds = Math.max(0.15, ...buffers.map((buffer) => buffer.duration));
  const spectra = buffers.map((buffer) => spectrogram(buffer.getChannelData(0), seconds, COLUMNS, BINS));
  const levels = articulation.cells.map((cell, column) => 20 * Math.log10(cell.gain + 1e-12) + loudest(spectra[column]));
  const top = Math.max(...levels);
  cells.forEach((cell, column) => {
    const gainDb = 20 * Math.log10(articulation.cells[column].gain + 1e-12);
    drawSpectrogram(cell.querySelector("canvas"), spectra[column], COLUMNS, BINS, top - gainDb);
  });
}

async function drawSounds() {
  for (const row of sounds.rows) {
    await drawRow(row);
    await new Promise((resume) => setTimeout(resume));
  }
  await showDetail();
}
