import { isDigest } from '../domain/digest.js'
import type { Release, ReleaseImage } from '../domain/release.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { ServiceTags } from '../domain/tag-report.js'
import { RampartError } from '../errors/rampart-error.js'
import type { EventBody } from '../events/event.js'
import type { GitTags, Standing } from '../ports/git-tags.js'
import type { Registry } from '../ports/registry.js'
import { bareVersion } from '../release/version.js'
import type { Check } from '../rollout/driver.js'
import { verifyTags, type MadeOf, type TagPolicy } from './registry-verify.js'
import type { ReleaseKeeper } from './release-steps.js'
import { endOf, inPhase, Interruption, type Ended, type RunContext } from './run.js'
import { tagMessage } from './tag-message.js'

export interface NamingOptions {
  readonly version: string
  /** True when the cloud is a rehearsal: the git tag is real, and says so. */
  readonly simulated: boolean
  /** A directory of the repository. */
  readonly directory: string
  readonly git: GitTags
  readonly registry: () => Promise<Registry>
  /** Templates of the tags that all images of the release get. */
  readonly releaseTags: readonly string[]
  /** Templates of the tags of each service. */
  readonly serviceTags: Readonly<Record<string, readonly string[]>>
  readonly expand: TagPolicy['expand']
}

/** A tag whose template has a placeholder belongs to one image for good. */
const isFixed = (template: string): boolean => template.includes('{')

const nameOf = ({ repository }: ReleaseImage): string => parseImageRef(repository)?.repository ?? repository

const fail = (detail: string, remedy: string): readonly Check[] => [{ name: 'version', result: 'fail', detail, remedy }]

/** The version that a release is to get: whether it may, and what it is then given. */
export class Naming {
  readonly options: NamingOptions
  #standing: Promise<Standing | undefined> | undefined
  #checks: Promise<readonly Check[]> | undefined
  /** What this run has told, for the message of the tag. */
  readonly told: EventBody[] = []

  constructor(options: NamingOptions) {
    this.options = options
  }

  /** The same run, of which the tag will tell. */
  tap(run: RunContext): RunContext {
    return {
      ...run,
      emit: (event) => {
        run.emit(event)
        if (event.type === 'phase.finished' || event.type === 'proof') this.told.push(event)
      },
    }
  }

  /** How the tree stood when it was first asked. */
  standing(): Promise<Standing | undefined> {
    const { git, directory, version } = this.options
    return (this.#standing ??= git.standing(directory, version))
  }

  /** Whether this tree may be released under the version; asked once, changes nothing. */
  checks(): Promise<readonly Check[]> {
    return (this.#checks ??= this.#check())
  }

  async #check(): Promise<readonly Check[]> {
    const { git, directory, version } = this.options
    try {
      const standing = await this.standing()
      if (standing === undefined) return fail(`${version} needs a git repository with a commit`, 'git init')
      const { commit, changes, local, origin } = standing
      const short = commit.slice(0, 12)
      if (changes.length > 0) {
        const more = changes.length > 5 ? ` and ${changes.length - 5} more` : ''
        const shown = changes.slice(0, 5).map((line) => line.trim())
        return fail(`the tree differs from its commit: ${shown.join(', ')}${more}`, 'commit or stash what differs')
      }
      if (origin === undefined)
        return fail('the repository has no remote named origin', 'git remote add origin ADDRESS')
      for (const [where, tag] of [
        ['here', local],
        ['at origin', origin.tag],
      ] as const) {
        if (tag === undefined || tag === commit) continue
        return fail(`${version} is ${tag.slice(0, 12)} ${where}, not ${short}`, 'give this release another version')
      }
      if (!origin.hasCommit) return fail(`no branch of origin has ${short}`, 'git push origin HEAD')
      if (origin.tag === undefined) await git.tryTag(directory, version, commit)
      return [{ name: 'version', result: 'ok', detail: `${version} is to name ${short}, which origin has` }]
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      return fail(error.message, 'let git reach origin, and push tags there, from here')
    }
  }

  /** Before anything is pushed: the tree is still the same, and no other image has a tag that is to be this one's alone. */
  async recheck(release: Release): Promise<void> {
    const { git, directory, version, releaseTags } = this.options
    const [standing, now, registry] = await Promise.all([
      this.standing(),
      git.checkedOut(directory),
      this.options.registry(),
    ])
    const problems = release.images.map(async (image) => {
      const fixed = releaseTags.filter(isFixed).flatMap((template) => this.#expand(template, standing))
      const found = await Promise.all(fixed.map(async (tag) => [tag, await digestAt(registry, image, tag)] as const))
      return found.flatMap(([tag, digest]) =>
        digest === undefined || digest === image.digest
          ? []
          : [{ message: `${image.repository}:${tag} is ${digest} already, another image than this release's` }],
      )
    })
    const taken = (await Promise.all(problems)).flat()
    if (taken.length > 0) {
      throw new RampartError('preflight', `${version} is taken; nothing was changed.`, {
        problems: taken,
        next: ['give this release another version'],
      })
    }
    if (now !== undefined && now.commit === standing?.commit && now.changes.length === 0) return
    throw new RampartError('preflight', 'The tree has changed while it was built; nothing was changed elsewhere.', {
      next: ['run the same command again when nobody works in the tree'],
    })
  }

  /** Every tag of an image, compared with it. */
  async look(image: ReleaseImage, registry: Registry): Promise<ServiceTags> {
    const { releaseTags, serviceTags, expand } = this.options
    const standing = await this.standing()
    const own = serviceTags[image.service] ?? []
    return verifyTags(
      {
        service: image.service,
        repository: nameOf(image),
        templates: [...new Set([...own, ...releaseTags])],
        // Those of the service are about the image, and say what its labels say; those of the release are about the commit.
        expand: (template, madeOf: MadeOf) =>
          own.includes(template) ? expand(template, madeOf) : this.#expand(template, standing)[0],
        serving: image.digest,
      },
      registry,
    )
  }

  #expand(template: string, standing: Standing | undefined): readonly string[] {
    const version = bareVersion(this.options.version)
    const tag = this.options.expand(template, { version, ...(standing !== undefined && { commit: standing.commit }) })
    return tag === undefined ? [] : [tag]
  }
}

const digestAt = async (registry: Registry, image: ReleaseImage, tag: string) =>
  (await registry.headManifest(nameOf(image), tag))?.digest

interface NameRequest {
  readonly naming: Naming
  readonly keeper?: ReleaseKeeper
  readonly release: Release
  /** What the lock is for. */
  readonly doing: string
  /** How the deploy has ended: well. */
  readonly ended: Ended
  readonly comeBack: string
}

/**
 * Gives a release that is proved its version: the tags of its images, compared with what was released; the ledger; and
 * last, when all that is there, the git tag at `origin`. What is there already is left as it is. Whatever is missing in
 * the end is told as such, beside what serves.
 */
export async function nameRelease(request: NameRequest, run: RunContext): Promise<Ended> {
  const { naming, keeper, release, ended, comeBack } = request
  const { version } = naming.options
  try {
    const problems = await inPhase(run, 'tags', async () => {
      await keeper?.take(`naming ${release.id} ${version}`, run)
      const missing = await nameAll(request, run)
      const isDone = missing.length === 0
      return { value: missing, detail: isDone ? version : 'incomplete', ...(!isDone && { outcome: 'failed' }) }
    })
    if (problems.length > 0) return incomplete(request, problems)
    return { ...ended, message: `${ended.message.replace(/\.$/, '')}, as ${version}.` }
  } catch (error) {
    if (!(error instanceof RampartError || error instanceof Interruption)) throw error
    const { message, problems = [], next } = endOf(error)
    const why = error instanceof Interruption ? error.message : message
    const end = incomplete(request, [why, ...problems])
    return { ...end, next: [comeBack, ...next] }
  }
}

function incomplete({ naming, ended, comeBack }: NameRequest, problems: readonly string[]): Ended {
  return {
    ending: 'verification',
    message: `${ended.message.replace(/\.$/, '')}, but it is not ${naming.options.version} everywhere yet.`,
    problems,
    next: [comeBack],
  }
}

/** What is missing in the end. */
async function nameAll({ naming, keeper, release }: NameRequest, run: RunContext): Promise<readonly string[]> {
  const registry = await naming.options.registry()
  const { version } = naming.options
  const perImage = release.images.map(async (image) => {
    const failures = await tagImage({ naming, keeper, image, registry }, run)
    const { tags } = await naming.look(image, registry)
    const wrong = tags.filter(({ state }) => state === 'missing' || state === 'other')
    const good = tags.flatMap(({ tag, state }) => (state === 'same' && tag !== null ? [tag] : []))
    if (wrong.length === 0) {
      const detail = `${image.service}: ${[...new Set(good)].join(', ')} at ${image.digest.slice(0, 19)}`
      run.emit({ type: 'check.done', name: 'tags', result: 'ok', detail })
    }
    return wrong.map(({ tag, state, digest }) => {
      const where = state === 'missing' ? 'is missing' : `is ${digest ?? ''}, not ${image.digest}`
      const why = failures.get(tag ?? '')
      return `${image.repository}:${tag ?? ''} ${where}${why === undefined ? '' : `: ${why}`}`
    })
  })
  const missing = (await Promise.all(perImage)).flat()
  for (const detail of missing) run.emit({ type: 'check.done', name: 'tags', result: 'fail', detail })
  if (missing.length > 0) return [...missing, `the git tag ${version} waits for the tags of the images`]
  const standing = await naming.standing()
  if (standing === undefined) return [`the git tag ${version}: there is no commit`]
  const { commit, subject } = standing
  await keeper?.requireLock()
  await keeper?.name(release, { commit, subject, dirty: false, version })
  return tagCommit({ naming, keeper, release, standing }, run)
}

interface Tagging {
  readonly naming: Naming
  readonly keeper: ReleaseKeeper | undefined
}

/** Moves what may be moved to the image, by its manifest alone; why that failed, by tag. */
async function tagImage(
  { naming, keeper, image, registry }: Tagging & { readonly image: ReleaseImage; readonly registry: Registry },
  run: RunContext,
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>()
  const { tags } = await naming.look(image, registry)
  const wanted = tags.filter(({ state }) => state === 'missing' || state === 'other')
  if (wanted.length === 0) return failures
  const manifest = await registry.getManifest(nameOf(image), image.digest)
  for (const { tag, template, state } of wanted) {
    if (tag === null || isDigest(tag)) continue
    if (state === 'other' && isFixed(template)) {
      failures.set(tag, 'such a tag is never moved')
      continue
    }
    if (manifest === undefined) {
      failures.set(tag, 'the registry does not have the image any more')
      continue
    }
    run.signal.throwIfAborted()
    // oxlint-disable no-await-in-loop -- each under the lock, and no harm is done half-way
    await keeper?.requireLock()
    try {
      await registry.putManifest(nameOf(image), tag, manifest.descriptor.mediaType, manifest.bytes)
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      failures.set(tag, error.message)
    }
    // oxlint-enable no-await-in-loop
  }
  return failures
}

async function tagCommit(
  { naming, keeper, release, standing }: Tagging & { readonly release: Release; readonly standing: Standing },
  run: RunContext,
): Promise<readonly string[]> {
  const { git, directory, version } = naming.options
  const { commit } = standing
  // Others may have made it meanwhile, as who deploys the same commit elsewhere.
  const now = await git.standing(directory, version)
  const elsewhere = [now?.local, now?.origin?.tag].find((tag) => tag !== undefined && tag !== commit)
  if (elsewhere !== undefined) return [`the git tag ${version} is ${elsewhere.slice(0, 12)} by now`]
  if (now?.origin?.tag === undefined) {
    run.signal.throwIfAborted()
    await keeper?.requireLock()
    if (now?.local === undefined) {
      await git.createTag(directory, version, commit, tagMessage(naming.options, release, naming.told))
    }
    await keeper?.requireLock()
    await git.pushTag(directory, version)
  }
  const detail = `${version} is ${commit.slice(0, 12)} at origin`
  run.emit({ type: 'check.done', name: 'tags', result: 'ok', detail })
  return []
}
