/** How something about an upstream is known. Nothing was tried on a real one yet: `reelay providers test` does. */
export type Basis = 'read' | 'guessed';

/** What a provider's page says that its adapter does not: its name, where to go, and how its operations are known. */
export interface ProviderBasis {
  readonly title: string;
  readonly about: string;
  /** Operation → how its request and answers are known. `read`: in its documentation, its package or its source. */
  readonly operations: Readonly<Record<string, Basis>>;
  /** Traps for the operator. */
  readonly notes: readonly string[];
}

/** One for each provider of the registry, by its name. */
export const BASIS: Readonly<Record<string, ProviderBasis>> = {
  kling: {
    title: 'Kling',
    about: 'Kling’s own API, new generation: one API key of one region.',
    operations: {
      'text to video': 'read',
      'image to video': 'guessed',
      'look at jobs, 100 a call': 'read',
      'look a job up by our reference': 'read',
      'callback and its signature': 'read',
      'answer to a reference used twice': 'guessed',
      'list price': 'read',
    },
    notes: [
      'A key belongs to one region: another one answers "api key not found". Set `base_url` to yours.',
      'Sound and a last frame exist at 1080p only, and not together.',
    ],
  },
  'kling-legacy': {
    title: 'Kling, old generation',
    about: 'Kling’s own API as it was: AccessKey and SecretKey, signed tokens.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'look at a job': 'read',
      'look a job up by our reference': 'read',
      'callback and its signature': 'read',
      'list price': 'read',
    },
    notes: ['Take `kling` unless all you have is an AccessKey.'],
  },
  fal: {
    title: 'fal',
    about: 'fal’s queue, the `pro` endpoints of Kling 2.6.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'look at a job': 'read',
      cancel: 'guessed',
      'callback and its signature': 'read',
      'refusal for an empty balance': 'guessed',
      'list price': 'read',
    },
    notes: [
      'No reference of ours is kept there: a submit whose answer is lost is resolved by its callback alone, so set `REELAY_PUBLIC_URL`.',
    ],
  },
  replicate: {
    title: 'Replicate',
    about: 'Replicate’s official model `kwaivgi/kling-v2.6`.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'upload of pictures': 'read',
      'look at a job': 'read',
      cancel: 'read',
      'callback and its signature': 'read',
      'refusal of an input': 'guessed',
      'list price': 'read',
    },
    notes: [
      'Its files are gone after an hour.',
      'A submit whose answer is lost is resolved by its callback alone, so set `REELAY_PUBLIC_URL`.',
    ],
  },
  kie: {
    title: 'kie.ai',
    about: 'kie.ai’s market jobs.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'upload of pictures': 'read',
      'look at a job': 'read',
      'callback and its signature': 'read',
      'its errors in answers of status 200': 'guessed',
      'list price': 'guessed',
    },
    notes: [
      'Prompts of up to 1,000 characters. Jobs cannot be canceled.',
      'Its callbacks sign an id and a time, not the body: nothing of the body is believed.',
    ],
  },
  piapi: {
    title: 'PiAPI',
    about: 'PiAPI’s unified task API.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'upload of pictures': 'read',
      'look at a job': 'read',
      'that "2.6" is a version it takes': 'guessed',
      callback: 'guessed',
      'list price': 'guessed',
    },
    notes: ['Uploads need a paid plan there.'],
  },
  higgsfield: {
    title: 'Higgsfield',
    about: 'Higgsfield, the reseller that documents an `Idempotency-Key`.',
    operations: {
      'text to video': 'read',
      'image to video': 'guessed',
      'upload of pictures': 'guessed',
      'look at a job': 'read',
      cancel: 'read',
      'the same key answers the same job': 'read',
      callback: 'guessed',
      'list price': 'guessed',
    },
    notes: ['Two jobs at a time unless your account has more: say so with `--concurrency`.'],
  },
  apixo: {
    title: 'APIXO',
    about: 'APIXO’s `kling-2-6`.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'look at a job': 'read',
      callback: 'read',
      'answer to an unknown id': 'guessed',
      'list price': 'guessed',
    },
    notes: ['Its price could not be read: Kling’s list price stands for it. Say yours with `--price`.'],
  },
  rivya: {
    title: 'Rivya, or another Reelay',
    about: 'Whatever speaks Rivya’s generations API; another Reelay does.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'upload of pictures': 'read',
      'look at a job': 'read',
      'the same key answers the same job': 'read',
      'list price': 'guessed',
    },
    notes: ['Its price could not be read: Kling’s list price stands for it. Say yours with `--price`.'],
  },
  'openai-videos': {
    title: 'Your own engine: vLLM-Omni or SGLang',
    about: 'Engines on your own hardware that speak `/v1/videos`. They serve `wan-2-2`, never Kling.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'look at a job': 'read',
      cancel: 'read',
      refusals: 'guessed',
    },
    notes: ['SGLang forgets a canceled job but renders on.'],
  },
  comfyui: {
    title: 'Your own ComfyUI',
    about: 'A workflow of yours with named places for the order. It serves `wan-2-2`, never Kling.',
    operations: {
      'text to video': 'read',
      'image to video': 'read',
      'upload of pictures': 'read',
      'look at a job': 'read',
      cancel: 'read',
    },
    notes: ['Export the workflow in API format, and put `{{prompt}}` where the prompt belongs.'],
  },
};
