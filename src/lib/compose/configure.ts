import { relative } from 'node:path'
import type { SharedFlags } from '../../base-command.js'
import { webhookSecrets } from './announcer.js'
import { findConfig, loadConfig, type Config } from '../config/index.js'
import type { Phase } from '../domain/phase.js'
import { openCache } from './open-cache.js'
import type { Performance } from './perform.js'
import type { Patience } from '../rollout/follow.js'
import { clockFrom } from '../system/clock.js'
import { shellWord } from '../terminal/shell-word.js'

/** The configuration that the flags ask for, with the values in it that must stay unseen. */
export async function configure(flags: SharedFlags): Promise<Config> {
  return loadConfig({
    // Relative to where the person is: that is how problems should name it.
    path: flags.config ?? relative(process.cwd(), findConfig(process.cwd())),
    ...(flags.env !== undefined && { environment: flags.env }),
    env: process.env,
    memory: openCache(process.env),
  })
}

/** Build arguments are where a secret may be: what they took from the environment is never shown. */
export function secretsOf(config: Config): readonly string[] {
  const places = config.services.flatMap((service) => [service.args, service.base?.args ?? {}])
  const values = places.flatMap((args) => Object.values(args))
  return [...config.interpolated].filter((value) => values.some((text) => text.includes(value)))
}

/** What is performed, as every part of a run needs it. `secrets` are those that the configuration does not hold. */
export function performance(
  command: string,
  config: Config,
  ran: readonly Phase[] = [],
  secrets: readonly string[] = [],
): Performance {
  return {
    command,
    phases: ran,
    app: config.app,
    environment: config.environment.name,
    simulation: process.env['RAMPART_SIMULATION'],
    clock: clockFrom(process.env['RAMPART_CLOCK']),
    secrets: [...secretsOf(config), ...webhookSecrets(config), ...secrets],
  }
}

/**
 * When to stop hoping. `auto` allows each batch three times what a slow one takes (ten minutes to boot, pull and load,
 * then the warmup), and adds what the configuration itself waits for.
 */
export function patience({ rollout, target }: Config['environment']): (targets: number) => Patience {
  return (targets) => {
    const room = Math.max(1, Math.floor((targets * (rollout.maxHealthy - rollout.minHealthy)) / 100))
    // Services are moved one after the other, each with some of the targets.
    const stages = target.kind === 'ecs' ? target.services.length : 1
    const batches = Math.ceil(targets / room) + stages - 1
    const batch = 10 * 60_000 + (typeof rollout.warmup === 'number' ? rollout.warmup : 5 * 60_000)
    const pauses = (rollout.checkpoints?.at.length ?? 0) * (rollout.checkpoints?.delay ?? 0) + rollout.bake
    const timeout = rollout.timeout === 'auto' ? 3 * batches * batch + pauses : rollout.timeout
    return { timeout, maxFailedStarts: rollout.maxFailedStarts }
  }
}

/** The repositories of the services, without the registry's host. */
export const repositories = (config: Config): readonly string[] => config.services.map((service) => service.repository)

/** The command that does this again, for a shell in this folder. */
export function sameCommand(command: string, config: Config): string {
  const path = shellWord(relative(process.cwd(), config.path))
  return `rampart ${command} -c ${path} --env ${shellWord(config.environment.name)}`
}
