import type { Place } from '../errors/rampart-error.js'
import type { ShellOptions } from '../shell/read.js'

/** One instruction of a Dockerfile, its variables replaced as far as they are known. */
export type BuildStep = { readonly place: Place } & (
  | { readonly kind: 'from'; readonly reference: string; readonly name?: string }
  | { readonly kind: 'env' | 'arg'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'workdir' | 'user'; readonly value: string }
  | {
      readonly kind: 'copy'
      /** True for files of the build context, false for `--from` and what ADD downloads. */
      readonly local: boolean
      readonly sources: readonly string[]
      readonly destination: string
    }
  | {
      readonly kind: 'healthcheck'
      /** As it is written: variables are those of the container. Undefined for NONE. */
      readonly command: string | undefined
      /** True when Docker gives the container time to start. */
      readonly waits: boolean
    }
  | { readonly kind: 'expose'; readonly ports: readonly number[] }
  /** CMD and ENTRYPOINT, as written. */
  | { readonly kind: 'start'; readonly command: string }
  | RunStep
)

/** RUN: a script of the shell, and where each of its characters stands. */
export interface RunStep {
  readonly kind: 'run'
  readonly script: string
  /** Whether the shell that runs it gives up at the first failure, and at one within a pipe, without being told. */
  readonly shell: ShellOptions
  /** Directories that are mounted while it runs, so that nothing in them is in the image. */
  readonly mounts: readonly string[]
  placeOf(index: number): Place
}

/** A Dockerfile as the checks see it. */
export interface BuildFile {
  readonly path: string
  /** Those before the first FROM left out. */
  readonly steps: readonly BuildStep[]
}

/** What is set while an instruction is carried out. */
export interface BuildState {
  /** What ENV has set: the container has it, too. */
  readonly environment: Readonly<Record<string, string>>
  /** The same and what ARG has set: RUN has both. */
  readonly variables: Readonly<Record<string, string>>
  readonly workdir: string
  /** Without its group; `root` when nothing says otherwise. */
  readonly user: string
}

const first: BuildState = { environment: {}, variables: {}, workdir: '/', user: 'root' }

/** A step with what was set before it. */
export type Situated<Kind extends BuildStep['kind'] = BuildStep['kind']> = Extract<BuildStep, { kind: Kind }> & {
  readonly before: BuildState
}

/** Goes through the last stage, on what the image below it ends with. */
export function situate(
  file: BuildFile,
  below: BuildState = first,
): { readonly steps: readonly Situated[]; readonly after: BuildState } {
  const stages = new Map<string, BuildState>()
  let steps: Situated[] = []
  let state = below
  let name: string | undefined
  for (const step of file.steps) {
    if (step.kind === 'from') {
      if (name !== undefined) stages.set(name, state)
      steps = []
      name = step.name
      state = stages.get(step.reference) ?? below
    }
    steps.push({ ...step, before: state })
    state = next(state, step)
  }
  return { steps, after: state }
}

function next(state: BuildState, step: BuildStep): BuildState {
  switch (step.kind) {
    case 'env':
      return {
        ...state,
        environment: { ...state.environment, ...step.values },
        variables: { ...state.variables, ...step.values },
      }
    case 'arg':
      // An ENV of the same name wins: https://docs.docker.com/reference/dockerfile/#using-arg-variables
      return { ...state, variables: { ...state.variables, ...step.values, ...state.environment } }
    case 'workdir':
      return { ...state, workdir: absolute(state.workdir, step.value) }
    case 'user':
      return { ...state, user: step.value.split(':')[0] ?? step.value }
    case 'from':
    case 'copy':
    case 'run':
    case 'healthcheck':
    case 'expose':
    case 'start':
      return state
  }
}

/** A path in the image as an absolute one without `.`, `..` and a slash at its end. */
export function absolute(workdir: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${workdir}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** Replaces `$NAME` and `${NAME}`; what is not known stays. */
export function withVariables(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, plain: string | undefined) => {
    const name = braced ?? plain ?? ''
    return Object.hasOwn(environment, name) ? (environment[name] ?? whole) : whole
  })
}

/** True when the path is that directory or lies in it. */
export function isInside(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`)
}

/** True when one of the paths holds the other, or they are the same. */
export function overlaps(one: string, other: string): boolean {
  return isInside(one, other) || isInside(other, one)
}
