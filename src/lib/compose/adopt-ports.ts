import type { AdoptPorts } from '../operations/adopt-parts.js'

/** What adoption reads of a region, each port with a client of its own. Nothing is asked yet. */
export async function adoptPorts(region: string): Promise<AdoptPorts> {
  const [{ createAws }, { createEcs }, { createEstate }] = await Promise.all([
    import('../aws/index.js'),
    import('../aws/ecs.js'),
    import('../aws/estate.js'),
  ])
  const aws = createAws({ region })
  return {
    estate: createEstate({ region }),
    account: aws.account,
    autoScaling: aws.autoScaling,
    launchTemplates: aws.launchTemplates,
    ecs: createEcs({ region }),
  }
}
