// One clip: waveforms, spectrograms, strokes, and what was done to it.
const SPECTRUM = { columns: 600, bins: 48 };
const view = { clip: null, lanes: [], request: 0, drawn: "", before: false };

async function openClip(row, part) {
  const request = ++view.request;
  load([], false);
  view.drawn = "";
  setStatus(`Loading ${row.performance} through ${row.kit} ...`);
  const clip = await corpus.clip(row, part);
  if (request !== view.request) return;
  setStatus("");
  Object.assign(view, { clip, before: false, drawn: "waves" });
  buildClip(clip);
  drawWaves();
  const buffers = await corpus.sounds(clip, false);
  if (request !== view.request) return;
  load(buffers, false);
  view.play.disabled = false;
  await drawSpectra(buffers, request);
  if (request === view.request) view.drawn = "spectra";
}

function setStatus(text) {
  document.getElementById("status").textContent = text;
}

function buildClip(clip) {
  const { row } = clip;
  view.play = element("button", { class: "primary", type: "button", disabled: true, onclick: () => (player.playing ? pause() : play()) }, "Play");
  view.slider = element("input", { type: "range", min: "0", max: (clip.frames / page.sample_rate).toFixed(3), step: "0.01", value: "0", "aria-label": "Position in seconds", oninput: () => seek(Number(view.slider.value)) });
  view.time = element("span", { class: "time" });
  const spectra = element("input", { type: "checkbox", checked: true, onchange: () => view.area.classList.toggle("compact", !spectra.checked) });
  view.stroke = element("p", { id: "stroke", class: "soft" });
  view.lanes = [];
  view.area = element("div", { role: "group", "aria-label": "Stems" }, ...page.pieces.map((piece, index) => buildLane(clip, piece, index)));
  const facts = [row.kit, row.style, row.bpm === null ? null : `${Math.round(row.bpm)} BPM`, row.split, row.license, `${clip.length_s.toFixed(1)} s`, counted(row.hits, "hit")].filter(Boolean);
  document.getElementById("clip").replaceChildren(
    element("h2", {}, row.performance),
    element("ul", { class: "facts" }, ...facts.map((fact) => element("li", {}, fact)), ...row.flags.map((flag) => element("li", { class: "flag" }, flag)),
      corpus === server ? element("li", {}, element("a", { href: `kit/${encodeURIComponent(row.kit)}`, target: "_blank" }, `Page of ${row.kit}`)) : null),
    element("div", { class: "card" },
      element("div", { class: "bar" }, view.play, sourceSwitch(clip), partSwitch(clip), element("label", {}, spectra, "Spectrograms"), element("label", { class: "position" }, view.slider), view.time),
      view.area, view.stroke), ...effectTable(clip));
  player.onmove = showPosition;
  player.onstate = () => (view.play.textContent = player.playing ? "Stop" : "Play");
  player.onswitch = showSwitches;
  showPosition(0);
  showSwitches();
}

function buildLane(clip, piece, index) {
  const button = (letter, what, set) => element("button", { type: "button", "aria-pressed": "false", "aria-label": `${what} ${spoken(piece)}`, onclick: () => toggle(set, index) }, letter);
  const mute = button("M", "Mute", player.muted), solo = button("S", "Solo", player.solo);
  const wave = element("canvas", { "aria-hidden": "true" }), spectrum = element("canvas", { class: "spectrum", "aria-hidden": "true" });
  const opens = piece.startsWith("hihat");
  const strokes = clip.hits.filter((hit) => hit[1] === index).map((hit) => (opens ? hit : [...hit.slice(0, 4), null]));
  const area = element("div", { class: "wave", onclick: (event) => seek(timeAt(event, area)), onmousemove: (event) => showStroke(strokes, timeAt(event, area)) }, wave, spectrum);
  const peak = clip.peaks[index].peak_dbfs;
  const lane = element("div", { class: peak === null ? "lane silent" : "lane", style: `--piece: var(--p${index})` },
    element("div", { class: "name" }, element("span", { class: "key" }, String(index + 1)), element("span", { class: "dot" }), element("span", {}, spoken(piece), " ", element("small", {}, peak === null ? "silent" : `${peak.toFixed(0)} dB`))),
    element("div", { class: "switches" }, mute, solo), area);
  view.lanes.push({ lane, wave, spectrum, mute, solo, strokes });
  return lane;
}

function timeAt(event, area) {
  const { left, width } = area.getBoundingClientRect();
  return ((event.clientX - left) / width) * (view.clip.frames / page.sample_rate);
}

function partSwitch({ row, part, parts }) {
  if (parts === 1 || corpus === embedded) return null;
  const options = Array.from({ length: parts }, (_, number) => element("option", { value: String(number), selected: number === part }, `from ${number * page.part_s} s`));
  const select = element("select", { onchange: () => openClip(row, Number(select.value)).catch(report) }, ...options);
  return element("label", {}, "Part", select);
}

function sourceSwitch(clip) {
  if (!clip.source || corpus === embedded) return null;
  const button = element("button", { class: "plain", type: "button", "aria-pressed": "false", onclick: async () => {
    try {
      view.before = !view.before;
      const buffers = await corpus.sounds(clip, view.before);
      if (clip !== view.clip) return;
      button.setAttribute("aria-pressed", String(view.before));
      button.textContent = view.before ? "Before augmentation" : "After augmentation";
      load(buffers, true);
      await drawSpectra(buffers, view.request);
    } catch (error) { report(error); }
  } }, "After augmentation");
  return button;
}

function effectTable({ effects }) {
  if (effects.length === 0) return [];
  const written = (one) => (one.step === 0 ? `source: ${one.parent}` : Object.entries(one.parameters).map(([name, value]) => `${spoken(name)} ${typeof value === "number" ? Number(value.toPrecision(4)) : JSON.stringify(value)}`).join(", "));
  return [element("h2", {}, "Augmentations"), element("table", { class: "effects" },
    element("thead", {}, element("tr", {}, ...["Step", "Effect", "Scope", "Stem", "Parameters"].map((name) => element("th", {}, name)))),
    element("tbody", {}, ...effects.map((one) => element("tr", {}, ...[one.step, one.effect, one.scope, one.stem, written(one)].map((value) => element("td", {}, value === null ? "" : String(value)))))))];
}

function drawWaves() {
  const length = view.clip.frames / page.sample_rate;
  view.lanes.forEach(({ wave, strokes }, index) => {
    const { context, width, height } = prepare(wave);
    const { low, high } = view.clip.peaks[index];
    context.fillStyle = colourOf(index);
    const step = width / Math.max(1, low.length), half = height / 2 - 5;
    low.forEach((bottom, column) => {
      const top = height / 2 - (high[column] * half) / 100;
      context.fillRect(column * step, top, Math.max(1, step), Math.max(0.75, ((high[column] - bottom) * half) / 100));
    });
    context.fillStyle = context.strokeStyle = getComputedStyle(document.body).color;
    for (const [at, , , velocity, openness] of strokes) {
      const x = (at / length) * width;
      context.globalAlpha = 0.75;
      context.fillRect(x, height - (velocity / 127) * height, 1, (velocity / 127) * height);
      if (openness === null) continue;
      context.beginPath();
      context.arc(x + 0.5, 4, 3, 0, 2 * Math.PI);
      context.stroke();
      context.beginPath();
      context.moveTo(x + 0.5, 4);
      context.arc(x + 0.5, 4, 3, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * openness);
      context.fill();
    }
    context.globalAlpha = 1;
  });
}

// One stem after the other, so that the page answers in between.
async function drawSpectra(buffers, request) {
  for (const [index, buffer] of buffers.entries()) {
    if (request !== view.request) return;
    const length = buffer.length / page.sample_rate;
    const levels = spectrogram(buffer.getChannelData(0), length, SPECTRUM.columns, SPECTRUM.bins);
    drawSpectrogram(view.lanes[index].spectrum, levels, SPECTRUM.columns, SPECTRUM.bins, Math.max(loudest(levels), -60));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function showStroke(strokes, at) {
  const near = strokes.reduce((best, hit) => (best === null || Math.abs(hit[0] - at) < Math.abs(best[0] - at) ? hit : best), null);
  if (near === null) return;
  const [time, , articulation, velocity, openness] = near;
  view.stroke.textContent = `${(view.clip.start_s + time).toFixed(3)} s: ${spoken(articulation)}, velocity ${velocity}${openness === null ? "" : `, ${Math.round(openness * 100)}\u202f% open`}`;
}

function showPosition(at) {
  const length = view.clip.frames / page.sample_rate;
  view.area.style.setProperty("--at", Math.min(1, at / length).toFixed(4));
  view.slider.value = String(at);
  view.time.textContent = `${(view.clip.start_s + at).toFixed(1)} / ${view.clip.length_s.toFixed(1)} s`;
}

function showSwitches() {
  view.lanes.forEach(({ lane, mute, solo }, index) => {
    mute.setAttribute("aria-pressed", String(player.muted.has(index)));
    solo.setAttribute("aria-pressed", String(player.solo.has(index)));
    lane.classList.toggle("off", !isHeard(index));
  });
}
