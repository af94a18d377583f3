import { formatBytes } from '../domain/format-bytes.js'
import { modelName, type BurstForecast, type CachedModel, type CacheStatus } from '../domain/model-cache.js'
import { cleanLine } from '../terminal/clean.js'
import { formatDuration } from '../terminal/format.js'
import { sign, simulatedLines, type Page } from './page.js'

interface About {
  readonly environment: string
  /** The commands that fill it and that make it as it should be. */
  readonly fill: string
  readonly mend: string
  readonly simulation: string | undefined
}

interface Line {
  readonly sign: 'ok' | 'warn' | 'fail'
  readonly name: string
  readonly text: string
}

/** A start that waits longer than this for its models is late. */
const patience = 60_000

/** What there is to say of the file system itself; `fail` is what is not as rampart.yml says. */
export function cacheTroubles(status: CacheStatus): readonly Line[] {
  const { state, bytes, throughput, wantedThroughput, burst, mounts, unmounted } = status
  return [
    {
      sign: state === 'available' ? 'ok' : 'fail',
      name: 'file system',
      text: `${status.fileSystem}, ${state}, ${formatBytes(bytes)}`,
    },
    throughput === wantedThroughput
      ? { sign: 'ok', name: 'throughput', text: throughput }
      : { sign: 'fail', name: 'throughput', text: `${throughput}; rampart.yml says ${wantedThroughput}` },
    ...(burst === null ? [] : [burstLine(burst)]),
    ...mounts.map(({ subnet, zone, state: own }): Line => ({
      sign: own === 'available' ? 'ok' : 'warn',
      name: 'mount target',
      text: `${zone}, ${subnet}: ${own}`,
    })),
    ...unmounted
      .filter((subnet) => !mounts.some((one) => one.subnet === subnet))
      .map((subnet): Line => ({
        sign: 'fail',
        name: 'mount target',
        text: `${subnet}: none, nothing there can mount it`,
      })),
  ]
}

/** How long the credits last, and what becomes of a start afterwards: the trap of a small file system. */
function burstLine({ credits, fullSpeed, starvedSpeed, emptyAfter, load }: BurstForecast): Line {
  const trap =
    load === null
      ? `then ${formatBytes(starvedSpeed)}/s`
      : `then ${formatBytes(starvedSpeed)}/s: a start reads its models in ${formatDuration(load.starved)}, not ${formatDuration(load.full)}`
  const isLate = load !== null && load.starved > patience
  if (credits === null || emptyAfter === null) {
    return { sign: isLate ? 'warn' : 'ok', name: 'burst credits', text: `not measured yet; without any, ${trap}` }
  }
  if (credits < 1) return { sign: 'fail', name: 'burst credits', text: `gone; ${trap.replace('then', 'now')}` }
  const left = `${formatBytes(credits)}, empty after ${formatDuration(emptyAfter)} at ${formatBytes(fullSpeed)}/s`
  return { sign: isLate ? 'warn' : 'ok', name: 'burst credits', text: `${left}; ${trap}` }
}

const states = {
  complete: { sign: 'ok', word: 'complete' },
  missing: { sign: 'fail', word: 'missing' },
  unwanted: { sign: 'warn', word: 'not in rampart.yml' },
} as const

function modelLine(model: CachedModel, width: number, page: Page): string {
  const { sign: glyph, word } = states[model.state]
  const size = model.bytes === null ? '' : `  ${formatBytes(model.bytes)} in ${model.files} files`
  const proved = model.provedAt === null ? '' : `, proved ${model.provedAt}`
  return `${sign(page, glyph)} ${word.padEnd(18)} ${cleanLine(modelName(model)).padEnd(width)}${size}${proved}`.trimEnd()
}

/** The state of a model cache for people. */
export function cacheText(status: CacheStatus, about: About, page: Page): string {
  const { models, path } = status
  const troubles = cacheTroubles(status)
  const width = Math.max(0, ...models.map((one) => modelName(one).length))
  const missing = models.filter(({ state }) => state === 'missing').length
  const wanted = models.filter(({ state }) => state !== 'unwanted').length
  const late = troubles.find(({ name, sign: one }) => name === 'burst credits' && one !== 'ok')
  const broken = troubles.some(({ name, sign: one }) => name !== 'burst credits' && one === 'fail')
  const end =
    missing > 0
      ? `${sign(page, 'warn')} warning  ${missing} of ${wanted} models missing in ${about.environment}`
      : `${sign(page, 'ok')} ok  all ${wanted} models of rampart.yml are there; services find them at ${path}`
  const next = [
    ...(missing > 0 ? [about.fill] : []),
    ...(broken ? [about.mend] : []),
    ...(late === undefined ? [] : ['infra.modelCache.throughput: elastic in rampart.yml has no credits to lose']),
  ]
  return [
    ...simulatedLines(page, about.simulation),
    ...troubles.map(({ sign: glyph, name, text }) => `${sign(page, glyph)} ${name.padEnd(13)}  ${text}`),
    ...models.map((model) => modelLine(model, width, page)),
    end,
    ...next.map((one) => `  ${sign(page, 'arrow')} ${one}`),
  ].join('\n')
}
