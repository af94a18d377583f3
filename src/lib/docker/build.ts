import { isDigest, type Digest } from '../domain/digest.js'
import { RampartError } from '../errors/rampart-error.js'
import type { EngineBuildStep } from '../ports/docker-engine.js'
import { readStatus, type Vertex } from './buildkit-status.js'
import { errorOf, type EngineLine } from './lines.js'

// As much of a failed step as fits on a screen.
const linesKept = 40

/** The last lines of a step's output, put together from pieces. */
class Tail {
  readonly #decoder = new TextDecoder()
  readonly #lines: string[] = []
  #open = ''

  /** Gives the lines that this piece completes. */
  add(piece: Uint8Array): readonly string[] {
    const parts = (this.#open + this.#decoder.decode(piece, { stream: true })).split('\n')
    this.#open = parts.pop() ?? ''
    const whole = parts.map(visible).filter((line) => line.trim() !== '')
    this.#lines.push(...whole)
    this.#lines.splice(0, this.#lines.length - linesKept)
    return whole
  }

  lines(): readonly string[] {
    const rest = visible(this.#open)
    return [...this.#lines, ...(rest.trim() === '' ? [] : [rest])].slice(-linesKept)
  }
}

/** A line as it stands on the screen in the end: without colours, and without what a progress bar wrote over. */
function visible(line: string): string {
  // oxlint-disable-next-line no-control-regex -- escape sequences are what is looked for
  const plain = line.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '').replace(/\r$/, '')
  return plain.slice(plain.lastIndexOf('\r') + 1).trimEnd()
}

/** Follows what the engine streams about a build, of the classic builder or of BuildKit. */
export class BuildFollower {
  readonly #onStep: (step: EngineBuildStep) => void
  readonly #dockerfile: string
  readonly #tails = new Map<string, Tail>()
  readonly #told = new Map<string, 'started' | 'cached' | 'done'>()
  /** The step that ran last, under the name of its tail. */
  #current = ''
  #failed: Vertex | undefined
  #name = ''
  #id: Digest | undefined

  constructor(dockerfile: string, onStep: (step: EngineBuildStep) => void) {
    this.#dockerfile = dockerfile
    this.#onStep = onStep
  }

  /** Throws a RampartError when the line says that the build failed. */
  take(line: EngineLine): void {
    const error = errorOf(line)
    if (error !== undefined) throw this.#failure(error)
    if (line.id === 'moby.buildkit.trace' && typeof line.aux === 'string') this.#takeTrace(line.aux)
    else if (line.stream !== undefined) this.#takeText(line.stream)
    const { ID: id } = (typeof line.aux === 'object' && line.aux !== null ? line.aux : {}) as { readonly ID?: string }
    if (id !== undefined && isDigest(id)) this.#id = id
  }

  /** The image, once the stream has ended. */
  id(): Digest {
    if (this.#id !== undefined) return this.#id
    throw new RampartError('unreachable', `The Docker engine stopped talking before ${this.#dockerfile} was built.`, {
      next: ['look at the engine’s own log, and run the same command again'],
    })
  }

  #tail(key: string): Tail {
    const known = this.#tails.get(key) ?? new Tail()
    this.#tails.set(key, known)
    return known
  }

  #takeTrace(text: string): void {
    const { vertexes, logs } = readStatus(Buffer.from(text, 'base64'))
    for (const vertex of vertexes) {
      if (vertex.error !== '') this.#failed = vertex
      const state = vertex.cached ? 'cached' : vertex.completed ? 'done' : vertex.started ? 'started' : undefined
      if (state === undefined || vertex.error !== '' || this.#told.get(vertex.digest) === state) continue
      this.#told.set(vertex.digest, state)
      const { number, total, instruction } = nameOf(vertex.name)
      this.#onStep({
        kind: 'step',
        instruction,
        state,
        ...(number !== undefined && { number }),
        ...(total !== undefined && { total }),
      })
    }
    for (const { vertex, bytes } of logs) {
      for (const line of this.#tail(vertex).add(bytes)) this.#onStep({ kind: 'output', line })
    }
  }

  #takeText(text: string): void {
    const step = /^Step (\d+)\/(\d+) : (.*)/s.exec(text)
    if (step === null) {
      const cached = / ---> Using cache/.test(text)
      if (cached) this.#tellCurrent('cached')
      else if (!/^ ---> |^Removing intermediate container|^Successfully (?:built|tagged)/.test(text)) {
        for (const line of this.#tail(this.#current).add(Buffer.from(text))) this.#onStep({ kind: 'output', line })
      }
      return
    }
    this.#tellCurrent('done')
    this.#current = `${step[1]}/${step[2]}`
    this.#name = oneLine(step[3] ?? '')
    this.#tellCurrent('started')
  }

  #tellCurrent(state: 'started' | 'cached' | 'done'): void {
    if (this.#current === '' || this.#told.get(this.#current) === 'cached') return
    this.#told.set(this.#current, state)
    const [number, total] = this.#current.split('/').map(Number)
    this.#onStep({
      kind: 'step',
      instruction: this.#name,
      state,
      ...(number !== undefined && { number }),
      ...(total !== undefined && { total }),
    })
  }

  #failure(reason: string): RampartError {
    const step = this.#failed === undefined ? this.#currentStep() : describe(nameOf(this.#failed.name))
    const lines = this.#tail(this.#failed?.digest ?? this.#current).lines()
    const where = step === undefined ? '' : ` at ${step}`
    return new RampartError('preflight', `${this.#dockerfile} could not be built${where}: ${oneLine(reason)}`, {
      problems: lines.map((message) => ({ message })),
      next: [
        lines.length === 0
          ? 'correct the instruction and run the same command again: steps that worked are not done again'
          : 'the last lines of the step are above; correct it and run the same command again: steps that worked are not done again',
      ],
    })
  }

  #currentStep(): string | undefined {
    return this.#current === '' ? undefined : `step ${this.#current} ${this.#name}`
  }
}

interface StepName {
  readonly number?: number
  readonly total?: number
  readonly instruction: string
}

/** BuildKit names a step `[stage 2/5] RUN …`; what it does on its own is `[internal] …` or has no brackets. */
function nameOf(name: string): StepName {
  const match = /^\[(?:.*\s)?(\d+)\/(\d+)\]\s+(.*)$/s.exec(name)
  if (match === null) return { instruction: oneLine(name) }
  return { number: Number(match[1]), total: Number(match[2]), instruction: oneLine(match[3] ?? '') }
}

function describe({ number, total, instruction }: StepName): string {
  return number === undefined ? instruction : `step ${number}/${total} ${instruction}`
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()
