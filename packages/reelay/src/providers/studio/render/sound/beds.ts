import { SAMPLE_RATE, type Stereo } from '../encode/mux.ts';
import type { Random } from '../random.ts';
import { bandPass, highPass, lowPass, pink, place, shape, silence, wander, white } from './dsp.ts';

/** Fills a stereo bed from two independent voices that share one slow movement. */
function bed(samples: number, voice: () => () => number): Stereo {
  const out = silence(samples);
  const l = voice();
  const r = voice();
  for (let i = 0; i < samples; i++) {
    const a = l();
    const b = r();
    out.left[i] = a * 0.85 + b * 0.25;
    out.right[i] = b * 0.85 + a * 0.25;
  }
  return out;
}

/** Falling water: broad noise with a body, and a trickle that gurgles. */
export function water(rng: Random, samples: number): Stereo {
  return bed(samples, () => {
    const noise = pink(rng);
    const body = lowPass(900);
    const spray = highPass(2400);
    const gurgle = bandPass(7);
    const pitch = wander(rng, 9);
    const swell = wander(rng, 0.7);
    return () => {
      const n = noise();
      const level = 0.85 + 0.15 * swell();
      return (body(n) * 0.9 + spray(n) * 0.38 + gurgle(n, 620 + 330 * pitch()) * 0.3) * level;
    };
  });
}

/** A stream over stones: quieter, made of many small resonances. */
export function river(rng: Random, samples: number): Stereo {
  return bed(samples, () => {
    const noise = pink(rng);
    const parts = [480, 860, 1450].map((hertz) => ({
      filter: bandPass(9),
      hertz,
      pitch: wander(rng, 12),
      gate: wander(rng, 5),
    }));
    const body = lowPass(500);
    return () => {
      const n = noise();
      let sum = body(n) * 0.35;
      for (const part of parts) {
        sum += part.filter(n, part.hertz * (1 + 0.4 * part.pitch())) * Math.max(0, part.gate() + 0.3) * 0.5;
      }
      return sum;
    };
  });
}

/** Surf: each wave rises, breaks bright and draws back; two shores a little apart. */
export function waves(rng: Random, samples: number): Stereo {
  return bed(samples, () => {
    const noise = pink(rng);
    const deep = lowPass(420);
    const bright = highPass(1300);
    const period = rng.between(4.2, 5.6);
    const offset = rng.next() * period;
    let i = 0;
    return () => {
      const t = (((i++ / SAMPLE_RATE + offset) % period) / period) % 1;
      const rise = t < 0.38 ? (t / 0.38) ** 2 : Math.exp(-(t - 0.38) * 3.4);
      const hiss = t < 0.34 ? 0 : Math.exp(-(t - 0.34) * 4.2) * Math.min(1, (t - 0.34) * 14);
      const n = noise();
      return deep(n) * (0.3 + 0.9 * rise) + bright(n) * hiss * 0.62 + n * 0.05;
    };
  });
}

/** Rain: a fine hiss with single drops near by. */
export function rain(rng: Random, samples: number): Stereo {
  const out = bed(samples, () => {
    const noise = white(rng);
    const high = highPass(1500);
    const soft = lowPass(7500);
    const swell = wander(rng, 0.5);
    return () => soft(high(noise())) * (0.2 + 0.035 * swell());
  });
  const count = (samples / SAMPLE_RATE) * 55;
  for (let i = 0; i < count; i++) {
    const hertz = rng.between(900, 3600);
    const drop = shape(0.03, (t) => Math.sin(2 * Math.PI * hertz * (1 + t * 9) * t) * Math.exp(-t * 190));
    place(out, (rng.next() * samples) / SAMPLE_RATE, rng.between(-1, 1), rng.between(0.02, 0.12), drop);
  }
  return out;
}

/** Wind: noise through two resonances that wander with its gusts. */
export function wind(rng: Random, samples: number): Stereo {
  const gust = wander(rng, 0.45);
  const gusts = new Float32Array(samples);
  for (let i = 0; i < samples; i++) gusts[i] = 0.55 + 0.45 * gust();
  return bed(samples, () => {
    const noise = pink(rng);
    const low = bandPass(1.2);
    const whistle = bandPass(6);
    const turn = wander(rng, 0.8);
    let i = 0;
    return () => {
      const g = gusts[i++] ?? 0.5;
      const n = noise();
      return low(n, 160 + 260 * g) * g * 1.3 + whistle(n, 480 + 300 * g + 130 * turn()) * g * g * 0.32;
    };
  });
}

/** A town far around: a rumble, and passing cars as slow swells. */
export function city(rng: Random, samples: number): Stereo {
  const out = bed(samples, () => {
    const noise = pink(rng);
    const low = lowPass(190);
    const mid = bandPass(0.9);
    const passing = wander(rng, 0.5);
    return () => {
      const n = noise();
      const pass = Math.max(0, passing());
      return low(n) * 0.9 + mid(n, 420 + 380 * pass) * (0.12 + 0.45 * pass * pass);
    };
  });
  for (let at = rng.between(0.8, 2.5); at < samples / SAMPLE_RATE - 1; at += rng.between(3, 6)) {
    const hertz = rng.between(330, 440);
    const horn = shape(0.42, (t) => {
      const ends = Math.min(1, t / 0.03, (0.42 - t) / 0.12);
      return (Math.sin(2 * Math.PI * hertz * t) + 0.6 * Math.sin(2 * Math.PI * hertz * 1.26 * t)) * ends;
    });
    place(out, at, rng.between(-0.9, 0.9), 0.022, horn);
  }
  return out;
}

/** Many voices at once: formants of babble that nobody can understand. */
export function crowd(rng: Random, samples: number): Stereo {
  const out = silence(samples);
  for (let v = 0; v < 9; v++) {
    const base = rng.between(95, 230);
    const pitch = wander(rng, 2.4);
    const vowel = wander(rng, 5.5);
    const speak = wander(rng, 3.6);
    const first = bandPass(5);
    const second = bandPass(7);
    const pan = rng.between(-0.9, 0.9);
    const l = Math.cos(((pan + 1) * Math.PI) / 4) * 0.3;
    const r = Math.sin(((pan + 1) * Math.PI) / 4) * 0.3;
    let phase = rng.next();
    for (let i = 0; i < samples; i++) {
      phase = (phase + (base * (1 + 0.14 * pitch())) / SAMPLE_RATE) % 1;
      const f = vowel();
      const throat = (phase * 2 - 1) * Math.max(0, speak() + 0.25);
      const voice = first(throat, 520 + 240 * f) + second(throat, 1350 - 420 * f) * 0.6;
      out.left[i] = (out.left[i] ?? 0) + voice * l;
      out.right[i] = (out.right[i] ?? 0) + voice * r;
    }
  }
  return out;
}

/** A motor under way: harmonics of a slowly breathing speed over tyre noise. */
export function engine(rng: Random, samples: number): Stereo {
  const speed = wander(rng, 0.35);
  const noise = pink(rng);
  const tyres = bandPass(0.8);
  const muffle = lowPass(720);
  const out = silence(samples);
  let phase = 0;
  for (let i = 0; i < samples; i++) {
    phase += (46 + 7 * speed()) / SAMPLE_RATE;
    const w = 2 * Math.PI * phase;
    const motor =
      Math.sin(w) + 0.7 * Math.sin(2 * w + 1) + 0.45 * Math.sin(3 * w + 2) + 0.3 * Math.sin(5.02 * w);
    const n = noise();
    const road = tyres(n, 640);
    out.left[i] = muffle(motor * (0.85 + 0.3 * n)) * 0.32 + road * 0.5;
    out.right[i] = (out.left[i] ?? 0) * 0.9 + n * 0.03;
  }
  return out;
}

/** The hum of nothing: slow beating fifths deep down, and a breath of air. */
export function space(rng: Random, samples: number): Stereo {
  return bed(samples, () => {
    const noise = pink(rng);
    const air = bandPass(2);
    const move = wander(rng, 0.3);
    const detune = rng.between(0.994, 1.006);
    let i = 0;
    return () => {
      const t = i++ / SAMPLE_RATE;
      const m = move();
      const tone =
        Math.sin(2 * Math.PI * 55 * detune * t) + 0.6 * Math.sin(2 * Math.PI * 82.4 * t) * (0.7 + 0.3 * m);
      return tone * 0.28 + air(noise(), 500 + 300 * m) * 0.12;
    };
  });
}
