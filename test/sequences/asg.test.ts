import { expect, test } from 'vitest'
import { randomSequences } from './random.js'
import { endings } from './steps.js'

test(
  'whatever is done to an Auto Scaling group, the right release serves in the end',
  { timeout: 600_000 },
  async () => {
    const tally = await randomSequences('asg', 370)
    // Each of them is met, however the dice fall.
    expect([...tally.keys()]).toEqual(expect.arrayContaining([...endings]))
  },
)
