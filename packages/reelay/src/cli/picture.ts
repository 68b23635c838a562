import sharp from 'sharp';

/** A mountain view at dusk, 1280×720, as JPEG: the customer's picture of the demo. */
export async function mountainView(): Promise<Uint8Array> {
  const ridges = [
    { y: 400, roughness: 150, colour: '#8a93b8', seed: 3 },
    { y: 480, roughness: 130, colour: '#5c6691', seed: 11 },
    { y: 560, roughness: 90, colour: '#374066', seed: 23 },
    { y: 640, roughness: 50, colour: '#1c2340', seed: 37 },
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1280" height="720">
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#24345f"/><stop offset="0.45" stop-color="#c5788a"/><stop offset="0.7" stop-color="#f6c48f"/>
    </linearGradient>
    <radialGradient id="glow"><stop offset="0" stop-color="#fff3d6"/><stop offset="1" stop-color="#fff3d6" stop-opacity="0"/></radialGradient>
    <filter id="soft"><feGaussianBlur stdDeviation="1.2"/></filter>
  </defs>
  <rect width="1280" height="720" fill="url(#sky)"/>
  <circle cx="860" cy="380" r="240" fill="url(#glow)"/><circle cx="860" cy="380" r="34" fill="#fff6e0"/>
  <g filter="url(#soft)">${ridges.map(ridge).join('')}</g>
</svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer();
}

function ridge({
  y,
  roughness,
  colour,
  seed,
}: {
  y: number;
  roughness: number;
  colour: string;
  seed: number;
}): string {
  const points: string[] = [];
  for (let x = 0; x <= 1280; x += 8) {
    let height = 0;
    for (let octave = 1; octave <= 5; octave += 1) {
      height += Math.abs(Math.sin((x / 1280) * octave * 2.7 + seed * octave)) * (roughness / octave ** 1.1);
    }
    points.push(`${x},${Math.round(y - height + roughness * 0.6)}`);
  }
  return `<polygon fill="${colour}" points="0,720 ${points.join(' ')} 1280,720"/>`;
}
