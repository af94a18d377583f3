import type { BaseFacts } from '../base/base-facts.js'
import { parseChmod } from '../recipe/chmod.js'
import { copyInto, type ContextIndex } from './copy.js'
import { expand, expandWords } from '../recipe/expand.js'
import type { ContainerConfig } from '../image-config.js'
import { joinPath } from '../context/paths.js'
import type { Recipe } from '../recipe/recipe.js'
import {
  checkSignal,
  commandWords,
  describeHealthcheck,
  healthcheckOf,
  parsePorts,
  setVariable,
  SettingProblem,
} from '../recipe/settings.js'
import type { CopyStep, Step } from '../recipe/step.js'
import type { Tree } from './tree.js'
import { resolveOwner, type Owner } from './users.js'

/** An image while its instructions are carried out, one after the other. */
export interface Build {
  readonly recipe: Recipe
  readonly facts: BaseFacts
  readonly tree: Tree
  readonly index: ContextIndex
  /** What `$name` stands for: the environment and the arguments, the later one winning. */
  readonly variables: Map<string, string>
  config: ContainerConfig
  author: string | undefined
  /** Whether this Dockerfile has set CMD itself; a CMD of the base does not outlive an ENTRYPOINT. */
  commandSet: boolean
  readonly history: { readonly text: string; readonly touches: boolean }[]
  readonly notes: string[]
}

/** Carries out one instruction as BuildKit does. What is wrong with it is thrown by the part that finds it. */
export function performStep(build: Build, step: Step): void {
  const word = (raw: string): string => expand(raw, build.recipe.escape, (name) => build.variables.get(name))
  const remember = (text: string, touches = false): void => void build.history.push({ text, touches })
  switch (step.kind) {
    case 'arg':
      performArg(build, step, word)
      // The value given from outside stays out of the history, as it does with Docker.
      remember(step.text)
      break
    case 'env': {
      // One line sees the variables as they were before it.
      const pairs = step.pairs.map(({ key, value }) => [word(key), word(value)] as const)
      for (const [name, value] of pairs) {
        if (name === '') throw new SettingProblem('this ENV has no name')
        build.variables.set(name, value)
        build.config = { ...build.config, Env: setVariable(build.config.Env ?? [], name, value) }
      }
      remember(`ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`)
      break
    }
    case 'label': {
      const pairs = step.pairs.map(({ key, value }) => [word(key), word(value)] as const)
      build.config = { ...build.config, Labels: { ...build.config.Labels, ...Object.fromEntries(pairs) } }
      remember(`LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`)
      break
    }
    case 'workdir': {
      const path = word(step.value)
      const directory = path.startsWith('/') ? joinPath(path) : joinPath('/', build.config.WorkingDir ?? '', path)
      const user = build.config.User ?? ''
      // As with BuildKit, a directory that WORKDIR makes belongs to the USER of that point.
      build.tree.makeDirectories(build.tree.resolve(directory), ownerOf(user, build.facts))
      build.config = { ...build.config, WorkingDir: directory }
      remember(`WORKDIR ${directory}`, directory !== '/')
      break
    }
    case 'copy':
      performCopy(build, step, word)
      remember(step.text, true)
      break
    case 'user':
      build.config = { ...build.config, User: word(step.value) }
      remember(`USER ${build.config.User}`)
      break
    case 'expose': {
      const words = step.values.flatMap((raw) =>
        expandWords(raw, build.recipe.escape, (name) => build.variables.get(name)),
      )
      const ports = words.flatMap(parsePorts)
      const exposed = Object.fromEntries(ports.map((port) => [port, {}]))
      build.config = { ...build.config, ExposedPorts: { ...build.config.ExposedPorts, ...exposed } }
      remember(`EXPOSE ${ports.join(' ')}`)
      break
    }
    case 'volume': {
      const volumes = step.values.map(word)
      if (volumes.includes('')) throw new SettingProblem('a VOLUME is empty')
      const declared = Object.fromEntries(volumes.map((volume) => [volume, {}]))
      build.config = { ...build.config, Volumes: { ...build.config.Volumes, ...declared } }
      remember(`VOLUME [${volumes.join(' ')}]`)
      break
    }
    case 'cmd': {
      const words = commandWords(step.command, build.config.Shell)
      build.config = { ...build.config, Cmd: words, ArgsEscaped: true }
      build.commandSet = true
      remember(`CMD ${JSON.stringify(words)}`)
      break
    }
    case 'entrypoint': {
      const words = commandWords(step.command, build.config.Shell)
      const { Cmd, ...rest } = build.config
      build.config = { ...rest, Entrypoint: words, ...(build.commandSet && Cmd !== undefined && { Cmd }) }
      remember(`ENTRYPOINT ${JSON.stringify(words)}`)
      break
    }
    case 'shell':
      build.config = { ...build.config, Shell: step.words }
      remember(`SHELL ${JSON.stringify(step.words)}`)
      break
    case 'stopsignal':
      build.config = { ...build.config, StopSignal: checkSignal(word(step.value)) }
      remember(`STOPSIGNAL ${build.config.StopSignal}`)
      break
    case 'maintainer':
      build.author = step.value
      remember(`MAINTAINER ${step.value}`)
      break
    case 'healthcheck':
      build.config = { ...build.config, Healthcheck: healthcheckOf(step) }
      remember(describeHealthcheck(step))
      break
    default:
  }
}

function performArg(build: Build, step: Step & { readonly kind: 'arg' }, word: (raw: string) => string): void {
  const { buildArgs, globals } = build.recipe
  // As with ENV, one line sees the variables as they were before it.
  const items = step.items.map((item) => ({
    name: word(item.name),
    value: item.value === undefined ? undefined : word(item.value),
  }))
  for (const item of items) {
    const given = Object.hasOwn(buildArgs, item.name) ? buildArgs[item.name] : undefined
    const value = given ?? item.value ?? globals.get(item.name)
    if (value !== undefined) build.variables.set(item.name, value)
  }
}

function performCopy(build: Build, step: CopyStep, word: (raw: string) => string): void {
  const chmod = step.chmod === undefined ? undefined : word(step.chmod)
  const change = chmod === undefined ? undefined : parseChmod(chmod)
  if (chmod !== undefined && change === undefined) {
    throw new SettingProblem(`--chmod=${chmod} is not a mode; write e.g. 755 or u=rwX,go=rX`)
  }
  const written = word(step.destination)
  const directory = written === '' || written === '.' || written.endsWith('/')
  const path = written.startsWith('/') ? joinPath(written) : joinPath('/', build.config.WorkingDir ?? '/', written)
  const notes = copyInto(build.tree, build.index, {
    sources: step.sources.map(word),
    destination: directory && path !== '/' ? `${path}/` : path,
    owner: ownerOf(step.chown === undefined ? '' : word(step.chown), build.facts),
    chmod: change,
    add: step.add,
  })
  build.notes.push(...notes)
}

/** Looked up when it is first needed, so that a name that no file needs does not have to be known. */
function ownerOf(text: string, facts: BaseFacts): () => Owner {
  let owner: Owner | undefined
  return () => (owner ??= text === '' ? { uid: 0, gid: 0 } : resolveOwner(text, facts))
}
