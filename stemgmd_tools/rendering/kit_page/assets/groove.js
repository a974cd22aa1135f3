// The groove: nine stems on one clock. All sources of a pass start at the same time of the audio context.
const LEAD_S = 0.08, AHEAD_S = 1.5;
const groove = { buffers: null, gains: [], lanes: [], passes: [], muted: new Set(), solo: new Set(), playing: false, dragging: false, timer: 0, loop: true, loop_s: page.groove.loop_s };

function buildGroove() {
  const { performances, bpm, seconds } = page.groove;
  const parts = performances.map(({ id, style }) => `${spoken(style).replace("/", ", ")} (${id})`);
  groove.button = element("button", { class: "primary", type: "button", onclick: () => (groove.playing ? stopGroove() : playGroove(Number(groove.position.value))) }, "Play");
  groove.position = element("input", { type: "range", min: "0", max: seconds.toFixed(2), step: "0.01", value: "0", "aria-label": "Position in seconds",
    onpointerdown: () => (groove.dragging = true),
    oninput: () => showPosition(Number(groove.position.value)),
    onchange: () => {
      groove.dragging = false;
      if (groove.playing) playGroove(Number(groove.position.value));
    } });
  groove.time = element("span", { class: "time" }, "");
  const loop = element("input", { type: "checkbox", checked: true, onchange: () => (groove.loop = loop.checked) });
  const lanes = page.pieces.map(buildLane);
  groove.area = element("div", { role: "group", "aria-label": "Stems" }, ...lanes);
  document.getElementById("groove").append(
    element("h2", { id: "groove-title" }, "Groove"),
    element("p", { class: "soft" }, `Three performances of the starter set at ${bpm} beats per minute: ${parts.join("; ")}. M mutes a stem, S plays it alone.`),
    element("div", { class: "card" }, element("div", { class: "bar" }, groove.button, element("label", {}, loop, "Loop"),
      element("label", { class: "position" }, groove.position), groove.time), groove.area),
  );
  showPosition(0);
}

function buildLane(piece, index) {
  const button = (letter, what, set) => {
    const node = element("button", { type: "button", "aria-pressed": "false", "aria-label": `${what} ${spoken(piece)}`, onclick: () => {
      if (!set.delete(index)) set.add(index);
      node.setAttribute("aria-pressed", String(set.has(index)));
      applyGains();
    } }, letter);
    return node;
  };
  const canvas = element("canvas", { "aria-hidden": "true" });
  const lane = element("div", { class: "lane", style: `--piece: var(--p${index})` },
    element("div", { class: "name" }, element("span", { class: "dot" }), spoken(piece)),
    element("div", { class: "switches" }, button("M", "Mute", groove.muted), button("S", "Solo", groove.solo)),
    element("div", { class: "wave" }, canvas));
  groove.lanes.push({ lane, canvas });
  return lane;
}

function isHeard(index) {
  return groove.solo.size > 0 ? groove.solo.has(index) : !groove.muted.has(index);
}

function applyGains() {
  groove.lanes.forEach(({ lane }, index) => lane.classList.toggle("off", !isHeard(index)));
  groove.gains.forEach((node, index) => {
    node.gain.cancelScheduledValues(audio.context.currentTime);
    node.gain.setTargetAtTime(isHeard(index) ? 1 : 0, audio.context.currentTime, 0.004);
  });
}

function grooveBuffers() {
  groove.buffers ??= Promise.all(page.groove.stems.map(decode));
  return groove.buffers;
}

async function playGroove(offset) {
  const context = audioContext();
  const buffers = await grooveBuffers();
  if (groove.gains.length === 0) {
    groove.gains = page.pieces.map(() => context.createGain());
    groove.gains.forEach((node) => node.connect(audio.output));
    applyGains();
  }
  silence();
  startPass(buffers, context.currentTime + LEAD_S, groove.loop ? offset % page.groove.loop_s : offset);
  if (!groove.playing) requestAnimationFrame(follow);
  groove.playing = true;
  groove.button.textContent = "Stop";
  clearInterval(groove.timer);
  groove.timer = setInterval(() => continueLoop(buffers), 200);
}

// Starts all stems at one time, in frames of the audio context.
function startPass(buffers, when, offset) {
  const sources = buffers.map((buffer, index) => {
    const source = audio.context.createBufferSource();
    source.buffer = buffer;
    source.connect(groove.gains[index]);
    source.start(when, offset);
    return source;
  });
  groove.passes.push({ sources, when, offset });
}

// Schedules the next pass before the loop's end; the last sounds of the pass before ring on below it.
function continueLoop(buffers) {
  const { when, offset } = groove.passes.at(-1);
  const next = when + page.groove.loop_s - offset;
  const left = next - audio.context.currentTime;
  if (groove.loop && left > 0 && left < AHEAD_S) startPass(buffers, next, 0);
  groove.passes = groove.passes.filter((pass) => audio.context.currentTime < pass.when + page.groove.seconds - pass.offset);
  if (groove.passes.length === 0) stopGroove();
}

function silence() {
  groove.passes.forEach((pass) => pass.sources.forEach((source) => source.stop()));
  groove.passes = [];
}

function stopGroove() {
  silence();
  clearInterval(groove.timer);
  groove.playing = false;
  groove.button.textContent = "Play";
  showPosition(0);
}

function follow() {
  if (!groove.playing) return;
  const now = audio.context.currentTime;
  const pass = groove.passes.findLast((one) => one.when <= now) ?? groove.passes[0];
  if (pass !== undefined && !groove.dragging) showPosition(Math.max(0, now - pass.when) + pass.offset);
  requestAnimationFrame(follow);
}

function showPosition(at) {
  const { seconds } = page.groove;
  groove.area.style.setProperty("--at", Math.min(1, at / seconds).toFixed(4));
  groove.position.value = String(at);
  groove.time.textContent = `${Math.min(at, seconds).toFixed(1)} / ${seconds.toFixed(1)} s`;
}

async function drawGroove() {
  const buffers = await grooveBuffers();
  groove.lanes.forEach(({ canvas }, index) => {
    const channel = buffers[index].getChannelData(0);
    const peak = channel.reduce((top, sample) => Math.max(top, Math.abs(sample)), 1e-9);
    drawWave(canvas, channel, page.groove.seconds, colourOf(index), 0.92 / peak);
  });
}
