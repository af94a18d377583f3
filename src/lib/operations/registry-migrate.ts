import { formatBytes } from '../domain/format-bytes.js'
import { mediaTypes } from '../domain/media-types.js'
import type { MigratedImage, Migration } from '../domain/migration.js'
import { formatProblem } from '../errors/format.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Registry } from '../ports/registry.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import type { Check } from '../rollout/driver.js'
import { allManifests, planCopy, type CopyPlan, type MissingBlob, type PlannedImage } from './registry-plan.js'
import { placeName } from './registry-places.js'
import { readSource, type Selection, type SourceImage } from './registry-source.js'
import { transfer, type Transferred } from './registry-transfer.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface MigrateRequest {
  readonly source: Registry
  readonly target: Registry
  readonly selections: () => Promise<readonly Selection[]>
  readonly dryRun: boolean
  /** Has the repositories of the target, made where somebody agrees; says so only in a dry run. */
  readonly prepare: (images: readonly SourceImage[]) => Promise<readonly Check[]>
}

interface Plan {
  readonly plan: CopyPlan
  readonly failures: Map<PlannedImage, string>
}

// A list that nobody reads to its end is no help.
const mostProblems = 20

/** Copies images from registry to registry, or says what it would copy. What the target has is left as it is. */
export async function migrate(
  request: MigrateRequest,
  run: RunContext,
): Promise<{ readonly ended: Ended; readonly migration: Migration | undefined }> {
  const { source, target, dryRun } = request
  const plan = await inPhase(run, 'preflight', async () => {
    const images = await unlessStopped(run.signal, readImages(request))
    const manifests = images.reduce((sum, image) => sum + allManifests(image).length, 0)
    const detail = `${counted(images.length, 'image')} of ${counted(manifests, 'manifest')}`
    run.emit({ type: 'check.done', name: `source ${source.host}`, result: 'ok', detail })
    for (const check of await request.prepare(images)) run.emit({ type: 'check.done', ...check })
    const value = await unlessStopped(run.signal, planCopy(target, images))
    if (!dryRun) await mayPush(target, value)
    const bytes = sumOf(value.missing)
    const left = value.images.filter(({ action }) => action !== 'none').length
    return {
      value,
      detail: left === 0 ? 'nothing to copy' : `${counted(left, 'image')} to do, ${formatBytes(bytes)} to copy`,
    }
  })
  const state: Plan = { plan, failures: new Map() }
  if (dryRun) {
    const message = `${words(plan)}; nothing was changed.`
    return { ended: { ending: 'done', message, next: [] }, migration: report(request, state, undefined) }
  }
  try {
    const transferred = await copy(request, state, run)
    await prove(request, state, run)
    const migration = report(request, state, transferred)
    return { ended: endOf(state, transferred), migration }
  } catch (error) {
    if (!(error instanceof Interruption)) throw error
    const next = ['run the same command again: it copies the rest only']
    return { ended: { ending: error.ending, message: error.message, next }, migration: undefined }
  }
}

/** Rejects before anything is sent when the target takes no uploads from us. */
async function mayPush(target: Registry, { missing }: CopyPlan): Promise<void> {
  await Promise.all([...new Set(missing.map(({ to }) => to))].map((to) => target.tryUpload(to)))
}

async function readImages({ source, selections }: MigrateRequest): Promise<readonly SourceImage[]> {
  const chosen = await selections()
  const images = await readSource(source, chosen)
  if (images.length > 0) return images
  const names = chosen.map(({ from }) => placeName(source.host, from)).join(', ')
  throw new RampartError('preflight', `There is no image to copy in ${names}.`, {
    next: ['check the name, the patterns of --tag, and that the account that is logged in may read it'],
  })
}

async function copy(
  { source, target }: MigrateRequest,
  { plan, failures }: Plan,
  run: RunContext,
): Promise<Transferred> {
  return inPhase(run, 'push', async () => {
    const tell = teller(run, plan)
    const value = await unlessStopped(
      run.signal,
      transfer(plan, {
        source,
        target,
        signal: run.signal,
        onProgress: tell,
        onImage: (image, error) => {
          if (error !== undefined) failures.set(image, messageOf(error))
          else if (image.action !== 'none') {
            const step = image.action === 'tag' ? 'tagged' : image.action === 'referrers' ? 'completed' : 'copied'
            run.emit({ type: 'image.step', service: image.to, step, detail: image.tags.join(', ') || image.digest })
          }
        },
      }),
    )
    const { copied, mounted } = value
    const shared = mounted.count === 0 ? '' : `, ${formatBytes(mounted.bytes)} mounted`
    const detail = `${formatBytes(copied.bytes)} copied${shared}`
    return failures.size === 0 ? { value, detail } : { value, detail, outcome: 'failed' }
  })
}

// Ten redraws a second are all that anybody sees; a line of NDJSON for each mebibyte of a gigabyte helps nobody.
const progressEvery = 100

/** Tells how far each blob is, at its end and now and then before. */
function teller(run: RunContext, plan: CopyPlan): (blob: MissingBlob, sent: number) => void {
  const last = new Map<MissingBlob, number>()
  for (const { to, blob } of plan.missing) {
    run.emit({ type: 'layer.progress', service: to, digest: blob.digest, sent: 0, total: blob.size })
  }
  return (one, sent) => {
    const { to, blob } = one
    const now = run.clock.now()
    if (sent < blob.size && now - (last.get(one) ?? 0) < progressEvery) return
    last.set(one, now)
    run.emit({ type: 'layer.progress', service: to, digest: blob.digest, sent, total: blob.size })
  }
}

/** Asks the target for every image by the names that it was given, and for what refers to it. */
async function prove({ target }: MigrateRequest, { plan, failures }: Plan, run: RunContext): Promise<void> {
  await inPhase(run, 'proof', async () => {
    const images = plan.images.filter((image) => !failures.has(image))
    const ask = async (image: PlannedImage): Promise<void> => {
      const names = [...(image.tags.length === 0 ? [image.digest] : image.tags)]
      const referrers = image.referrers.map(({ described }) => described.digest)
      const wanted = [
        ...names.map((name) => [name, image.digest] as const),
        ...referrers.map((digest) => [digest, digest] as const),
      ]
      const found = await Promise.all(wanted.map(([name]) => target.headManifest(image.to, name)))
      const wrong = wanted.filter(([, digest], index) => found[index]?.digest !== digest)
      if (wrong.length > 0) {
        const what = wrong.map(([name]) => name).join(', ')
        failures.set(image, `the target does not give back what was copied as ${what}`)
      }
    }
    await unlessStopped(run.signal, Promise.all(images.map(ask)))
    const detail = `${counted(plan.images.length - failures.size, 'image')} found at ${target.host} by digest`
    return failures.size === 0 ? { value: undefined, detail } : { value: undefined, detail, outcome: 'failed' }
  })
}

function report({ source, target, dryRun }: MigrateRequest, state: Plan, done: Transferred | undefined): Migration {
  const { images, missing, total } = state.plan
  const bytes = sumOf(missing)
  const nothing = { count: 0, bytes: 0 }
  return {
    dryRun,
    images: images.map((image): MigratedImage => {
      const error = state.failures.get(image) ?? null
      return {
        source: placeName(source.host, image.from),
        target: placeName(target.host, image.to),
        tags: image.tags,
        movedTags: image.movedTags,
        digest: image.digest,
        platforms: Math.max(1, image.manifests.filter(({ descriptor }) => !isIndex(descriptor.mediaType)).length),
        referrers: image.referrers.length,
        bytes: bytesOf(image),
        action: image.action,
        result: error !== null ? 'failed' : dryRun ? 'planned' : 'done',
        error,
      }
    }),
    blobs: {
      total,
      there: { count: total.count - missing.length, bytes: total.bytes - bytes },
      copied: done?.copied ?? nothing,
      mounted: done?.mounted ?? nothing,
    },
  }
}

const isIndex = (mediaType: string): boolean => mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList

function bytesOf(image: SourceImage): number {
  const manifests = allManifests(image)
  const parts = manifests.flatMap(({ descriptor, blobs }) => [descriptor, ...blobs])
  return [...new Map(parts.map(({ digest, size }) => [digest, size])).values()].reduce((sum, size) => sum + size, 0)
}

const sumOf = (blobs: readonly MissingBlob[]): number => blobs.reduce((sum, { blob }) => sum + blob.size, 0)
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function words({ images, missing }: CopyPlan): string {
  const left = images.filter(({ action }) => action !== 'none').length
  if (left === 0) return `All ${counted(images.length, 'image')} are there`
  return `${left} of ${counted(images.length, 'image')} to do: ${counted(missing.length, 'blob')}, ${formatBytes(sumOf(missing))}`
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function endOf({ plan, failures }: Plan, { copied, mounted }: Transferred): Ended {
  const { images } = plan
  if (failures.size > 0) {
    const problems = [...failures].map(([{ to, tags, digest }, message]) =>
      formatProblem({ message: `${to}${tags[0] === undefined ? `@${digest}` : `:${tags[0]}`}: ${message}` }),
    )
    const more = problems.length - mostProblems
    return {
      ending: 'unreachable',
      message: `${failures.size} of ${counted(images.length, 'image')} could not be copied.`,
      problems: [...problems.slice(0, mostProblems), ...(more > 0 ? [`and ${more} more`] : [])],
      next: ['run the same command again: it copies the rest only'],
    }
  }
  const there = images.filter(({ action }) => action === 'none').length
  const done = images.length - there
  if (done === 0)
    return { ending: 'done', message: `All ${counted(images.length, 'image')} were there already.`, next: [] }
  const parts = [
    `${counted(done, 'image')} done`,
    ...(there > 0 ? [`${there} there already`] : []),
    `${formatBytes(copied.bytes)} copied`,
    ...(mounted.count > 0 ? [`${formatBytes(mounted.bytes)} mounted`] : []),
  ]
  return { ending: 'done', message: `${parts.join(', ')}.`, next: [] }
}
