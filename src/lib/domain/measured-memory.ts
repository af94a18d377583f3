/** Where targets that have loaded their models come nearest to their memory. Bytes. */
export interface MeasuredMemory {
  /** `tight` where less stays free than should. */
  readonly verdict: 'fits' | 'tight' | 'too-small'
  /** What is needed by as many workers as run, and of how much. */
  readonly needed: number
  readonly room: number
  readonly detail: string
}
