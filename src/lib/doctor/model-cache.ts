import { absolute, overlaps, type Situated } from './build-file.js'
import type { Download } from './downloads.js'
import { commandsOf } from './downloads.js'
import { findingAt, type Graded } from './outcome.js'
import type { WalkedService } from './service-files.js'

type Environment = Readonly<Record<string, string>>

/** Where the hub's libraries keep models, by who asks. */
interface Caches {
  readonly hub: string
  readonly transformers: string
  readonly sentenceTransformers: string
}

const set = (value: string | undefined): string | undefined => (value === '' ? undefined : value)

// https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
function cachesOf(environment: Environment, home: string, workdir: string): Caches {
  const at = (path: string): string => absolute(workdir, path.replace(/^~(?=\/|$)/, home))
  const root = set(environment['HF_HOME']) ?? `${set(environment['XDG_CACHE_HOME']) ?? `${home}/.cache`}/huggingface`
  const hub = set(environment['HF_HUB_CACHE']) ?? set(environment['HUGGINGFACE_HUB_CACHE']) ?? `${root}/hub`
  return {
    hub: at(hub),
    transformers: at(set(environment['TRANSFORMERS_CACHE']) ?? hub),
    sentenceTransformers: at(set(environment['SENTENCE_TRANSFORMERS_HOME']) ?? hub),
  }
}

/** The home directories of the users that the files make, by name and by number. */
function homes(steps: readonly Situated[]): ReadonlyMap<string, string> {
  const known = new Map([
    ['root', '/root'],
    ['0', '/root'],
    ['', '/root'],
    ['node', '/home/node'],
  ])
  for (const step of steps) {
    if (step.kind !== 'run') continue
    for (const { name, words } of commandsOf(step)) {
      if (name !== 'useradd' && name !== 'adduser') continue
      const after = (...flags: string[]): string | undefined => {
        const index = words.findIndex((word) => flags.some((flag) => word === flag || word.startsWith(`${flag}=`)))
        const word = words[index] ?? ''
        return index < 0 ? undefined : word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[index + 1]
      }
      const user = words.findLast((word, index) => !word.startsWith('-') && !takesValue(words[index - 1])) ?? ''
      const home = after('-d', '--home-dir', '--home', '-h') ?? `/home/${user}`
      known.set(user, home)
      const id = after('-u', '--uid')
      if (id !== undefined) known.set(id, home)
    }
  }
  return known
}

const valued =
  /^(?:-[dughcskGbepK]|-S?G|--(?:home-dir|home|uid|gid|ingroup|comment|gecos|shell|groups|base-dir|skel|password))$/
const takesValue = (word: string | undefined): boolean => word !== undefined && valued.test(word)

function homeOf(user: string, environment: Environment, known: ReadonlyMap<string, string>): string {
  return set(environment['HOME']) ?? known.get(user) ?? (/^\d+$/.test(user) ? '/' : `/home/${user}`)
}

const ownDirectory = /(?:--local[-_]dir|--cache[-_]dir|\b(?:local_dir|cache_dir|cache_folder)\s*=)/

/** True for what puts models where the hub's libraries decide. */
function usesCache({ kind, command }: Download): boolean {
  return (
    kind === 'model' && !/^(?:git|curl|wget|aria2c)$/.test(command.name) && !ownDirectory.test(command.words.join(' '))
  )
}

/** A cache that a download fills. */
export interface FilledCache extends Caches {
  readonly by: Download
  /** The directories in it that hold what was downloaded. */
  readonly directories: readonly string[]
}

/** The caches that the downloads of these files fill, each with the download that does. */
export function filledCaches({ all }: Pick<WalkedService, 'all'>): readonly FilledCache[] {
  const known = homes(all.flatMap(({ steps }) => steps))
  return all
    .flatMap(({ downloads }) => downloads.filter(usesCache))
    .map((by) => {
      const { user, workdir } = by.step.before
      const caches = cachesOf(by.environment, homeOf(user, by.environment, known), workdir)
      const directories = by.models.map((id) => `${caches.hub}/models--${id.replace('/', '--')}`)
      return { ...caches, by, directories: directories.length === 0 ? [caches.hub] : directories }
    })
}

function appCaches(service: WalkedService): Caches {
  const { environment, user, workdir } = service.app.after
  const known = homes(service.all.flatMap(({ steps }) => steps))
  return cachesOf(environment, homeOf(user, environment, known), workdir)
}

/** The directory in which the app looks for models. */
export function cacheOfApp(service: WalkedService): string {
  return appCaches(service).hub
}

/** Whether the app, as the user it runs as, finds the models where the build has put them, and may read them. */
export function modelCacheFindings(service: WalkedService): readonly Graded[] {
  const { after } = service.app
  const looks = appCaches(service)
  const isRoot = ['root', '0', ''].includes(after.user)
  const found: Graded[] = []
  for (const cache of filledCaches(service)) {
    const { step, command } = cache.by
    const place = step.placeOf(command.at)
    const edit = `put ENV HF_HOME=/opt/models/huggingface before ${place.file}:${place.line}: the build fills it, and every user finds it`
    const mount = step.mounts.find((one) => overlaps(one, cache.hub))
    if (mount !== undefined) {
      found.push({
        result: 'fail',
        ...findingAt(
          place,
          `the models go to ${cache.hub}, which lies in the mount ${mount}: nothing in a mount is in the image`,
          `remove --mount from ${place.file}:${step.place.line}, or let HF_HOME name another directory`,
        ),
      })
    } else if (cache.hub !== looks.hub) {
      found.push({
        result: 'fail',
        ...findingAt(
          place,
          `the models go to ${cache.hub} as ${step.before.user || 'root'}; the app runs as ${after.user || 'root'} and looks in ${looks.hub}`,
          edit,
        ),
      })
    } else if (!isRoot && overlaps('/root', cache.hub)) {
      found.push({
        result: 'fail',
        ...findingAt(place, `the models are in ${cache.hub}, which ${after.user} may not enter`, edit),
      })
    } else {
      const other =
        cache.transformers !== looks.transformers
          ? ([cache.transformers, looks.transformers, 'TRANSFORMERS_CACHE'] as const)
          : cache.sentenceTransformers !== looks.sentenceTransformers
            ? ([cache.sentenceTransformers, looks.sentenceTransformers, 'SENTENCE_TRANSFORMERS_HOME'] as const)
            : undefined
      if (other === undefined) continue
      const [filled, looked, variable] = other
      found.push({
        result: 'warn',
        ...findingAt(
          place,
          `${variable} differs between build and app: models go to ${filled}, the app looks in ${looked}`,
          `set ${variable} once, before ${place.file}:${place.line}, or remove it: HF_HOME is enough`,
        ),
      })
    }
  }
  return found
}
