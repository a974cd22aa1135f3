// Short-time spectra on a logarithmic frequency axis, drawn on canvases.
const LOWEST_HZ = 40;
const HIGHEST_HZ = 18000;
const WINDOW = 1024;
const RANGE_DB = 78;
const hann = Float32Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW));
const darkTheme = matchMedia("(prefers-color-scheme: dark)");
// Colours from silence to the loudest part, red, green and blue.
const RAMPS = {
  dark: [[16, 18, 22], [38, 20, 66], [98, 28, 104], [176, 50, 84], [240, 112, 48], [253, 190, 74], [255, 250, 205]],
  light: [[239, 237, 232], [214, 216, 230], [165, 178, 220], [110, 128, 200], [94, 74, 164], [84, 28, 108], [36, 8, 44]],
};

function transform(real, imaginary) {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    for (let k = 0; k < length / 2; k++) {
      const c = Math.cos(angle * k), s = Math.sin(angle * k);
      for (let a = k; a < size; a += length) {
        const b = a + length / 2;
        const re = real[b] * c - imaginary[b] * s, im = real[b] * s + imaginary[b] * c;
        real[b] = real[a] - re; imaginary[b] = imaginary[a] - im;
        real[a] += re; imaginary[a] += im;
      }
    }
  }
}

// Returns levels in dB, lowest frequency first in each of the columns.
function spectrogram(samples, seconds, columns, bins) {
  const levels = new Float32Array(columns * bins).fill(-300);
  const real = new Float32Array(WINDOW), imaginary = new Float32Array(WINDOW);
  const line = (bin) => (LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (bin / bins) * WINDOW) / page.sample_rate;
  for (let column = 0; column < columns; column++) {
    const first = Math.round((column / columns) * seconds * page.sample_rate) - WINDOW / 4;
    if (first >= samples.length) break;
    for (let n = 0; n < WINDOW; n++) real[n] = (samples[first + n] || 0) * hann[n];
    imaginary.fill(0);
    transform(real, imaginary);
    for (let bin = 0; bin < bins; bin++) {
      const low = line(bin), high = line(bin + 1);
      let power = 0;
      if (high - low < 1) {
        const n = Math.floor(low), share = low - n;
        power = (1 - share) * (real[n] ** 2 + imaginary[n] ** 2) + share * (real[n + 1] ** 2 + imaginary[n + 1] ** 2);
      } else for (let n = Math.floor(low); n < high; n++) power = Math.max(power, real[n] ** 2 + imaginary[n] ** 2);
      levels[column * bins + bin] = 10 * Math.log10(power + 1e-30);
    }
  }
  return levels;
}

function loudest(levels) {
  return levels.reduce((top, level) => Math.max(top, level), -300);
}

function drawSpectrogram(canvas, levels, columns, bins, topDb) {
  const ramp = darkTheme.matches ? RAMPS.dark : RAMPS.light;
  canvas.width = columns;
  canvas.height = bins;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, bins);
  for (let column = 0; column < columns; column++) {
    for (let bin = 0; bin < bins; bin++) {
      const share = Math.min(1, Math.max(0, 1 + (levels[column * bins + bin] - topDb) / RANGE_DB));
      const at = share * (ramp.length - 1), step = Math.min(ramp.length - 2, Math.floor(at)), part = at - step;
      const pixel = ((bins - 1 - bin) * columns + column) * 4;
      for (let c = 0; c < 3; c++) image.data[pixel + c] = ramp[step][c] + (ramp[step + 1][c] - ramp[step][c]) * part;
      image.data[pixel + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

function drawWave(canvas, channel, seconds, colour, scale) {
  const { context, width, height } = prepare(canvas);
  context.clearRect(0, 0, width, height);
  context.fillStyle = colour;
  const step = (seconds * page.sample_rate) / width;
  for (let x = 0; x < width; x++) {
    let low = 0, high = 0;
    for (let n = Math.floor(x * step); n < (x + 1) * step && n < channel.length; n++) {
      if (channel[n] < low) low = channel[n];
      else if (channel[n] > high) high = channel[n];
    }
    const top = height / 2 - (high * scale * height) / 2, end = height / 2 - (low * scale * height) / 2;
    if (x * step < channel.length) context.fillRect(x, top, 1, Math.max(0.75, end - top));
  }
}
