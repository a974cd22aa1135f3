// Nine stems on one clock: all sources start at the same time of the one audio context.
const LEAD_S = 0.06;
const player = { buffers: [], gains: [], sources: [], when: 0, offset: 0, playing: false, muted: new Set(), solo: new Set(), onmove: null, onstate: null, onswitch: null };

function isHeard(index) {
  return player.solo.size > 0 ? player.solo.has(index) : !player.muted.has(index);
}

function toggle(set, index) {
  if (!set.delete(index)) set.add(index);
  applyGains();
}

function applyGains() {
  player.gains.forEach((node, index) => {
    node.gain.cancelScheduledValues(audio.context.currentTime);
    node.gain.setTargetAtTime(isHeard(index) ? 1 : 0, audio.context.currentTime, 0.004);
  });
  player.onswitch?.();
}

function seconds() {
  return player.buffers.length === 0 ? 0 : player.buffers[0].length / page.sample_rate;
}

function position() {
  return player.playing ? Math.min(seconds(), player.offset + Math.max(0, audio.context.currentTime - player.when)) : player.offset;
}

function play() {
  if (player.buffers.length === 0) return;
  const context = audioContext();
  if (player.gains.length === 0) {
    player.gains = page.pieces.map(() => context.createGain());
    player.gains.forEach((node) => node.connect(audio.output));
    applyGains();
  }
  if (player.offset >= seconds() - 0.01) player.offset = 0;
  player.when = context.currentTime + LEAD_S;
  player.sources = player.buffers.map((buffer, index) => {
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(player.gains[index]);
    source.start(player.when, player.offset);
    return source;
  });
  player.playing = true;
  player.onstate?.();
  requestAnimationFrame(follow);
}

function pause() {
  player.offset = position();
  player.sources.forEach((source) => source.stop());
  player.sources = [];
  player.playing = false;
  player.onstate?.();
}

function seek(at) {
  const resume = player.playing;
  if (resume) pause();
  player.offset = Math.min(Math.max(0, at), Math.max(0, seconds()));
  player.onmove?.(player.offset);
  if (resume) play();
}

function follow() {
  if (!player.playing) return;
  const at = position();
  player.onmove?.(at);
  if (at >= seconds()) {
    pause();
    seek(0);
  } else requestAnimationFrame(follow);
}

function load(buffers, keepPosition) {
  const at = position(), resume = player.playing;
  if (player.playing) pause();
  player.buffers = buffers;
  seek(keepPosition ? at : 0);
  if (keepPosition && resume) play();
}
