import type { Performed, SharedFlags } from '../../base-command.js'
import type { createAws } from '../aws/index.js'
import { loadConfig, type Config } from '../config/index.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { listOrphans, reclaim, type Claimant, type Reclaimed, type ReclaimPorts } from '../operations/reclaim.js'
import type { OrphanSum } from '../plan/deploy-plan.js'
import { billOf } from '../plan/prices.js'
import type { RegionPrices } from '../domain/price-table.js'
import type { Clock } from '../ports/clock.js'
import { Ledger } from '../release/ledger.js'
import { bytesOf, type OrphanShelf } from '../release/orphans.js'
import { reclaimedText, reclaimText, type OrphanList } from '../report/reclaim-text.js'
import { clockFrom } from '../system/clock.js'
import { createMask } from '../terminal/mask.js'
import { configure, repositories, sameCommand, secretsOf } from './configure.js'
import { composeDriver } from './driver.js'
import { placeOf } from './keeper.js'
import { openCache } from './open-cache.js'
import { streamPage } from './perform.js'
import { canAsk } from './person.js'
import { pricesOf } from './prices.js'
import { archiveOf } from './releases.js'

interface ReclaimFlags extends SharedFlags {
  readonly yes: boolean
  readonly prices?: string | undefined
}

/** What `plan --reclaim --json` prints. */
interface ReclaimResult extends OrphanList {
  readonly v: 1
  readonly simulated: boolean
  /** What was deleted; null when nothing was to be. */
  readonly reclaimed: Reclaimed | null
}

/** `rampart plan --reclaim`. */
export async function runReclaim(flags: ReclaimFlags): Promise<Performed> {
  const config = await configure(flags)
  if (config.environment.registry !== undefined) {
    throw new RampartError('usage', `${config.environment.registry} is not ECR: rampart reclaims nothing there.`, {
      next: ['use what that registry has for it'],
    })
  }
  const ports = await openReclaim(config, clockFrom(process.env['RAMPART_CLOCK']))
  const found = await listOrphans(ports)
  const { prices } = await pricesOf(config, flags.prices)
  const list = orphanList(found, prices)
  const simulation = process.env['RAMPART_SIMULATION']
  const mask = createMask(secretsOf(config))
  const page = streamPage(process.stdout, flags)
  const show = (text: string): void => void (!flags.json && process.stdout.write(`${mask(text)}\n`))
  const isWanted = flags.yes || canAsk(flags)
  const title = `${config.app}, ${config.environment.name}`
  const next = isWanted ? undefined : `${sameCommand('plan', config)} --reclaim --yes`
  show(reclaimText({ title, list, next, simulation }, page))
  const isAgreed = list.images > 0 && isWanted && (flags.yes || (await agreed(list)))
  const reclaimed = isAgreed ? await reclaim(found, ports) : null
  if (reclaimed !== null) show(reclaimedText(reclaimed, page))
  const result: ReclaimResult = { v: 1, simulated: simulation !== undefined, ...list, reclaimed }
  return {
    exitCode: (reclaimed?.keptBack.length ?? 0) > 0 ? exitCodes.attention : exitCodes.done,
    result: JSON.parse(mask(JSON.stringify(result))) as unknown,
  }
}

async function agreed({ images }: OrphanList): Promise<boolean> {
  const { createAsker } = await import('../terminal/ask.js')
  const asker = await createAsker({ input: process.stdin, output: process.stderr })
  return asker.confirm(`Delete ${images} ${images === 1 ? 'image' : 'images'} for good?`, false)
}

/** What the orphans of an environment's registry come to; undefined where the registry is not ECR. */
export async function sumOrphans(
  config: Config,
  clock: Clock,
  prices: RegionPrices | undefined,
): Promise<OrphanSum | undefined> {
  if (config.environment.registry !== undefined) return undefined
  const { images, bytes, monthly } = orphanList(await listOrphans(await openReclaim(config, clock)), prices)
  return { images, bytes, monthly }
}

function orphanList(shelves: readonly OrphanShelf[], prices: RegionPrices | undefined): OrphanList {
  const found = shelves.map((shelf) => {
    const { repository, images } = shelf
    return {
      repository,
      bytes: bytesOf(shelf),
      images: images.map(({ digest, pushedAt, blobs }) => ({
        digest,
        pushedAt: new Date(pushedAt).toISOString(),
        bytes: blobs.reduce((sum, one) => sum + one.bytes, 0),
      })),
    }
  })
  const bytes = found.reduce((sum, one) => sum + one.bytes, 0)
  return {
    images: found.reduce((sum, one) => sum + one.images.length, 0),
    bytes,
    monthly: (prices && billOf([{ kind: 'registry', gigabytes: bytes / 1e9 }], prices).total) ?? null,
    repositories: found.filter(({ images }) => images.length > 0),
  }
}

async function openReclaim(config: Config, clock: Clock): Promise<ReclaimPorts> {
  const [{ createAws: openAws }, { createImageStore }] = await Promise.all([
    import('../aws/index.js'),
    import('../aws/image-store.js'),
  ])
  const { region } = config.environment
  const aws = openAws({ region })
  const registryHost = await hostOf(config, aws)
  const others = await Promise.all(
    config.environments
      .filter((name) => name !== config.environment.name)
      .map(async (environment) =>
        loadConfig({ path: config.path, environment, env: process.env, memory: openCache(process.env) }),
      ),
  )
  const claimants = await Promise.all(
    [config, ...others].map(async (one): Promise<Claimant | undefined> => {
      const own = one === config ? aws : openAws({ region: one.environment.region })
      if ((await hostOf(one, own)) !== registryHost) return undefined
      return {
        name: one.environment.name,
        ledger: one.environment.release.ledger ? new Ledger(own.parameters, placeOf(one)) : undefined,
        archive: await archiveOf(one, own, registryHost),
        driver: await composeDriver(one, own, clock),
      }
    }),
  )
  const bases = config.services.flatMap(({ base }) => (base === undefined ? [] : [base.repository]))
  return {
    store: createImageStore({ region }),
    claimants: claimants.filter((one) => one !== undefined),
    registryHost,
    repositories: repositories(config),
    allRepositories: [...new Set([...repositories(config), ...bases])],
    now: () => clock.now(),
  }
}

const hostOf = async ({ environment }: Config, { account }: ReturnType<typeof createAws>): Promise<string> =>
  environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host
