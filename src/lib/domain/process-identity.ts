/** A process of a machine, so that another one there can tell whether it still lives. */
export interface ProcessIdentity {
  /** The same for processes that see one another, unlike for any others: a boot of a machine, and a namespace of it. */
  readonly machine: string
  readonly id: number
  /** When it began, in the machine's own count: numbers of processes are given again. */
  readonly began: string
}
