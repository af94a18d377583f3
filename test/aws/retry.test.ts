import { expect, test } from 'vitest'
import { RetryStrategy } from '../../src/lib/aws/retry.js'

/** How long it takes in milliseconds until the strategy has nothing left of so many attempts. */
async function exhaust(strategy: RetryStrategy): Promise<{ readonly took: number; readonly delays: number }> {
  const start = performance.now()
  let delays = 0
  try {
    for (let token = await strategy.acquireInitialRetryToken('a test'); ; delays += 1) {
      token = await strategy.refreshRetryTokenForRetry(token, { errorType: 'THROTTLING' })
    }
  } catch {
    return { took: performance.now() - start, delays }
  }
}

test('the waits between attempts go by the clock of the cloud', async () => {
  const told: number[] = []
  const paced = await exhaust(new RetryStrategy(10, () => told.push(told.length), 10_000))
  expect([paced.delays, told.length]).toEqual([9, 10])
  // On the machine's clock nine of them take half a minute, and with the best of luck some seconds.
  expect(paced.took).toBeLessThan(2000)
})
