import type { Config } from '../config/index.js'
import type { ReleaseVerifier } from '../operations/verify-release.js'
import type { Performance } from './perform.js'
import type { VerifyAt } from './verify-plan.js'

/** What the requests of the checks hold that no output may show. */
export async function secretsOfAnswers(config: Config, flags: VerifyAt): Promise<readonly string[]> {
  if (config.verify === undefined) return []
  const { planOfConfig, secretsOfVerify } = await import('./verify-plan.js')
  const plan = planOfConfig(config, flags)
  return plan === undefined ? [] : secretsOfVerify(plan, config)
}

/** Who verifies what serves then; undefined where the configuration asks for nothing. */
export async function verifierOf(
  config: Config,
  flags: VerifyAt,
  clock: Performance['clock'],
): Promise<ReleaseVerifier | undefined> {
  if (config.verify === undefined) return undefined
  const { composeVerifier } = await import('./verification.js')
  return composeVerifier(config, flags, clock)
}
