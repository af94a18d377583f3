/** Where targets that have loaded their models come nearest to their memory. Bytes. */
export interface MeasuredMemory {
  /** `tight` where less stays free than should. */
  readonly verdict: 'fits' | 'tight' | 'too-small'
  /** What is needed by as many workers as run, and of how much. */
  readonly needed: number
  readonly room: number
  readonly detail: string
  /** Each place by its name: a service, or {@link machinePart}. Missing in older records. */
  readonly parts?: Readonly<Record<string, { readonly needed: number; readonly room: number }>>
}

/** What all of a target together is called among the parts. */
export const machinePart = 'the machine'

/** The memory of a part as targets are launched now, in bytes; with what it was `before`, where only both tell how it changed. */
export interface MemoryRoom {
  readonly now: number
  readonly before?: number
}
