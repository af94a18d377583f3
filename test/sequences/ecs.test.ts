import { expect, test } from 'vitest'
import { randomSequences } from './random.js'
import { endings } from './steps.js'

test(
  'whatever is done to the services of an ECS cluster, the right release serves in the end',
  { timeout: 600_000 },
  async () => {
    const tally = await randomSequences('ecs', 140)
    // Each of them is met, however the dice fall.
    expect([...tally.keys()]).toEqual(expect.arrayContaining([...endings]))
  },
)
