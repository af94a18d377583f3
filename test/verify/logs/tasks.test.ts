import { describe, expect, test } from 'vitest'
import { logTasks, type LogDemands, type TargetLogs } from '../../../src/lib/verify/logs/tasks.js'
import { createValueFinder } from '../../../src/lib/verify/logs/value-finder.js'

const demands: LogDemands = { downloads: 'fail', secrets: 'fail', personalData: 'warn' }
const key = ['AKIA', 'QWERTYUIOPASDFGH'].join('')

async function look(lines: readonly string[], asked: LogDemands = demands, secret = 'nowhere in it') {
  const logs: TargetLogs = {
    targets: 2,
    cut: false,
    lines: lines.map((text, time) => ({ stream: `i-${time % 2}/api`, time, text })),
  }
  let reads = 0
  const read = (): Promise<TargetLogs> => {
    reads++
    return Promise.resolve(logs)
  }
  const tasks = logTasks(read, asked, createValueFinder([{ name: 'DB_PASSWORD', value: secret }]))
  const { signal } = new AbortController()
  const judged = await Promise.all(tasks.map(async (task) => [task.name, await task.look(signal)] as const))
  return { judged: Object.fromEntries(judged), reads }
}

describe('the logs of the targets', () => {
  test('are read once, and clean ones are said to be clean', async () => {
    const { judged, reads } = await look(['INFO: ready', 'INFO:  "GET /health HTTP/1.1" 200 OK'])
    expect(reads).toBe(1)
    expect(Object.entries(judged).map(([name, { result }]) => [name, result])).toEqual([
      ['model-cache', 'ok'],
      ['log-secrets', 'ok'],
      ['log-personal-data', 'ok'],
    ])
    expect(judged['log-secrets']?.detail).toBe('no secrets in 2 lines of 2 targets since their launch')
  })

  test('tell of downloads, each model once', async () => {
    const line =
      'INFO: httpx: HTTP Request: GET https://huggingface.co/acme/small/resolve/abc/model.safetensors "HTTP/1.1 302 Found"'
    const { judged } = await look([
      line,
      line,
      'HTTP Request: HEAD https://huggingface.co/acme/other/resolve/main/config.json "HTTP/1.1 200 OK"',
    ])
    expect(judged['model-cache']).toMatchObject({ result: 'fail', detail: 'downloaded at run time: acme/small' })
    expect(judged['model-cache']?.evidence).toHaveLength(2)
  })

  test('tell of secrets and of people without showing them', async () => {
    const { judged } = await look(
      [`key ${key}`, 'login with s3cret-of-the-database', 'from someone@customer.example'],
      demands,
      's3cret-of-the-database',
    )
    expect(judged['log-secrets']).toMatchObject({ result: 'fail' })
    expect(judged['log-secrets']?.findings?.map(({ detail }) => detail)).toEqual([
      'AWS access key: 1 line, such as i-0/api: key [AWS access key]',
      'value of DB_PASSWORD: 1 line, such as i-1/api: login with [value of DB_PASSWORD]',
    ])
    expect(judged['log-personal-data']).toMatchObject({ result: 'warn' })
    const said = JSON.stringify(judged)
    for (const hidden of [key, 's3cret-of-the-database', 'someone@']) expect(said).not.toContain(hidden)
  })

  test('are looked at for what is asked, and silence proves nothing', async () => {
    const { judged } = await look([], { ...demands, personalData: 'off' })
    expect(Object.entries(judged).map(([name, { result }]) => [name, result])).toEqual([
      ['model-cache', 'skip'],
      ['log-secrets', 'skip'],
    ])
  })
})
