import { SAMPLE_RATE, type Stereo } from '../encode/mux.ts';
import { pick, type Random } from '../random.ts';
import { bandPass, lowPass, pink, place, reverb, shape, silence, wander } from './dsp.ts';

const TAU = 2 * Math.PI;

/** Calls at random times; `make` gives one call. */
function scatter(
  rng: Random,
  samples: number,
  gap: readonly [number, number],
  make: (at: number) => { readonly sound: Float32Array; readonly level: number; readonly pan?: number },
): Stereo {
  const out = silence(samples);
  const seconds = samples / SAMPLE_RATE;
  for (let at = rng.between(0.1, gap[0] + 0.4); at < seconds - 0.4; at += rng.between(gap[0], gap[1])) {
    const call = make(at);
    place(out, at, call.pan ?? rng.between(-0.85, 0.85), call.level, call.sound);
  }
  return out;
}

/** A whistle whose pitch slides between given heights (Hz), each with its own length in seconds. */
function whistle(
  notes: readonly (readonly [from: number, to: number, seconds: number])[],
  rough = 0,
): Float32Array {
  const total = notes.reduce((sum, [, , seconds]) => sum + seconds, 0);
  let phase = 0;
  return shape(total, (t) => {
    let rest = t;
    for (const [from, to, seconds] of notes) {
      if (rest > seconds) {
        rest -= seconds;
        continue;
      }
      const k = rest / seconds;
      const hertz = from + (to - from) * k;
      phase += hertz / SAMPLE_RATE;
      const bell = Math.sin(Math.PI * Math.min(1, k)) ** 0.7;
      const trill = 1 - rough * (0.5 + 0.5 * Math.sin(TAU * 42 * t));
      return (Math.sin(TAU * phase) + 0.14 * Math.sin(2 * TAU * phase)) * bell * trill;
    }
    return 0;
  });
}

/** Songbirds: three of them, each with a phrase of its own, in a wood's echo. */
export function birds(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  for (let b = 0; b < 4; b++) {
    const base = rng.between(2300, 4300);
    const phrase = Array.from({ length: 2 + Math.floor(rng.next() * 4) }, () => {
      const from = base * rng.between(0.8, 1.3);
      return [from, from * rng.between(0.72, 1.4), rng.between(0.05, 0.15)] as const;
    });
    const repeat = 1 + Math.floor(rng.next() * 3);
    const song = Array.from({ length: repeat }, () => [...phrase, [base, base, 0.04] as const]).flat();
    const pan = rng.between(-0.9, 0.9);
    const far = rng.between(0.25, 1);
    const sound = whistle(song, rng.next() < 0.4 ? 0.6 : 0.1);
    const calls = scatter(rng, samples, [0.9, 2.6], () => ({
      sound,
      level: 0.3 * far * rng.between(0.6, 1),
      pan,
    }));
    for (let i = 0; i < samples; i++) {
      out.left[i] = (out.left[i] ?? 0) + (calls.left[i] ?? 0);
      out.right[i] = (out.right[i] ?? 0) + (calls.right[i] ?? 0);
    }
  }
  return reverb(out, 0.4, 0.74);
}

/** Gulls: falling cries in twos and threes. */
export function gulls(rng: Random, samples: number): Stereo {
  const calls = scatter(rng, samples, [1.2, 3], () => {
    const base = rng.between(950, 1250);
    const cry = [
      [base * 0.85, base * 1.25, 0.09],
      [base * 1.25, base * 0.8, 0.24],
      [base, base, 0.05],
    ] as const;
    const cries = Array.from({ length: 1 + Math.floor(rng.next() * 3) }, () => cry).flat();
    const sound = whistle(cries, 0.35);
    for (let i = 0; i < sound.length; i++) sound[i] = Math.tanh((sound[i] ?? 0) * 1.6);
    return { sound, level: rng.between(0.05, 0.16) };
  });
  return reverb(calls, 0.35, 0.8);
}

/** Crickets: pulses of a high tone, several insects out of step. */
export function crickets(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  for (let c = 0; c < 6; c++) {
    const hertz = rng.between(3900, 4900);
    const rate = rng.between(1.7, 2.6);
    const pan = rng.between(-1, 1);
    const chirp = shape(0.19, (t) => {
      const pulse = Math.max(0, Math.sin(TAU * 24 * t)) ** 2;
      return Math.sin(TAU * hertz * t) * pulse * Math.sin((Math.PI * t) / 0.19);
    });
    for (
      let at = rng.next() / rate;
      at < samples / SAMPLE_RATE - 0.2;
      at += (1 / rate) * rng.between(0.97, 1.05)
    ) {
      place(out, at, pan, 0.09 * (0.5 + 0.5 * rng.next()), chirp);
    }
  }
  return reverb(out, 0.2, 0.7);
}

/** Fire: a low roar that flutters, and crackles from single sparks to bursts. */
export function fire(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  const noise = pink(rng);
  const low = lowPass(240);
  const flutter = wander(rng, 7);
  for (let i = 0; i < samples; i++) {
    const v = low(noise()) * (0.75 + 0.35 * flutter());
    out.left[i] = v;
    out.right[i] = v * 0.9 + low(0) * 0.05;
  }
  const seconds = samples / SAMPLE_RATE;
  for (let i = 0; i < seconds * 26; i++) {
    const filter = bandPass(rng.between(1.5, 6));
    const hertz = rng.between(1300, 5600);
    const length = rng.between(0.004, 0.02);
    const crack = shape(length * 3, (t) =>
      filter((rng.next() * 2 - 1) * Math.exp(-t / (length * 0.4)), hertz),
    );
    place(out, rng.next() * seconds, rng.between(-0.6, 0.6), 0.15 + 0.7 * rng.next() ** 4, crack);
  }
  return out;
}

/** Bubbles that rise, and the dull pressure of depth. */
export function bubbles(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  const noise = pink(rng);
  const low = lowPass(150);
  const swell = wander(rng, 0.4);
  for (let i = 0; i < samples; i++) {
    const v = low(noise()) * (1.1 + 0.4 * swell());
    out.left[i] = v;
    out.right[i] = v * 0.95;
  }
  const seconds = samples / SAMPLE_RATE;
  for (let at = rng.between(0.1, 0.5); at < seconds - 0.4; at += rng.between(0.4, 1.3)) {
    const pan = rng.between(-0.7, 0.7);
    for (let b = 0; b < 3 + rng.next() * 8; b++) {
      const hertz = rng.between(320, 1150);
      const blip = shape(
        0.07,
        (t) => Math.sin(TAU * hertz * (1 + t * 7) * t) * Math.exp(-t * 60) * Math.min(1, t * 400),
      );
      place(out, at + b * rng.between(0.03, 0.08), pan, rng.between(0.04, 0.16), blip);
    }
  }
  return reverb(out, 0.3, 0.78, 0.6);
}

/** Thunder for each strike: a crack, then a roll that dies away. */
export function thunder(rng: Random, samples: number, strikes: readonly number[]): Stereo {
  const out = silence(samples);
  for (const at of strikes) {
    const noise = pink(rng);
    const low = lowPass(150);
    const rumble = wander(rng, 6);
    const delay = rng.between(0.12, 0.4);
    const roll = shape(3.6, (t) => {
      const n = noise();
      const crack = n * Math.exp(-t * 22) * 0.9;
      const body = low(n) * 2.6 * (0.7 + 0.45 * rumble()) * Math.min(1, t * 14) * Math.exp(-t * 1.15);
      return crack + body;
    });
    place(out, at + delay, rng.between(-0.4, 0.4), 0.9, roll);
  }
  return out;
}

/** Steps on a path, heel and sole. */
export function footsteps(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  for (let at = 0.3, n = 0; at < samples / SAMPLE_RATE - 0.2; at += 0.53 * rng.between(0.97, 1.03), n++) {
    const noise = pink(rng);
    const thud = lowPass(n % 2 ? 300 : 350);
    const grit = bandPass(1.2);
    const step = shape(0.16, (t) => {
      const v = noise();
      return thud(v) * 2.2 * Math.exp(-t * 55) + grit(v, 1900) * 0.5 * Math.exp(-Math.abs(t - 0.05) * 60);
    });
    place(out, at, n % 2 ? 0.14 : -0.14, 0.5, step);
  }
  return out;
}

/** A horse at the gallop: three beats and a pause. */
export function hooves(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  for (let at = 0.2; at < samples / SAMPLE_RATE - 0.4; at += 0.5) {
    for (const [beat, strength] of [
      [0, 0.7],
      [0.11, 0.8],
      [0.24, 1],
    ] as const) {
      const noise = pink(rng);
      const thud = lowPass(210);
      const hoof = shape(0.14, (t) => (thud(noise()) * 3 + Math.sin(TAU * 82 * t) * 0.5) * Math.exp(-t * 38));
      place(out, at + beat * rng.between(0.97, 1.03), rng.between(-0.2, 0.2), 0.55 * strength, hoof);
    }
  }
  return out;
}

/** A contented cat. */
export function purr(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  const noise = pink(rng);
  const low = lowPass(320);
  const pitch = pick(rng, [23, 25, 27]);
  for (let i = 0; i < samples; i++) {
    const t = i / SAMPLE_RATE;
    const breath = 0.55 + 0.45 * Math.sin(TAU * 0.42 * t);
    const beat = Math.max(0, Math.sin(TAU * pitch * t)) ** 2;
    const v = low(noise()) * beat * (0.5 + breath) * 0.9;
    out.left[i] = v;
    out.right[i] = v;
  }
  return out;
}
