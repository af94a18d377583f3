import type { Fault } from './wire/faults.js'
import type { Switches } from './world/switches.js'

/** What happens to a rollout in the rehearsal: how the world differs from the default one, and what the wire does. */
export interface Scenario {
  /** One line for people. */
  readonly description: string
  readonly switches: Partial<Switches>
  readonly faults: readonly Fault[]
}

/** Releases other than the one that serves at the beginning meet the trouble; going back to that one always works. */
export const scenarios = {
  healthy: {
    description: 'everything works',
    switches: {},
    faults: [],
  },
  'slow-model': {
    description: 'the new release takes four times as long to load its models',
    switches: { modelLoadFactor: 4 },
    faults: [],
  },
  'bad-image': {
    description: 'the new release exits with a Python traceback on every target',
    switches: { newImages: 'exit' },
    faults: [],
  },
  'never-ready': {
    description: 'the new release starts and answers 503 to every health check',
    switches: { newImages: 'never-ready' },
    faults: [],
  },
  'crash-loop': {
    description: 'the new release starts, serves well, and exits after a while, again and again',
    switches: { newImages: 'crash-loop' },
    faults: [],
  },
  'image-not-found': {
    description: 'the image of the new release can not be pulled: it is gone when the targets ask for it',
    switches: { newImages: 'missing' },
    faults: [],
  },
  throttled: {
    description: 'three AWS calls in ten are throttled, fail with 5xx or lose their connection',
    switches: {},
    // Each draws for itself: 1 - 0.85 x 0.94 x 0.95 x 0.96 x 0.96 is 0.3.
    faults: [
      { rate: 0.15, effect: { kind: 'throttle' } },
      { rate: 0.06, effect: { kind: 'status', status: 500 } },
      { rate: 0.05, effect: { kind: 'status', status: 503 } },
      { rate: 0.04, effect: { kind: 'drop', when: 'before' } },
      { rate: 0.04, effect: { kind: 'drop', when: 'after' } },
    ],
  },
  'alarm-trip': {
    description: 'a CloudWatch alarm goes off once half of the fleet serves the new release',
    switches: { alarm: 'trips-at-half' },
    faults: [],
  },
  'lying-health': {
    description: 'the new release passes its health checks and answers every real request with 503',
    switches: { newAnswers: 'unavailable' },
    faults: [],
  },
  'slow-release': {
    description: "the p95 of the new release's answers is doubled: the slowest tenth of them take twice as long",
    switches: { tailFactor: 2 },
    faults: [],
  },
  'drifted-answers': {
    description: 'the new release answers the same questions differently',
    switches: { newAnswers: 'drifted' },
    faults: [],
  },
  'plain-http': {
    description: 'the load balancer serves requests over plain HTTP that it should redirect',
    switches: { plainListener: 'serves' },
    faults: [],
  },
  'leaking-logs': {
    description: 'the new release writes secrets and personal data into its log',
    switches: { newLogs: 'leaking' },
    faults: [],
  },
  'model-downloads': {
    description: 'the base lacks the models that it names: the new release downloads them at every start',
    switches: { newModels: 'lacking' },
    faults: [],
  },
  'no-capacity': {
    description: 'AWS has no capacity for instances or tasks of the new release',
    switches: { capacity: 'none' },
    faults: [],
  },
  'stuck-stack': {
    description: 'an update of the stack fails at what serves, and can not go back there either',
    switches: { stackUpdates: 'stuck' },
    faults: [],
  },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

/** Every scenario's name, in the order in which they are explained. */
export const scenarioNames = Object.keys(scenarios) as readonly ScenarioName[]

/** True when the text names a scenario. */
export function isScenarioName(text: string): text is ScenarioName {
  return Object.hasOwn(scenarios, text)
}
