/** Where a crash matters: around every commit, and around everything done to the world outside. */
const NAMED = [
  ...[
    'accepted',
    'prepared',
    'deferred',
    'attempted',
    'submitted',
    'doubted',
    'found',
    'absent',
    'progressed',
  ],
  ...['rendered', 'rerouted', 'stored', 'failed', 'canceled', 'cancelRequested', 'expired'],
].map((event) => `commit ${event}`);
const OUTSIDE = [
  'prepare',
  'submit',
  'watch',
  'find',
  'stop',
  'download',
  'keep',
  'inspect',
  'moderate',
  'post',
];
const STORE = ['task', 'postpone', 'recordDelivery', 'original', 'price'];
export const POINTS: readonly string[] = [
  ...[...NAMED, ...OUTSIDE, ...STORE].flatMap((name) => [`${name}:before`, `${name}:after`]),
  ...['queued', 'watching', 'storing', 'letters'].map((kind) => `claim ${kind}:after`),
];
