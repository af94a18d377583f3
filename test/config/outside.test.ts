import { describe, expect, test } from 'vitest'
import { secretsOf } from '../../src/lib/compose/configure.js'
import { webhookSecrets } from '../../src/lib/compose/announcer.js'
import { createMask } from '../../src/lib/terminal/mask.js'
import { load, report, small } from './project.js'

const notify = (list: string): string => `${small}    notify: ${list}\n`
const address = 'https://hooks.example.com/services/T000/B000/s3cr3t'

describe('notices', () => {
  test('to an address from the environment, in the usual form', async () => {
    const { environment } = await load(notify('[{ webhook: "${URL}" }]'), { env: { URL: address } })
    expect(environment.notify).toEqual([
      { webhook: address, format: 'slack', on: ['succeeded', 'failed', 'rolled-back'] },
    ])
  })

  test('to nobody where the variable is empty', async () => {
    const { environment } = await load(notify('[{ webhook: "${URL:-}" }, { webhook: "${OTHER}" }]'), {
      env: { OTHER: '' },
    })
    expect(environment.notify).toEqual([])
  })

  test('the address is a secret, and so is its path alone', async () => {
    const config = await load(notify(`[{ webhook: ${address}?token=abcdefgh }]`))
    const mask = createMask([...secretsOf(config), ...webhookSecrets(config)])
    expect(mask(`POST ${address}?token=abcdefgh failed`)).toBe('POST *** failed')
    expect(mask('POST /services/T000/B000/s3cr3t failed')).toBe('POST *** failed')
    expect(mask('hooks.example.com answered 500')).toBe('hooks.example.com answered 500')
  })

  test('a wrong address is not shown, nor is a correction of it', async () => {
    const wrong = [
      'ftp://hooks.example.com/s3cr3t',
      'hooks.example.com/s3cr3t',
      'https://me:s3cr3t@hooks.example.com/x',
      ' HTTPS//s3cr3t',
    ]
    for (const url of wrong) {
      const text = await report(notify(`[{ webhook: ${JSON.stringify(url)} }]`))
      expect(text).not.toContain('s3cr3t')
      expect(text).toContain('`environments.production.notify[0].webhook` must be an address that begins with')
    }
  })

  test('of a moment that there is not', async () => {
    expect(await report(notify(`[{ webhook: ${address}, on: [sucess] }]`))).toContain(
      '`environments.production.notify[0].on[0]` must be `started` or `succeeded` or `failed` or `rolled-back`, not `sucess`',
    )
  })
})

describe('hooks', () => {
  test('may take five minutes, or as long as is said', async () => {
    expect((await load(small)).hooks).toEqual({ timeout: 300_000 })
    expect((await load(`${small}hooks: { timeout: 90s }\n`)).hooks).toEqual({ timeout: 90_000 })
  })

  test.each(['0s', '2h', 'long'])('but not %s', async (timeout) => {
    expect(await report(`${small}hooks: { timeout: ${timeout} }\n`)).toContain(
      `\`hooks.timeout\` must be a duration above 0s up to 1h, with its unit, not \`${timeout}\``,
    )
  })
})
