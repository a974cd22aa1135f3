// Decoding and the one audio context. It is made at the first click, since browsers allow no sound before.
const audio = { context: null, output: null, started: 0, sounding: null };
const decoder = new OfflineAudioContext(1, 1, page.sample_rate);
const decodedSounds = new Map();

function decode(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return decoder.decodeAudioData(bytes.buffer);
}

function soundNumber(number) {
  if (!decodedSounds.has(number)) decodedSounds.set(number, decode(page.sounds[number]));
  return decodedSounds.get(number);
}

function audioContext() {
  if (audio.context === null) {
    audio.context = new AudioContext({ sampleRate: page.sample_rate, latencyHint: "interactive" });
    audio.output = audio.context.createGain();
    audio.output.connect(audio.context.destination);
  }
  if (audio.context.state !== "running") audio.context.resume();
  return audio.context;
}

// Plays one sound; the one before is faded out, so that two can be compared.
function playOnce(buffer, gain) {
  const context = audioContext();
  const source = context.createBufferSource();
  const level = context.createGain();
  source.buffer = buffer;
  level.gain.value = gain;
  source.connect(level).connect(audio.output);
  if (audio.sounding !== null) audio.sounding.gain.setTargetAtTime(0, context.currentTime, 0.012);
  audio.sounding = level;
  source.start();
  audio.started += 1;
}
