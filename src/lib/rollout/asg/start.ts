import type { Revision } from '../../domain/release.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Alarms } from '../../ports/alarms.js'
import type { AutoScaling, InstanceRefresh, StartAnswer, StartInstanceRefresh } from '../../ports/auto-scaling.js'
import type { Clock } from '../../ports/clock.js'
import type { RolloutHandle, StartOptions } from '../driver.js'
import type { AsgRolloutOptions } from './options.js'
import { isActive } from './refresh-status.js'

/** The active refresh of a group, if there is one. */
export async function activeRefresh(autoScaling: AutoScaling, group: string): Promise<InstanceRefresh | undefined> {
  const refreshes = await autoScaling.describeInstanceRefreshes(group)
  return refreshes.find((refresh) => isActive(refresh.status))
}

/** The conflict with a rollout that somebody else has under way. */
export function conflict(group: string, refresh: InstanceRefresh): RampartError {
  const since = refresh.startTime === undefined ? '' : ` since ${new Date(refresh.startTime).toISOString()}`
  const version = refresh.launchTemplate?.version
  return new RampartError(
    'conflict',
    `Another instance refresh of ${group} is ${refresh.status}${since}${version === undefined ? '' : `, to version ${version}`} (${refresh.id}).`,
    {
      next: [
        'run the same command again when it has ended',
        `aws autoscaling describe-instance-refreshes --auto-scaling-group-name ${group}`,
      ],
    },
  )
}

/** True for a refresh to that revision, whichever way it goes by now. */
export const movesTo = (refresh: InstanceRefresh, revision: Revision): boolean =>
  refresh.launchTemplate?.id === revision.name && refresh.launchTemplate.version === revision.number

function request(
  group: string,
  revision: Revision,
  options: AsgRolloutOptions,
  { force, warmup }: Pick<StartOptions, 'force' | 'warmup'>,
): StartInstanceRefresh {
  const instanceWarmup = warmup === undefined ? options.warmup : Math.round(warmup / 1000)
  return {
    group,
    launchTemplate: { id: revision.name, version: revision.number },
    minHealthyPercentage: options.minHealthyPercentage,
    maxHealthyPercentage: options.maxHealthyPercentage,
    ...(instanceWarmup !== undefined && { instanceWarmup }),
    skipMatching: !force,
    autoRollback: true,
    checkpointPercentages: options.checkpointPercentages,
    ...(options.checkpointDelay !== undefined && { checkpointDelay: options.checkpointDelay }),
    bakeTime: options.bakeTime,
    alarms: options.alarms,
  }
}

/** What a refresh is started with on the way back, see {@link StartOptions}. */
async function optionsBack(options: AsgRolloutOptions, alarms: Alarms): Promise<AsgRolloutOptions> {
  const { checkpointDelay: _delay, ...others } = options
  const seen = options.alarms.length === 0 ? [] : await alarms.describeAlarms(options.alarms)
  const quiet = seen.filter(({ state }) => state === 'OK').map(({ name }) => name)
  return { ...others, checkpointPercentages: [], bakeTime: 0, alarms: quiet }
}

async function ask(autoScaling: AutoScaling, asked: StartInstanceRefresh): Promise<StartAnswer> {
  try {
    return await autoScaling.startInstanceRefresh(asked)
  } catch (error) {
    // A request without an answer may well have arrived.
    if (!(error instanceof RampartError) || !error.passing) throw error
    throw new RampartError('unknown', `Whether the rollout has started is not known: ${error.message}`, {
      cause: error,
    })
  }
}

/** Starts the refresh to the revision, or attaches to the one that moves the group there already. */
export async function startRefresh(
  { autoScaling, alarms, clock }: { readonly autoScaling: AutoScaling; readonly alarms: Alarms; readonly clock: Clock },
  group: string,
  revision: Revision,
  options: AsgRolloutOptions,
  how: StartOptions,
): Promise<RolloutHandle> {
  const handle = (refresh: InstanceRefresh, attached: boolean): RolloutHandle => ({
    id: refresh.id,
    startedAt: refresh.startTime ?? clock.now(),
    attached,
  })
  const running = await activeRefresh(autoScaling, group)
  if (running !== undefined) {
    if (movesTo(running, revision)) return handle(running, true)
    throw conflict(group, running)
  }
  const chosen = how.back === true ? await optionsBack(options, alarms) : options
  how.signal.throwIfAborted()
  const answer = await ask(autoScaling, request(group, revision, chosen, how))
  if ('id' in answer) {
    // It has begun: not to learn when does not unmake it.
    const started = await autoScaling.describeInstanceRefresh(group, answer.id).catch(() => undefined)
    return started === undefined ? { id: answer.id, startedAt: clock.now(), attached: false } : handle(started, false)
  }
  const { code, message } = answer.refused
  if (code === 'InstanceRefreshInProgress') {
    // A dropped connection makes the SDK ask again, and the second answer is then that one is in progress: ours. One
    // with nothing to replace may even have ended by now.
    const newest = (await autoScaling.describeInstanceRefreshes(group))[0]
    if (newest !== undefined && movesTo(newest, revision)) return handle(newest, true)
    if (newest !== undefined) throw conflict(group, newest)
  }
  throw new RampartError('preflight', `AWS refused the instance refresh: ${message} (${code}). Nothing was rolled out.`)
}
