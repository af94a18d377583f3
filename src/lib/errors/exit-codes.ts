/** Every way a run can end, with its process exit code. The numbers are a stable interface. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  preflight: 3,
  rolledBack: 4,
  attention: 5,
  conflict: 6,
  unreachable: 7,
  unknown: 8,
  verification: 9,
  /** Asked for with `--check`: something would change. */
  changes: 10,
  interrupted: 130,
  terminated: 143,
} as const

/** The name of a way to end, e.g. `rolledBack`. */
export type Ending = keyof typeof exitCodes

/** The ways to end that are failures. */
export type FailureKind = Exclude<Ending, 'done' | 'changes'>
