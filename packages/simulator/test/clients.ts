import type { Client } from './client.ts';
import { comfyui, sglang, vllm } from './clients-engines.ts';
import { fal, kling, klingOld, replicate } from './clients-official.ts';
import { apixo, higgsfield, kie, piapi, rivya } from './clients-resellers.ts';

/** One client for each format; two for Kling's two generations. */
export const CLIENTS: readonly (readonly [string, Client])[] = [
  ['kling, new generation', kling],
  ['kling, old generation', klingOld],
  ['fal', fal],
  ['replicate', replicate],
  ['kie', kie],
  ['piapi', piapi],
  ['higgsfield', higgsfield],
  ['vllm', vllm],
  ['sglang', sglang],
  ['comfyui', comfyui],
  ['apixo', apixo],
  ['rivya', rivya],
];

export function client(name: string): Client {
  const found = CLIENTS.find(([key]) => key === name);
  if (!found) throw new Error(`no client called ${name}`);
  return found[1];
}
