import type { Performed, SharedFlags } from '../../base-command.js'
import { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import { exitCodes } from '../errors/exit-codes.js'
import { diffReleases, findRow } from '../operations/releases-diff.js'
import { listReleases, type ReleasesRequest } from '../operations/releases.js'
import { Ledger } from '../release/ledger.js'
import { differenceText, releasesText } from '../report/releases-text.js'
import type { Archive } from '../rollout/archive.js'
import { clockFrom } from '../system/clock.js'
import { configure, repositories, secretsOf } from './configure.js'
import { composeDriver, ecsOptions } from './driver.js'
import { placeOf } from './keeper.js'
import { streamPage } from './perform.js'
import { createMask, type Mask } from '../terminal/mask.js'

interface ReleasesFlags extends SharedFlags {
  readonly limit: number
}

/** How many releases `diff` knows by name. */
const comparable = 100

/** What the platform keeps of the revisions of an environment. */
export async function archiveOf(
  config: Config,
  aws: ReturnType<typeof createAws>,
  registryHost: string,
): Promise<Archive> {
  const { app, environment } = config
  const { target, region, name } = environment
  if (target.kind === 'asg') {
    const { createAsgArchive } = await import('../rollout/asg/archive.js')
    const options = { group: target.group, app, environment: name, registryHost, repositories: repositories(config) }
    return createAsgArchive(options, aws)
  }
  const [{ createEcs }, { createEcsArchive }] = await Promise.all([
    import('../aws/ecs.js'),
    import('../rollout/ecs/archive.js'),
  ])
  const options = { rollout: ecsOptions(config, target), app, environment: name, registryHost }
  return createEcsArchive(options, createEcs({ region }))
}

async function openRequest(flags: SharedFlags, limit: number): Promise<Opened> {
  const config = await configure(flags)
  const { environment } = config
  const aws = createAws({ region: environment.region })
  const clock = clockFrom(process.env['RAMPART_CLOCK'])
  const registryHost = environment.registry ?? new URL((await aws.account.registryAuthorization()).endpoint).host
  return {
    request: {
      app: config.app,
      environment: environment.name,
      ledger: environment.release.ledger ? new Ledger(aws.parameters, placeOf(config)) : undefined,
      archive: await archiveOf(config, aws, registryHost),
      driver: await composeDriver(config, aws, clock),
      registryHost,
      repositories: repositories(config),
      limit,
    },
    now: clock.now(),
    mask: createMask(secretsOf(config)),
    simulation: process.env['RAMPART_SIMULATION'],
  }
}

interface Opened {
  readonly request: ReleasesRequest
  readonly now: number
  readonly mask: Mask
  readonly simulation: string | undefined
}

/** `rampart releases`. */
export async function runReleases(flags: ReleasesFlags): Promise<Performed> {
  const { request, now, mask, simulation } = await openRequest(flags, flags.limit)
  const list = await listReleases(request)
  if (!flags.json) {
    process.stdout.write(`${mask(releasesText(list, streamPage(process.stdout, flags), now, simulation))}\n`)
  }
  return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation !== undefined, ...list } }
}

/** `rampart releases diff`. */
export async function runReleasesDiff(flags: SharedFlags, from: string, to: string | undefined): Promise<Performed> {
  const { request, mask, simulation } = await openRequest(flags, comparable)
  const { releases } = await listReleases(request)
  const before = findRow(releases, from)
  const serving = releases.find((row) => row.serving)
  const after = to === undefined && serving !== undefined ? serving : findRow(releases, to ?? 'that serves')
  const difference = await diffReleases(before, after, request.archive)
  if (!flags.json) {
    process.stdout.write(`${mask(differenceText(difference, streamPage(process.stdout, flags), simulation))}\n`)
  }
  return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation !== undefined, ...difference } }
}
