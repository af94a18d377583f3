import type { Figure } from './figure.js'

/** What a number counts: bytes a second, milliseconds, bytes, things, a ratio, or dollars. */
export type Unit = 'rate' | 'duration' | 'bytes' | 'count' | 'factor' | 'money'

interface Assumption {
  readonly unit: Unit
  readonly value: number
  readonly what: string
  /** Why this value. */
  readonly source: string
}

const MB = 1_000_000
const second = 1000
const own = 'a common value; give your own'
const rehearsed = "the rehearsal's own condition"

/**
 * All that a plan supposes where nothing was measured, by the name under which it can be given. Durations in
 * milliseconds, rates in bytes a second.
 */
export const assumptions = {
  upload: { unit: 'rate', value: 12.5 * MB, what: 'push to the registry', source: '100 Mbit/s, a common uplink' },
  download: { unit: 'rate', value: 150 * MB, what: 'pull by a target', source: rehearsed },
  unpack: { unit: 'rate', value: 90 * MB, what: 'unpacking on a target', source: rehearsed },
  zstd: {
    unit: 'factor',
    value: 1.37,
    what: 'unpacking of zstd against gzip',
    source: 'AWS: tasks start up to 27 % faster',
  },
  modelDownload: { unit: 'rate', value: 40 * MB, what: 'download from the model hub', source: rehearsed },
  modelLoad: { unit: 'rate', value: 75 * MB, what: 'loading a model into memory', source: rehearsed },
  efsRead: {
    unit: 'rate',
    value: 300 * 1.048576 * MB,
    what: 'reading from EFS',
    source: 'AWS: bursting throughput of 100 GiB',
  },
  launch: { unit: 'duration', value: 6 * second, what: 'request of an instance to running', source: rehearsed },
  boot: { unit: 'duration', value: 23 * second, what: 'running to user data', source: rehearsed },
  taskProvisioning: { unit: 'duration', value: 11 * second, what: 'request of a task to its pull', source: rehearsed },
  healthCheckInterval: { unit: 'duration', value: 10 * second, what: 'between health checks', source: rehearsed },
  draining: {
    unit: 'duration',
    value: 30 * second,
    what: 'deregistration delay of the target groups',
    source: "what rampart's own template sets; AWS's default is 300 s",
  },
  alarmBake: {
    unit: 'duration',
    value: 240 * second,
    what: 'watching of alarms after an ECS deployment',
    source: 'AWS computes it from the alarms, under five minutes',
  },
  warmup: { unit: 'duration', value: 180 * second, what: 'instance warmup of the rollout', source: own },
  warmupFull: {
    unit: 'duration',
    value: 300 * second,
    what: 'instance warmup while every deploy ships the full image',
    source: "AWS's default: the health check grace period",
  },
  dependenciesBuild: { unit: 'duration', value: 90 * second, what: 'installing the dependencies', source: own },
  appBuild: { unit: 'duration', value: 2 * second, what: 'building the thin layer', source: own },
  preflight: { unit: 'duration', value: 4 * second, what: 'checks before a rollout', source: own },
  dependencyBytes: { unit: 'bytes', value: 750 * MB, what: 'operating system and dependencies', source: rehearsed },
  modelBytes: { unit: 'bytes', value: 300 * MB, what: 'a model', source: rehearsed },
  appBytes: { unit: 'bytes', value: 2 * MB, what: 'the layer of the code', source: rehearsed },
  targets: {
    unit: 'count',
    value: 4,
    what: 'targets of the fleet',
    source: 'the rehearsal; AWS tells the real number',
  },
  volume: { unit: 'bytes', value: 30_000 * MB, what: 'the volume of an instance', source: own },
  taskVcpu: { unit: 'count', value: 1, what: 'processors of a task on Fargate', source: own },
  taskMemory: { unit: 'bytes', value: 4000 * MB, what: 'memory of a task on Fargate', source: own },
  machineImageBuild: { unit: 'duration', value: 480 * second, what: 'making a machine image', source: own },
  imagesKept: { unit: 'count', value: 10, what: 'releases that the registry keeps', source: "rampart's own template" },
  warmPool: { unit: 'count', value: 2, what: 'instances in a warm pool', source: own },
  baseRebuilds: { unit: 'count', value: 1, what: 'base rebuilds a month', source: 'a common rhythm' },
  hourOfWaiting: { unit: 'money', value: 60, what: 'what an hour of waiting for a deploy costs', source: own },
} as const satisfies Readonly<Record<string, Assumption>>

export type AssumptionName = keyof typeof assumptions

/** The names, in the order in which they are explained. */
export const assumptionNames = Object.keys(assumptions) as readonly AssumptionName[]

/** True when the text names something that a plan supposes. */
export const isAssumptionName = (text: string): text is AssumptionName => Object.hasOwn(assumptions, text)

/** Every number that a plan is made from. */
export type Figures = Readonly<Record<AssumptionName, Figure>>

/** What was measured or read, over what is supposed, and what a person gives over both. */
export function figuresOf(
  known: Partial<Figures>,
  given: Readonly<Partial<Record<AssumptionName, number>>> = {},
): Figures {
  const figure = (name: AssumptionName): Figure => {
    const value = given[name]
    if (value !== undefined) return { value, basis: 'assumed', from: 'given' }
    return known[name] ?? { value: assumptions[name].value, basis: 'assumed', from: assumptions[name].source }
  }
  return Object.fromEntries(assumptionNames.map((name) => [name, figure(name)])) as unknown as Figures
}
