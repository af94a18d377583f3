import { createHash } from 'node:crypto'
import type { PartChange } from '../../domain/base-status.js'
import type { Runtime } from './prove.js'

/** What a base has to be proved for: the applications on it, its service's own first, and the project's commands. */
export interface ProofScope {
  /** Several where services share a base; a proof for one of them will do. */
  readonly runtimes: readonly Runtime[]
  readonly commands: readonly string[]
}

/** How a proof is said to have been made, in the label of the base. */
export interface ProofTerms {
  /** As USER of the application's Dockerfile had it; null where the base's own user was meant. */
  readonly user: string | null
  /** What that Dockerfile set beside it, of what decides where models are looked for. */
  readonly environment: Readonly<Record<string, string>>
  /** A hash of the project's own commands; null when there were none. */
  readonly commands: string | null
}

/** What the label says of how a proof was made. */
export function proofTerms({ user, environment }: Runtime, commands: readonly string[]): ProofTerms {
  const hash = createHash('sha256').update(JSON.stringify(commands)).digest('hex').slice(0, 24)
  return { user: user ?? null, environment, commands: commands.length === 0 ? null : hash }
}

/**
 * What the application or the project changed since the base was proved, so that the proof says nothing of it any more:
 * the user, a variable, a command that did not run. Nothing where the proof does not say how it was made.
 */
export function changesSinceProof(proof: unknown, { runtimes, commands }: ProofScope): readonly PartChange[] {
  const before = readTerms(proof)
  const [first] = runtimes
  if (before === undefined || first === undefined) return []
  const all = runtimes.map((runtime) => difference(before, proofTerms(runtime, commands)))
  return all.find((changes) => changes.length === 0) ?? all[0] ?? []
}

function difference(before: ProofTerms, now: ProofTerms): readonly PartChange[] {
  const names = [...new Set([...Object.keys(before.environment), ...Object.keys(now.environment)])].sort()
  return [
    ...changeOf('user of the app', before.user ?? undefined, now.user ?? undefined),
    ...names.flatMap((name) =>
      changeOf(`variable ${name} of the app`, before.environment[name], now.environment[name]),
    ),
    // Fewer commands than before leave a proof as good as it was.
    ...(now.commands === null || now.commands === before.commands
      ? []
      : [{ part: 'commands of the proof', change: before.commands === null ? 'added' : 'changed' } as const]),
  ]
}

function changeOf(part: string, from: string | undefined, to: string | undefined): readonly PartChange[] {
  if (from === to) return []
  const change = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed'
  return [{ part, change, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]
}

/** Undefined for a proof that does not say it, or not in this shape: a label is what anybody may write. */
function readTerms(proof: unknown): ProofTerms | undefined {
  const { terms } = (proof ?? {}) as { readonly terms?: Partial<Record<keyof ProofTerms, unknown>> | null }
  if (typeof terms !== 'object' || terms === null) return undefined
  const { user, environment, commands } = terms
  if (typeof environment !== 'object' || environment === null) return undefined
  const values = Object.entries(environment).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return {
    user: typeof user === 'string' ? user : null,
    environment: Object.fromEntries(values),
    commands: typeof commands === 'string' ? commands : null,
  }
}
