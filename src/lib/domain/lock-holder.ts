/** Who changes an environment just now, for whoever waits for it. Times in ISO 8601. */
export interface LockHolder {
  /** The identity that AWS knows. */
  readonly by: string
  readonly host: string
  readonly command: string
  readonly since: string
  /** What it is doing, e.g. `rollout of r-0123456789`. */
  readonly doing: string
  /** When the lock is free without a sign of life of its holder. */
  readonly expiresAt: string
  /** The page of the CI run, where there is one. */
  readonly link?: string
}
