import type { Judged, VerifyTask } from './judged.js'

/** What the platform and the registry know of the release that serves. Asked anew each time. */
export interface ReleaseSource {
  /** Each image, and whether its registry has it: undefined when that can not be asked. */
  readonly images: () => Promise<
    readonly { readonly service: string; readonly image: string; readonly isThere: boolean | undefined }[]
  >
  /** How many targets each part of the fleet wants, and how many run. */
  readonly sizes: () => Promise<
    readonly { readonly name: string; readonly desired: number; readonly running: number }[]
  >
  /** What the load balancer says of each target that runs; `none` where it watches none. */
  readonly health: () => Promise<readonly { readonly id: string; readonly health: string; readonly reason?: string }[]>
  /**
   * The secrets that the targets need: the names of those that are there, what is missing and what should be mended
   * soon, in words, and the names of those that were not asked for.
   */
  readonly secrets: () => Promise<{
    readonly there: readonly string[]
    readonly missing: readonly string[]
    readonly doubtful: readonly string[]
    readonly unasked: readonly string[]
  }>
}

/** Milliseconds for which a fleet that has just been moved may still be settling. */
const settling = 60_000

const task = (name: string, retry: number, look: () => Promise<Judged>): VerifyTask => ({
  name,
  kind: 'release',
  alone: false,
  retry,
  look,
})

/** The checks of the release as the platform and the registry see it. */
export function releaseTasks(source: ReleaseSource): readonly VerifyTask[] {
  return [
    task('images', 0, async () => judgeImages(await source.images())),
    task('desired-count', settling, async () => judgeSizes(await source.sizes())),
    task('target-health', settling, async () => judgeHealth(await source.health())),
    task('secrets', 0, async () => judgeSecrets(await source.secrets())),
  ]
}

function judgeImages(images: Awaited<ReturnType<ReleaseSource['images']>>): Judged {
  const evidence = images.map(({ service, image }) => `${service}: ${image}`)
  const missing = images.filter(({ isThere }) => isThere === false)
  const [first] = missing
  if (first !== undefined) {
    const detail = `the registry does not have ${missing.map(({ image }) => image).join(', ')}`
    return { result: 'fail', detail, remedy: 'rampart deploy pushes what is missing', evidence }
  }
  if (images.some(({ isThere }) => isThere === undefined))
    return { result: 'skip', detail: 'only ECR is asked for images by digest', evidence }
  return { result: 'ok', detail: `${images.length} images are in the registry, by digest`, evidence }
}

function judgeSizes(sizes: Awaited<ReturnType<ReleaseSource['sizes']>>): Judged {
  const words = sizes.map(({ name, desired, running }) => `${name}: ${running} of ${desired}`)
  const isShort = sizes.some(({ desired, running }) => running < desired)
  return { result: isShort ? 'fail' : 'ok', detail: words.join(', '), evidence: words }
}

function judgeHealth(targets: Awaited<ReturnType<ReleaseSource['health']>>): Judged {
  const watched = targets.filter(({ health }) => health !== 'none')
  if (watched.length === 0) return { result: 'skip', detail: 'no load balancer watches the targets' }
  const words = watched.map(({ id, health, reason }) => `${id}: ${health}${reason === undefined ? '' : `, ${reason}`}`)
  const bad = watched.filter(({ health }) => health !== 'healthy')
  const detail = `${watched.length - bad.length} of ${watched.length} targets are healthy`
  return { result: bad.length === 0 ? 'ok' : 'fail', detail, evidence: words }
}

function judgeSecrets({ there, missing, doubtful, unasked }: Awaited<ReturnType<ReleaseSource['secrets']>>): Judged {
  const evidence = [...there.map((name) => `${name}: there`), ...unasked.map((name) => `${name}: not asked for`)]
  const [worst] = missing
  if (worst !== undefined) {
    const more = missing.length === 1 ? '' : `, and ${missing.length - 1} more`
    return {
      result: 'fail',
      detail: `${worst}${more}`,
      remedy: 'rampart secrets check says what to do; put back what the targets look for',
      findings: missing.map((detail) => ({ detail })),
      evidence,
    }
  }
  if (there.length === 0 && unasked.length === 0)
    return { result: 'skip', detail: 'the targets are launched with no secret of Parameter Store or Secrets Manager' }
  if (there.length === 0) return { result: 'skip', detail: `not asked for: ${unasked.join(', ')}` }
  const rest = unasked.length === 0 ? '' : `; not asked for: ${unasked.join(', ')}`
  const [oldest] = doubtful
  if (oldest !== undefined) {
    const findings = doubtful.map((detail) => ({ detail }))
    return { result: 'warn', detail: `${oldest}${rest}`, remedy: 'rampart secrets check', findings, evidence }
  }
  const count = `${there.length} ${there.length === 1 ? 'secret is' : 'secrets are'}`
  return { result: 'ok', detail: `${count} where the targets look for them${rest}`, evidence }
}
