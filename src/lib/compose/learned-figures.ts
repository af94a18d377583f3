import type { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import type { Figures } from '../plan/assumptions.js'
import { learn } from '../plan/learn.js'
import { pastDeploys } from '../plan/past.js'
import { imagineRollout } from '../rehearsal/imagine/rollout.js'
import { Ledger } from '../release/ledger.js'
import { paceFrom } from '../system/clock.js'
import { placeOf } from './keeper.js'

/** The figures with what the deploys of the environment have taught in their place; as they are where nothing is kept. */
export async function learnedFigures(
  config: Config,
  { parameters }: Pick<ReturnType<typeof createAws>, 'parameters'>,
  figures: Figures,
): Promise<Figures> {
  if (!config.environment.release.ledger) return figures
  const records = await new Ledger(parameters, placeOf(config)).list()
  const pace = paceFrom(process.env['RAMPART_CLOCK'])
  const past = pastDeploys(records, pace)
  return past.length === 0 ? figures : learn({ past, figures, imagine: imagineRollout, pace }).figures
}
