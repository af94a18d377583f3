import type { Performed, SharedFlags } from '../../base-command.js'
import { asker } from './asker.js'
import { secretsOf } from './configure.js'
import { openPlace, optionalConfig } from './registries.js'
import type { Config } from '../config/index.js'
import type { Migration } from '../domain/migration.js'
import { registryRepository } from '../oci/endpoint.js'
import { ensureRepositories } from '../operations/ensure-repositories.js'
import { migrate } from '../operations/registry-migrate.js'
import { readSourcePlace, readTargetPlace, selectionsOf } from '../operations/registry-places.js'
import { allManifests } from '../operations/registry-plan.js'
import type { SourceImage } from '../operations/registry-source.js'
import { perform, streamPage, type Performance } from './perform.js'
import type { Account } from '../ports/account.js'
import { migrationText } from '../report/registry-text.js'
import type { Check } from '../rollout/driver.js'
import { clockFrom } from '../system/clock.js'
import { createMask } from '../terminal/mask.js'
import { shellWord } from '../terminal/shell-word.js'

interface MigrateFlags extends SharedFlags {
  readonly source: string
  readonly target: string
  readonly tag: readonly string[]
  readonly 'skip-tag': readonly string[]
  readonly jobs: number
  readonly 'dry-run': boolean
  readonly yes: boolean
}

function performanceOf(flags: MigrateFlags, config: Config | undefined): Performance {
  return {
    command: 'registry migrate',
    phases: flags['dry-run'] ? ['preflight'] : ['preflight', 'push', 'proof'],
    app: config?.app ?? flags.source,
    environment: config?.environment.name ?? flags.target,
    simulation: process.env['RAMPART_SIMULATION'],
    clock: clockFrom(process.env['RAMPART_CLOCK']),
    secrets: config === undefined ? [] : secretsOf(config),
  }
}

// Beside what comes over, a repository keeps this many images that are pushed to it later.
const room = 50

/** The repositories that the images go to, made in ECR where somebody agrees; a dry run only says which are missing. */
async function prepare(
  images: readonly SourceImage[],
  account: Account | undefined,
  flags: MigrateFlags,
): Promise<readonly Check[]> {
  if (account === undefined) return []
  const names = [...new Set(images.map(({ to }) => to))]
  const wanted = names.map((name) => {
    const own = images.filter(({ to }) => to === name)
    // Names without a digit, such as latest or prod, are names for whatever is newest.
    const moving = own.flatMap(({ tags }) => tags).filter((tag) => !/\d/.test(tag))
    return { name, movingTags: [...new Set(['latest', ...moving])], count: own.flatMap(allManifests).length }
  })
  if (flags['dry-run']) {
    const found = await Promise.all(names.map((name) => account.describeRepository(name)))
    return names
      .filter((_, index) => found[index] === undefined)
      .map((name) => ({ name: `repository ${name}`, result: 'warn', detail: 'does not exist; it would be made' }))
  }
  const command = `rampart registry migrate ${shellWord(flags.source)} ${shellWord(flags.target)} --yes`
  const keep = room + Math.max(...wanted.map(({ count }) => count))
  return ensureRepositories(wanted, { account, yes: flags.yes, ask: await asker(flags), command, keep })
}

/** `rampart registry migrate`. */
export async function runMigrate(flags: MigrateFlags): Promise<Performed> {
  const from = readSourcePlace(flags.source)
  const to = readTargetPlace(flags.target)
  const config = await optionalConfig(flags, to.host === undefined)
  const performing = performanceOf(flags, config)
  let migration: Migration | undefined
  const performed = await perform(performing, flags, async (run) => {
    const parallelUploads = flags.jobs
    const source = await openPlace(from.host, config, { ...run, parallelUploads })
    const target = await openPlace(to.host, config, { ...run, parallelUploads })
    try {
      const done = await migrate(
        {
          source: source.registry,
          target: target.registry,
          selections: () =>
            selectionsOf(
              { source: from, target: to, tags: flags.tag, skipTags: flags['skip-tag'] },
              source.registry,
              (repository) => registryRepository(from.host, repository),
            ),
          dryRun: flags['dry-run'],
          prepare: (images) => prepare(images, target.account, flags),
        },
        run,
      )
      migration = done.migration
      return done.ended
    } finally {
      await Promise.all([source.registry.close(), target.registry.close()])
    }
  })
  if (migration !== undefined && !flags.json && flags.progress !== 'ndjson' && flags.progress !== 'quiet') {
    const mask = createMask(performing.secrets)
    process.stdout.write(`\n${mask(migrationText(migration, streamPage(process.stdout, flags)))}\n`)
  }
  return { ...performed, result: { ...(performed.result as object), migration: migration ?? null } }
}
