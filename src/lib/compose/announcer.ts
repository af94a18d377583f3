import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Config } from '../config/index.js'
import type { Announcer, AnnouncerOptions } from '../operations/announcer.js'
import type { Ended, RunContext } from '../operations/run.js'
import { ciRun } from '../release/ci-run.js'
import { systemClock } from '../system/clock.js'
import { createGit } from '../system/git.js'
import { createMask } from '../terminal/mask.js'
import { sourceOf } from './origins.js'
import type { Performance } from './perform.js'

export interface OutsideFlags {
  /** False when neither hooks nor notices are wanted; true unless given. */
  readonly hooks?: boolean
  /** Given when the cloud is a rehearsal of this very process. */
  readonly rehearsal?: string | undefined
}

const folder = join('.rampart', 'hooks')

/** What may stand in a webhook's address and be shown apart from it: the part that is secret. */
export function webhookSecrets({ environment }: Config): readonly string[] {
  return environment.notify.flatMap(({ webhook }) => {
    const { pathname, search } = new URL(webhook)
    return [webhook, ...[pathname, search].filter((part) => part.length > 8)]
  })
}

/** Runs a body with the hooks and notices of the project; where there are none, or none are wanted, the body alone. */
export async function announcing(
  config: Config,
  run: RunContext,
  about: {
    readonly command: AnnouncerOptions['command']
    readonly performing: Pick<Performance, 'simulation' | 'secrets'>
    readonly flags: OutsideFlags
    /** What the person calls the release. */
    readonly version?: string | undefined
    /** Where the sources of what serves in the end come from; those of this folder when left out. */
    readonly source?: AnnouncerOptions['source']
  },
  body: (run: RunContext, announcer: Announcer | undefined) => Promise<Ended>,
): Promise<Ended> {
  const directory = join(config.directory, folder)
  // A hook that runs rampart must not run itself again and again.
  const isInHook = process.env['RAMPART_HOOK'] !== undefined
  const hasHooks = !isInHook && (await readdir(directory).catch(() => [])).length > 0
  const isWanted = about.flags.hooks !== false
  const { notify } = config.environment
  if (!hasHooks && notify.length === 0) return body(run, undefined)
  if (!isWanted) {
    const detail =
      about.flags.rehearsal === undefined
        ? 'hooks and notices are left out, as asked'
        : 'hooks and notices are real, and left out of the rehearsal; --hooks has them'
    run.emit({ type: 'check.done', name: 'hooks', result: 'skip', detail })
    return body(run, undefined)
  }
  const [{ Announcer }, { findHooks }, { createPrograms }, { createHttp }, { stripControl }] = await Promise.all([
    import('../operations/announcer.js'),
    import('../hooks/find.js'),
    import('../system/programs.js'),
    import('../http/client.js'),
    import('../terminal/clean.js'),
  ])
  const { performing, command, version } = about
  const mask = createMask(performing.secrets)
  const environment = {
    ...process.env,
    // So that a rampart in a hook works on the same environment.
    RAMPART_CONFIG: config.path,
    RAMPART_ENV: config.environment.name,
  }
  const announcer = new Announcer({
    command,
    app: config.app,
    environment: config.environment.name,
    simulated: performing.simulation !== undefined,
    source:
      about.source ??
      (async () => sourceOf(config, createGit({ environment: process.env, signal: run.signal }), version)),
    ...ciRun(process.env),
    mask,
    ...(hasHooks && {
      hooks: {
        ...(await findHooks(directory, join(relative(process.cwd(), config.directory), folder))),
        programs: createPrograms(systemClock),
        clock: systemClock,
        timeout: config.hooks.timeout,
        directory: config.directory,
        environment,
        // Sequences go first: a secret that a colour code cuts in two would not be found.
        clean: (text: string) => mask(stripControl(text)),
      },
    }),
    notices: notify,
    delivery: { http: createHttp(), clock: systemClock, random: Math.random },
  })
  return announcer.around(run, async (told) => body(told, announcer))
}
