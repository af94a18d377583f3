import type { OpenPoints } from '../switches.js'

/** Between how many healthy instances a refresh keeps a group. */
export interface Bounds {
  /** Never fewer that are in service, healthy and warm. */
  readonly low: number
  /** Never more that are in service or pending. */
  readonly high: number
}

/**
 * The bounds of a group of that size. The minimum is rounded up. Where the two percentages leave no room to replace
 * anything, an explicit maximum means one more instance for a while, an omitted one means one fewer.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
 */
export function healthyBounds(
  desired: number,
  percentages: { readonly minimum: number; readonly maximum: number | undefined },
  maxSize: number,
  open: Pick<OpenPoints, 'maximumHealthyRounding' | 'surgeMayExceedMaxSize' | 'minimumHundredLaunchesFirst'>,
): Bounds {
  const low = Math.ceil((desired * percentages.minimum) / 100)
  const exactHigh = (desired * (percentages.maximum ?? 100)) / 100
  const high = open.maximumHealthyRounding === 'down' ? Math.floor(exactHigh) : Math.ceil(exactHigh)
  const limit = open.surgeMayExceedMaxSize ? Infinity : Math.max(maxSize, desired)
  const isStuck = low >= desired && high <= desired
  if (!isStuck || desired === 0) return { low, high: Math.min(high, limit) }
  const launchesFirst =
    percentages.maximum !== undefined || (open.minimumHundredLaunchesFirst && percentages.minimum === 100)
  return launchesFirst ? { low, high: Math.min(desired + 1, limit) } : { low: desired - 1, high: desired }
}

/** An instance that counts towards the group's size, as a refresh sees it. */
export interface Member {
  readonly id: string
  readonly launchedAt: number
  readonly outdated: boolean
  /** In service, healthy, and warm when it is new. */
  readonly ready: boolean
  /** Protected, so that the refresh must leave it alone for now. */
  readonly shielded: boolean
}

export interface Decision {
  /** How many to launch beyond the group's desired capacity. The group itself replaces what is missing below it. */
  readonly launch: number
  /** Ids, in the order in which they go. */
  readonly terminate: readonly string[]
}

/** The next replacements: oldest first, within the bounds, and no further than the next checkpoint. */
export function decide(situation: {
  readonly desired: number
  readonly bounds: Bounds
  /** How many instances of the new configuration there may be before the next checkpoint. */
  readonly quota: number
  readonly members: readonly Member[]
}): Decision {
  const { desired, bounds, quota, members } = situation
  const wanted = Math.max(0, desired - members.filter(({ outdated, shielded }) => outdated && shielded).length)
  const candidates = members
    .filter(({ outdated, shielded }) => outdated && !shielded)
    .sort((a, b) => Number(a.ready) - Number(b.ready) || a.launchedAt - b.launchedAt || (a.id < b.id ? -1 : 1))
  const mayGo = candidates.length - Math.max(0, wanted - quota)
  let spare = members.filter(({ ready }) => ready).length - bounds.low
  const terminate: string[] = []
  for (const { id, ready } of candidates) {
    if (terminate.length >= mayGo) break
    // One that is not ready is no loss; one that is ready must be spare.
    if (ready && spare-- <= 0) break
    terminate.push(id)
  }
  const left = members.length - terminate.length
  const current = members.filter(({ outdated }) => !outdated).length
  const byGroup = Math.max(0, desired - left)
  const launch = Math.min(bounds.high - Math.max(left, desired), Math.min(quota, wanted) - current - byGroup)
  return { launch: Math.max(0, launch), terminate }
}

/** How many of the group may be new before the next checkpoint after the one that was reached. */
export function checkpointQuota(size: number, checkpoints: readonly number[], reached: number): number {
  const next =
    checkpoints.length === 0 ? 100 : (checkpoints.find((each) => each > reached) ?? checkpoints.at(-1) ?? 100)
  return Math.ceil((size * next) / 100)
}
