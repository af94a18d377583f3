import type { Figures } from './assumptions.js'
import type { Prediction } from './predict.js'
import { monthHours, type Use } from './prices.js'
import type { Making, Recipe } from './strategies.js'

/** What is known of a fleet that costs money, beside how it is moved. */
export interface Rented {
  /** E.g. `t3.large`; what instances are, or would be. */
  readonly instanceType: string
  readonly deploysPerDay: number
}

const gigabyte = 1e9
const daysInMonth = monthHours / 24
const hour = 3_600_000
/** A base that has just been replaced stays for a rollback. */
const basesKept = 2

/** What a month of a strategy uses: what serves, what a rollout takes beside it, and what is stored. */
export function usesOf(recipe: Recipe, prediction: Prediction, figures: Figures, rented: Rented): readonly Use[] {
  const surge = (rented.deploysPerDay * daysInMonth * prediction.course.surge) / hour
  return [
    ...servers(recipe, figures, surge, rented),
    { kind: 'load-balancer', hours: monthHours, units: 1 },
    { kind: 'registry', gigabytes: stored(recipe.app, recipe.base, figures) / gigabyte },
    ...extras(recipe, figures, rented),
  ]
}

function servers(
  { fleet, services, pool }: Recipe,
  figures: Figures,
  surge: number,
  { instanceType }: Rented,
): readonly Use[] {
  if (fleet.kind === 'asg') {
    const gigabytes = ((fleet.desired + pool) * figures.volume.value) / gigabyte
    return [
      { kind: 'instance', type: instanceType, hours: fleet.desired * monthHours + surge },
      { kind: 'volume', gigabytes },
    ]
  }
  const hours = fleet.desired * services.length * monthHours + surge
  const memory = figures.taskMemory.value / gigabyte
  return [{ kind: 'task', vcpu: figures.taskVcpu.value, memory, hours }]
}

/** Layers that images share are stored once. */
const stored = (app: Making, base: Making | undefined, { imagesKept }: Figures): number =>
  imagesKept.value * app.pushed + basesKept * (base?.pushed ?? 0)

function extras({ name, services, fleet, base }: Recipe, figures: Figures, { deploysPerDay }: Rented): readonly Use[] {
  if (name === 'machine-image') {
    return [{ kind: 'snapshot', gigabytes: (basesKept * (figures.volume.value + (base?.pushed ?? 0))) / gigabyte }]
  }
  if (name !== 'efs') return []
  const gigabytes = services.flatMap(({ models }) => models).reduce((all, { bytes }) => all + bytes, 0) / gigabyte
  const starts = fleet.desired * deploysPerDay * daysInMonth
  return [{ kind: 'file-system', gigabytes, read: gigabytes * starts }]
}
