import type { Instruction } from '../image/recipe/dockerfile.js'
import { splitQuoted, takeFlags } from '../image/recipe/words.js'
import { restOf, type DockerfileFacts } from './dockerfile-facts.js'
import type { ServiceFinding } from './findings.js'
import { needsNoFile } from './render-install.js'
import { partsOfStage, runParts, type RunPart } from './run-parts.js'
import { isWithin, joinPath, relativeTo, type Tree } from './tree.js'

/** What of an existing Dockerfile goes on in the pair. */
export interface CarriedOver {
  /** The image that everything stands on; undefined when there is no Dockerfile. */
  readonly from: string | undefined
  readonly globals: readonly string[]
  /** Instructions of the base: packages of the operating system, folders, arguments. */
  readonly system: readonly string[]
  readonly baseEnvironment: readonly string[]
  readonly appEnvironment: readonly string[]
  /** LABEL, VOLUME, STOPSIGNAL. */
  readonly others: readonly string[]
  readonly copies: readonly string[]
  readonly healthcheck: string | undefined
  readonly command: readonly string[]
  /** All commands that it runs. */
  readonly parts: readonly RunPart[]
  readonly notes: readonly string[]
}

const builds =
  /^(?:PYTHON|PIP_|POETRY_|UV_|HF_|TORCH_|CUDA_|NVIDIA_|LD_|OMP_|PATH$|VIRTUAL_ENV$|DEBIAN_|LANG$|LC_|NODE_|NPM_|TOKENIZERS_)/
// The pair sets these itself: two places for models are how models get lost.
const ours =
  /^(?:HF_HOME|HF_HUB_CACHE|HUGGINGFACE_HUB_CACHE|TRANSFORMERS_CACHE|SENTENCE_TRANSFORMERS_HOME|HF_HUB_OFFLINE)$/

const empty: CarriedOver = {
  from: undefined,
  globals: [],
  system: [],
  baseEnvironment: [],
  appEnvironment: [],
  others: [],
  copies: [],
  healthcheck: undefined,
  command: [],
  parts: [],
  notes: [],
}

/** Takes apart the Dockerfiles of a service: what belongs into a base, what into a thin image, and what into neither. */
export function carryOver(tree: Tree, service: ServiceFinding, owner: string): CarriedOver {
  const { whole, base, app } = service.dockerfiles
  const below = base ?? whole
  const above = app ?? whole
  if (below === undefined || above === undefined) return empty
  const belowStage = below.stages.at(-1)?.instructions ?? []
  const aboveStage = above.stages.at(-1)?.instructions ?? []
  const notes: string[] = []
  if (below.stages.length > 1) {
    notes.push(`${below.path} has ${below.stages.length} stages; only what the last one does is carried over`)
  }
  const system = belowStage.flatMap((one) => systemLine(tree, service, one, belowStage, notes))
  const all = [...new Set([...belowStage, ...aboveStage])]
  const environment = all.filter((one) => one.keyword === 'ENV').flatMap(readEnvironment)
  const last = (keyword: string): Instruction | undefined => aboveStage.findLast((one) => one.keyword === keyword)
  return {
    from: outerImage(below),
    globals: below.globals.filter((one) => one.keyword === 'ARG').map((one) => one.text),
    system,
    baseEnvironment: environment.filter(({ name }) => builds.test(name) && !ours.test(name)).map(({ text }) => text),
    appEnvironment: environment.filter(({ name }) => !builds.test(name) && !ours.test(name)).map(({ text }) => text),
    others: aboveStage.filter((one) => /^(?:LABEL|VOLUME|STOPSIGNAL)$/.test(one.keyword)).map((one) => one.text),
    copies: copiesOf(service, above, owner, notes),
    healthcheck: last('HEALTHCHECK')?.text.replaceAll(/\s{2,}/g, ' '),
    command: [last('ENTRYPOINT'), last('CMD')].flatMap((one) => one?.text ?? []),
    parts: partsOfStage(belowStage),
    notes,
  }
}

/** The image of another project that the last stage stands on in the end. */
function outerImage({ stages }: DockerfileFacts): string | undefined {
  let from = stages.at(-1)?.from
  for (const stage of stages.toReversed()) if (stage.name !== undefined && stage.name === from) from = stage.from
  return from === '' ? undefined : from
}

interface Variable {
  readonly name: string
  readonly text: string
}

function readEnvironment(instruction: Instruction): readonly Variable[] {
  const rest = restOf(instruction)
  const words = splitQuoted(rest, '\\').map((word) => word.raw)
  const [first = ''] = words
  if (!first.includes('='))
    return first === '' || words.length < 2
      ? []
      : [{ name: first, text: `${first}="${words.slice(1).join(' ').replaceAll('"', '')}"` }]
  return words
    .filter((word) => word.includes('='))
    .map((word) => ({ name: word.slice(0, word.indexOf('=')), text: word }))
}

function systemLine(
  tree: Tree,
  service: ServiceFinding,
  instruction: Instruction,
  stage: readonly Instruction[],
  notes: string[],
): readonly string[] {
  if (instruction.keyword === 'ARG' || instruction.keyword === 'SHELL') return [instruction.text]
  if (instruction.keyword !== 'RUN') return []
  const { line } = instruction.placeOf(0)
  const made = partsOfStage(stage).filter((part) => part.words[0] === 'mkdir')
  const parts = runParts(instruction)
  const kept: RunPart[] = []
  for (const part of parts) {
    if (part.purpose === 'user' || part.purpose === 'download') continue
    if (part.purpose === 'install' && !needsNoFile(part)) continue
    if (part.purpose === 'chown') {
      // Before models and code are there, a folder's owner costs nothing; afterwards it costs a copy of all in it.
      const targets = part.words
        .slice(1)
        .filter((word) => !word.startsWith('-'))
        .slice(1)
      const folders = targets.every((word) => made.some((one) => one.words.includes(word)) || isWorkdir(stage, word))
      const below = made
        .flatMap((one) => one.words.slice(1))
        .filter((word) => /^\/[\w./-]+$/.test(word))
        .filter((word) => targets.some((target) => word.startsWith(`${target}/`)))
      const text = [
        'chown',
        part.words.find((word, index) => index > 0 && !word.startsWith('-')),
        ...new Set([...targets, ...below]),
      ].join(' ')
      if (targets.length > 0 && folders) kept.push({ ...part, text, ignoresFailure: false })
      continue
    }
    if (part.allWords.some((word) => isCode(tree, service.context, word))) {
      notes.push(`line ${line ?? 0} runs a file of the project (${shorten(part.text)}); it is in neither of the pair`)
      continue
    }
    kept.push(part)
  }
  // `set -ex` alone says how to run what is gone.
  if (kept.every((part) => part.words[0] === 'set')) return []
  if (instruction.heredoc === undefined) return [`RUN ${joinParts(kept)}`]
  const { lines } = instruction.heredoc
  if (kept.length === parts.length) return [instruction.text, ...lines]
  if (!lines.some((one) => one.includes('<<')))
    return ['RUN <<EOF', ...kept.map(({ text, ignoresFailure }) => (ignoresFailure ? `${text} || true` : text)), 'EOF']
  notes.push(`line ${line ?? 0} holds documents of its own; what of it is for the system has to be copied by hand`)
  return []
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text)

function isWorkdir(stage: readonly Instruction[], path: string): boolean {
  return stage.some((one) => one.keyword === 'WORKDIR' && restOf(one).replace(/\/$/, '') === path.replace(/\/$/, ''))
}

function isCode(tree: Tree, context: string, word: string): boolean {
  if (word.startsWith('/') || word.startsWith('-') || !/\.\w+$|\//.test(word)) return false
  const path = joinPath(context, word)
  return path !== undefined && path !== '' && tree.paths.includes(path)
}

function joinParts(parts: readonly RunPart[]): string {
  return parts
    .map((part, index) => {
      const text = /['"]/.test(part.text) ? part.text : part.text.replaceAll(/\s+/g, ' ')
      const whole = part.ignoresFailure ? `${text} || true` : text
      if (index === parts.length - 1) return whole
      if (part.operator === '&') return `${whole} & `
      return part.operator === ';' ? `${whole}; ` : `${whole} \\\n && `
    })
    .join('')
}

/** The code's COPY lines, with the owner they need. Dependency files are the base's. */
function copiesOf(service: ServiceFinding, facts: DockerfileFacts, owner: string, notes: string[]): readonly string[] {
  const inputs = new Set(service.dependencies?.files.map((file) => relativeTo(service.context, file)) ?? [])
  const isInput = (source: string): boolean => {
    const path = joinPath('', source) ?? source
    return (
      inputs.has(path) ||
      /^(?:requirements[\w.*-]*\.txt|package(?:-lock)?\*?\.json|[*]\.lock)$/.test(path) ||
      [...inputs].some(
        (input) =>
          path !== '' &&
          isWithin(path, input) &&
          [...inputs].every((one) => isWithin(path, one)) &&
          path === 'requirements',
      )
    )
  }
  const staged = (facts.stages.at(-1)?.instructions ?? []).filter(
    (one) =>
      /^(?:COPY|ADD)$/.test(one.keyword) &&
      takeFlags(one.text.slice(one.rest)).flags.some(({ name }) => name === 'from'),
  )
  for (const one of staged) {
    notes.push(
      `line ${one.placeOf(0).line ?? 0} copies from another stage; what it brings has to come with the base or the code`,
    )
  }
  return facts.copies.flatMap(({ sources, destination, instruction }) => {
    const code = sources.filter((source) => !isInput(source))
    if (code.length === 0) return []
    const { flags } = takeFlags(instruction.text.slice(instruction.rest))
    const mode = flags.find((flag) => flag.name === 'chmod')?.value
    const options = [`--chown=${owner}`, ...(mode === undefined ? [] : [`--chmod=${mode}`])]
    return [`COPY ${[...options, ...code, destination].join(' ')}`]
  })
}
