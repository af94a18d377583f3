import type { RehearsalSetup } from '../../setup.js'
import type { Random } from '../random.js'

/** Where the ARNs of a world stand: `arn:aws:ecs:<region>:<account>:`. */
export function arnPrefix({ region, accountId }: Pick<RehearsalSetup, 'region' | 'accountId'>): string {
  return `arn:aws:ecs:${region}:${accountId}:`
}

/** That many decimal digits, the first of them not 0. */
export function digits(random: Random, length: number): string {
  return Array.from({ length }, (_, index) => (index === 0 ? 1 + random.pick(9) : random.pick(10))).join('')
}

/** An id of a service deployment by its shape: 21 characters of base64url. */
export function deploymentId(random: Random): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return Array.from({ length: 21 }, () => letters.charAt(random.pick(letters.length))).join('')
}

/** The last part of an ARN, or the name itself. */
export function shortName(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1)
}
