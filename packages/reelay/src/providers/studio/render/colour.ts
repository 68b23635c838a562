/** Red, green, blue in 0..255 (sRGB). */
export type Rgb = readonly [number, number, number];

/** Reads `#rrggbb`. */
export function hex(text: string): Rgb {
  const n = Number.parseInt(text.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

/** Writes a colour for a canvas, with an alpha in 0..1. */
export function css(c: Rgb, alpha = 1): string {
  return `rgba(${Math.round(c[0])},${Math.round(c[1])},${Math.round(c[2])},${alpha.toFixed(4)})`;
}

const linear = (v: number): number => {
  const c = v / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
};
const encoded = (v: number): number => {
  const c = v <= 0.0031308 ? v * 12.92 : 1.055 * Math.max(v, 0) ** (1 / 2.4) - 0.055;
  return Math.min(255, Math.max(0, c * 255));
};

function toLab(c: Rgb): Rgb {
  const r = linear(c[0]);
  const g = linear(c[1]);
  const b = linear(c[2]);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab(c: Rgb): Rgb {
  const l = (c[0] + 0.3963377774 * c[1] + 0.2158037573 * c[2]) ** 3;
  const m = (c[0] - 0.1055613458 * c[1] - 0.0638541728 * c[2]) ** 3;
  const s = (c[0] - 0.0894841775 * c[1] - 1.291485548 * c[2]) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Mixes in OKLab, so that the way between two colours stays clean; t in 0..1. */
export function mix(a: Rgb, b: Rgb, t: number): Rgb {
  const x = toLab(a);
  const y = toLab(b);
  const k = Math.min(1, Math.max(0, t));
  return fromLab([x[0] + (y[0] - x[0]) * k, x[1] + (y[1] - x[1]) * k, x[2] + (y[2] - x[2]) * k]);
}

/** Changes lightness (added, about −0.3..0.3) and chroma (a factor) in OKLab. */
export function tone(c: Rgb, lightness: number, chroma = 1): Rgb {
  const x = toLab(c);
  return fromLab([Math.min(1, Math.max(0, x[0] + lightness)), x[1] * chroma, x[2] * chroma]);
}

/** BT.709 limited range, what players assume for HD. */
export function toYuv(c: Rgb): Rgb {
  const [r, g, b] = c;
  return [
    16 + 0.18259 * r + 0.61423 * g + 0.06201 * b,
    128 - 0.10064 * r - 0.33857 * g + 0.43922 * b,
    128 + 0.43922 * r - 0.39894 * g - 0.04027 * b,
  ];
}
