/** One measured thing: what, how much, and the peer or limit it is held against in the same run. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly peer?: string;
  readonly ratio?: number;
}

/** Prints a section's numbers; nothing is asserted. */
export function report(title: string, rows: readonly Row[]): void {
  process.stdout.write(`\n${title}\n`);
  const width = Math.max(...rows.map((row) => row.what.length));
  for (const { what, value, peer, ratio } of rows) {
    const against = peer === undefined ? '' : `   against ${peer}`;
    const times = ratio === undefined ? '' : `   = ${ratio.toFixed(2)} ×`;
    process.stdout.write(`  ${what.padEnd(width)}  ${value}${against}${times}\n`);
  }
}

export function perSecond(count: number): string {
  return `${Math.round(count).toLocaleString('en')}/s`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
