import { situate, type BuildFile, type BuildState, type Situated } from './build-file.js'
import { findDownloads, type Download } from './downloads.js'

/** What the checks of one service's build files look at. */
export interface ServiceFacts {
  readonly name: string
  readonly app: BuildFile
  /** The problem that keeps Dockerfile.app from becoming one layer without an engine, as one line. */
  readonly notOneLayer?: { readonly detail: string; readonly place?: string }
  readonly base?: {
    readonly file: BuildFile
    readonly repository: string
    readonly tag: string
    /** The declared inputs with their texts. */
    readonly inputs: ReadonlyMap<string, string>
    readonly text: string
  }
  /** Those that the base's configuration declares. */
  readonly models: readonly { readonly id: string; readonly revision: string; readonly providedByRampart: boolean }[]
  /** How rampart.yml says to ask a target; undefined when it does not. */
  readonly health?: { readonly live: string; readonly ready: string; readonly port: number }
  /** The build context from the working directory on, for places; empty for that directory itself. */
  readonly context: string
  /** Path of rampart.yml, for places. */
  readonly configPath: string
  /** The text of rampart.yml: a model that stands in a comment of it is known and left open. */
  readonly configText: string
  readonly ignoreFile: {
    /** The one that is used; undefined when there is none. */
    readonly path: string | undefined
    /** Where one would stand. */
    readonly expected: string
    /** Names at the top of the context that would be sent with it although nobody wants them in an image. */
    readonly lets: readonly string[]
  }
}

/** One file, gone through. */
export interface Walked {
  readonly file: BuildFile
  readonly steps: readonly Situated[]
  readonly downloads: readonly Download[]
  readonly after: BuildState
}

/** A service's files, gone through: the base first, the app on what the base ends with. */
export interface WalkedService {
  readonly facts: ServiceFacts
  readonly base?: Walked
  readonly app: Walked
  /** Base, then app; in the order in which they are built. */
  readonly all: readonly Walked[]
}

function walk(file: BuildFile, below?: BuildState): Walked {
  const { steps, after } = situate(file, below)
  return { file, steps, downloads: findDownloads(steps), after }
}

/** Goes through the files of a service. */
export function walkService(facts: ServiceFacts): WalkedService {
  const base = facts.base === undefined ? undefined : walk(facts.base.file)
  // What ARG set in the base is not there for the app.
  const app = walk(facts.app, base && { ...base.after, variables: base.after.environment })
  return { facts, ...(base !== undefined && { base }), app, all: base === undefined ? [app] : [base, app] }
}
