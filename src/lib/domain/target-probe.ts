import type { Digest } from './digest.js'

/** A request that a target is asked on its own loopback. It is kept in AWS's history of commands: no secrets in it. */
export interface ProbeQuestion {
  readonly method: string
  readonly path: string
  /** The media type of the body. */
  readonly contentType: string
  readonly body: string
}

/** What is looked for on a target. */
export interface ProbedService {
  readonly name: string
  /** Of its image, without the registry. */
  readonly repository: string
  readonly port: number
  readonly readyPath: string
  readonly models: readonly { readonly id: string; readonly revision: string }[]
  readonly question?: ProbeQuestion
}

/** What the probe asks of a target. */
export interface ProbeRequest {
  readonly services: readonly ProbedService[]
  /** Seconds for each answer. */
  readonly timeout: number
}

/** An answer that the target gave to itself; status 0 when none came. */
export interface ProbeAnswer {
  readonly status: number
  readonly seconds: number
}

/** Where a model's files are that a process loads: in the image, written since the start, on a volume, or nowhere. */
export type ModelPlace = 'image' | 'written' | 'mounted' | 'missing' | 'unknown'

/** What a target says of one service. */
export interface ProbedReport {
  readonly name: string
  /** Of the images of its running containers, as the container engine knows them; empty when none runs. */
  readonly digests: readonly Digest[]
  /** Containers of the service that run. */
  readonly containers: number
  readonly ready?: ProbeAnswer
  /** The configured question, asked once, and then again. */
  readonly first?: ProbeAnswer
  /** With the beginning of what was answered. */
  readonly again?: ProbeAnswer & { readonly body: string; readonly cut: boolean }
  /** Bytes that its processes hold for themselves, not counting files in the page cache. */
  readonly memory?: number
  /** Bytes that its container may have; left out without a bound. */
  readonly limit?: number
  /** Bytes that each of its processes holds, largest first. */
  readonly processes: readonly number[]
  readonly models: readonly { readonly id: string; readonly revision: string; readonly place: ModelPlace }[]
}

/** What a target says of itself. */
export interface ProbeReport {
  /** True when it was asked over the network and by no agent of its own: it says nothing of digests and memory then. */
  readonly directly?: boolean
  /** What it lacks for being asked: no Docker, or no curl. */
  readonly lacks: readonly ('docker' | 'curl')[]
  /** Bytes of the whole machine. */
  readonly memory?: { readonly total: number; readonly available: number }
  readonly services: readonly ProbedReport[]
}

const marker = '# rampart-probe 1 '

/** The line of a probe's script that says what it asks, for readers of AWS's history and for the rehearsal. */
export function probeHeader(request: ProbeRequest): string {
  return marker + Buffer.from(JSON.stringify(request)).toString('base64')
}

/** What a script asks that is a probe; undefined for any other script. */
export function readProbeHeader(script: string): ProbeRequest | undefined {
  const line = script.split('\n').find((one) => one.startsWith(marker))
  if (line === undefined) return undefined
  return JSON.parse(Buffer.from(line.slice(marker.length), 'base64').toString('utf8')) as ProbeRequest
}

/** What stands before the one line of JSON that a probe prints. */
export const probeAnswerMarker = 'RAMPART-PROBE '
