import { machinePart, type MeasuredMemory, type MemoryRoom } from '../../domain/measured-memory.js'
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
  // Whoever has used up all of it is ended by the kernel before it takes more.
  if (needed >= room) return 'too-small'
  return needed > room * (1 - wantedHeadroom) ? 'tight' : 'fits'
}

const order: readonly MeasuredMemory['verdict'][] = ['fits', 'tight', 'too-small']

function fit(what: string, needed: number, room: number): MeasuredMemory {
  const share = Math.round((1 - needed / room) * 100)
  const left =
    needed > room ? `${gibibytes(needed - room)} too much` : needed === room ? 'none left' : `${share} % left`
  return {
    verdict: verdictOf(needed, room),
    needed: Math.round(needed),
    room,
    detail: `${what}: ${gibibytes(needed)} of ${gibibytes(room)}, ${left}`,
    parts: { [what]: { needed: Math.round(needed), room } },
  }
}

/** The tightest of several, with the parts of all; undefined when there are none. */
export function tightestOf(fits: readonly MeasuredMemory[]): MeasuredMemory | undefined {
  const [tightest] = fits.toSorted(
    (a, b) => order.indexOf(b.verdict) - order.indexOf(a.verdict) || b.needed / b.room - a.needed / a.room,
  )
  return tightest && { ...tightest, parts: Object.assign({}, ...fits.map(({ parts }) => parts)) }
}

/** What was measured, with as much room as there is now; the same where that has not changed. */
export function refit(measured: MeasuredMemory, rooms: ReadonlyMap<string, MemoryRoom>): MeasuredMemory {
  const parts = Object.entries(measured.parts ?? {}).map(([name, { needed, room }]) => {
    const found = rooms.get(name)
    const now = found?.before === undefined ? (found?.now ?? room) : Math.round((room * found.now) / found.before)
    return { name, needed, room, now }
  })
  if (parts.every(({ room, now }) => room === now)) return measured
  return tightestOf(parts.map(({ name, needed, now }) => fit(name, needed, now))) ?? measured
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
      : [fit(machinePart, neededOf(services, machine), machine.total)]
  return tightestOf([...bounded, ...whole])
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
