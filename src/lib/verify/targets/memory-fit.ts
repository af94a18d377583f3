import type { MeasuredMemory } from '../../domain/measured-memory.js'
import type { ProbeReport } from '../../domain/target-probe.js'

/** What a service holds in memory, measured after its models were loaded. */
export interface ServiceMemory {
  readonly name: string
  /** Bytes of all its processes. */
  readonly held: number
  /** Bytes that its container may have at most. */
  readonly limit?: number
  /** Bytes of each process, largest first; empty where they are not known. */
  readonly processes: readonly number[]
  /** How many workers there are to be; as many as were measured unless told. */
  readonly workers?: number
}

export interface MachineMemory {
  readonly total: number
  readonly available: number
}

/** The share of the memory that is to stay free: for requests, which take memory too, and for the page cache. */
const wantedHeadroom = 0.15

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

/** Processes that hold at least half of what the largest does; a supervisor beside them holds no model. */
export function workersOf(processes: readonly number[]): number {
  const largest = Math.max(0, ...processes)
  return Math.max(1, processes.filter((bytes) => bytes >= largest / 2).length)
}

const neededBy = ({ held, processes, workers }: ServiceMemory): number => {
  const measured = workersOf(processes)
  return (held / measured) * (workers ?? measured)
}

function verdictOf(needed: number, room: number): MeasuredMemory['verdict'] {
  if (needed > room) return 'too-small'
  return needed > room * (1 - wantedHeadroom) ? 'tight' : 'fits'
}

const order: readonly MeasuredMemory['verdict'][] = ['fits', 'tight', 'too-small']

function fit(what: string, needed: number, room: number): MeasuredMemory {
  const share = Math.round((1 - needed / room) * 100)
  const left = needed > room ? `${gibibytes(needed - room)} too much` : `${share} % left`
  return {
    verdict: verdictOf(needed, room),
    needed: Math.round(needed),
    room,
    detail: `${what}: ${gibibytes(needed)} of ${gibibytes(room)}, ${left}`,
  }
}

/**
 * The tightest place of a machine or task: each service against its own bound, and all of them, with what else runs
 * there, against the whole. Undefined when nothing was measured.
 */
export function memoryFit(services: readonly ServiceMemory[], machine?: MachineMemory): MeasuredMemory | undefined {
  const bounded = services.flatMap((one) =>
    one.limit === undefined || one.limit <= 0 ? [] : [fit(one.name, neededBy(one), one.limit)],
  )
  const whole: readonly MeasuredMemory[] =
    machine === undefined || machine.total <= 0 || services.length === 0
      ? []
      : [fit('the machine', neededOf(services, machine), machine.total)]
  return [...bounded, ...whole].toSorted(
    (a, b) => order.indexOf(b.verdict) - order.indexOf(a.verdict) || b.needed / b.room - a.needed / a.room,
  )[0]
}

function neededOf(services: readonly ServiceMemory[], { total, available }: MachineMemory): number {
  const held = services.reduce((sum, one) => sum + one.held, 0)
  const others = Math.max(0, total - available - held)
  return others + services.reduce((sum, one) => sum + neededBy(one), 0)
}

/** What each target that could say so needs of its memory, the tightest first. */
export function fitsOf(
  reports: ReadonlyMap<string, ProbeReport>,
): readonly (MeasuredMemory & { readonly target: string })[] {
  return [...reports]
    .flatMap(([target, { services, memory }]) => {
      const held = services.flatMap(({ name, memory: bytes, limit, processes }) =>
        bytes === undefined ? [] : [{ name, held: bytes, processes, ...(limit !== undefined && { limit }) }],
      )
      const tightest = memoryFit(held, memory)
      return tightest === undefined ? [] : [{ target, ...tightest }]
    })
    .toSorted((a, b) => b.needed / b.room - a.needed / a.room)
}

/** What to do where it does not fit. */
export const memoryRemedy = `take larger targets, or fewer workers: ${Math.round(wantedHeadroom * 100)} % should stay free`
