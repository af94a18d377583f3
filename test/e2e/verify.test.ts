import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bin, cleanEnvironment, runCli, startCli, type Finished } from '../support/cli.js'
import { requires } from '../support/requires.js'
import { createAuthority } from '../verify/certificates.js'
import { serveProxy } from '../verify/connect-proxy.js'
import { serveBodies, serveHttp, serveHttps } from '../verify/servers.js'

const token = 'tok-5f2d9c81aa'
const password = 'pass word/9"\\'

/** A folder with a rampart.yml that verifies at that address, and what its paths name. */
function project(verify: string, serves: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'rampart-verify-e2e-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'Dockerfile.app'), 'FROM base\n')
  writeFileSync(
    join(directory, 'rampart.yml'),
    `app: demo
services:
  web: { repository: demo-web }
environments:
  production:
    region: us-west-2
    target: { kind: asg, group: demo-asg }
    serves: ${serves}
verify:
${verify.replaceAll(/^/gm, '  ')}
`,
  )
  return directory
}

/** No credentials, and no way to AWS: whoever asks it fails. */
const offline = (extra: Readonly<Record<string, string>> = {}): Record<string, string> =>
  cleanEnvironment({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_EC2_METADATA_DISABLED: 'true', ...extra })

const verify = (
  args: readonly string[],
  cwd: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<Finished> => runCli(['verify', ...args], { cwd, env: offline(extra) })

interface Result {
  readonly url: string
  readonly checks: readonly {
    readonly name: string
    readonly result: string
    readonly detail: string
    readonly load?: object
  }[]
}

const resultsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries((JSON.parse(text) as Result).checks.map(({ name, result }) => [name, result]))

describe('verify', () => {
  test('makes the checks of the second example, each with its own line, without AWS', async () => {
    const port = await serveBodies((request, response, body) => {
      const dimensions = /embedding(\d+)d/.exec(request.url ?? '')?.[1]
      const document =
        dimensions === undefined
          ? {
              status: 'healthy',
              api: 'operational',
              elasticsearch: 'green',
              model_cache: { cached_models: ['a', 'b'] },
            }
          : { dimensions: Number(dimensions), query: (JSON.parse(body) as { query: string }).query }
      // Only the largest takes longer than it may.
      setTimeout(() => response.end(JSON.stringify(document)), dimensions === '1155' ? 450 : 5)
    })
    const args = ['-c', 'examples/finbert-rag/rampart.yml', '--url', `http://127.0.0.1:${port}`, '--no-load']
    const all = await runCli(['verify', ...args, '--json'], { env: offline() })
    expect(all.code).toBe(9)
    expect(resultsOf(all.stdout)).toEqual({
      dns: 'skip',
      // It asks for HTTPS, and this address has none.
      certificate: 'fail',
      'endpoint:health': 'ok',
      'endpoint:search-384d': 'ok',
      'endpoint:search-768d': 'ok',
      'endpoint:search-1155d': 'fail',
      // There is nobody to ask them without credentials.
      images: 'skip',
      'desired-count': 'skip',
      'target-health': 'skip',
      secrets: 'skip',
      targets: 'skip',
      'memory:api': 'skip',
      'memory:ui': 'skip',
      'log-secrets': 'skip',
      'log-personal-data': 'skip',
      'model-cache': 'skip',
    })
  }, 120_000)

  test('says OK and FAIL in a table, and what was seen; stdout holds the table alone', async () => {
    const port = await serveHttp((_request, response) => response.writeHead(503).end('{"detail":"loading"}'))
    const checks = 'endpoints:\n  health: { path: /health }\n  ready: { path: /ready, expect: { status: [503] } }'
    const directory = project(checks, `{ url: "http://127.0.0.1:${port}" }`)
    const { code, stdout, stderr } = await verify([], directory)
    expect(code).toBe(9)
    const shown = stdout.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST').replaceAll(/\b\d+(\.\d+)?ms/g, 'TIME')
    expect(shown).toMatchInlineSnapshot(`
      "- SKIP  dns              127.0.0.1 is an address and no name
      - SKIP  certificate      http://HOST is plain HTTP: nothing is encrypted
      ✗ FAIL  endpoint:health  status 503, not 200 to 299
                GET http://HOST/health: 503 from 127.0.0.1 in TIME (connect TIME, first byte after TIME)
                answered: {"detail":"loading"}
      ✓ OK    endpoint:ready   503 in TIME

      1 OK, 0 WARN, 1 FAIL, 2 SKIP
      "
    `)
    expect(stderr).toContain('verification failed (exit code 9): 1 of 2 checks failed')
    const same = await verify(['--progress', 'quiet'], directory)
    expect(same.stderr).not.toContain('check ')
  })

  test('shows no secret, in any form of output', async () => {
    const port = await serveBodies((request, response, body) => {
      response.writeHead(500).end(JSON.stringify({ sent: request.headers, url: request.url, body }))
    })
    const directory = project(
      `endpoints:
  login:
    path: /login?api_key=key-in-the-file-77
    headers: { Authorization: "Bearer \${API_TOKEN}", X-Api-Key: literal-key-4711 }
    json: { user: me, password: "\${API_PASSWORD}" }`,
      `{ url: "http://127.0.0.1:${port}" }`,
    )
    const env = { API_TOKEN: token, API_PASSWORD: password }
    const outputs: string[] = []
    for (const args of [[], ['--json'], ['--progress', 'ndjson'], ['--junit', 'out/verify.xml']]) {
      const { code, stdout, stderr } = await verify(args, directory, env)
      expect(code).toBe(9)
      outputs.push(stdout, stderr)
    }
    const junit = readFileSync(join(directory, 'out/verify.xml'), 'utf8')
    expect(junit).toContain('***')
    for (const text of [...outputs, junit]) {
      for (const secret of [
        token,
        password,
        JSON.stringify(password).slice(1, -1),
        'key-in-the-file-77',
        'literal-key-4711',
      ]) {
        expect(text).not.toContain(secret)
      }
    }
  })

  test('of an address alone needs neither rampart.yml nor AWS', async () => {
    const port = await serveHttp((_request, response) => response.end('hello'))
    const empty = mkdtempSync(join(tmpdir(), 'rampart-verify-empty-'))
    onTestFinished(() => rmSync(empty, { recursive: true, force: true }))
    const url = `http://127.0.0.1:${port}/`
    const well = await verify(['--url', url, '--samples', '5', '--budget', 'p95=5s', '--json'], empty)
    expect(well.code).toBe(0)
    expect(JSON.parse(well.stdout)).toMatchObject({ v: 1, simulated: false, url, app: `127.0.0.1:${port}` })
    const slow = await verify(['--url', url, '--budget', 'mean=0.001ms'], empty)
    expect(slow.code).toBe(9)
    for (const [args, words] of [
      [[], 'rampart verify --url'],
      [['--url', 'example'], 'which is no address'],
      [['--url', url, '--budget', 'p96=1s'], 'which is no budget'],
      [['--url', url, '--only', 'nothing'], 'There is no check nothing'],
      [['--url', url, '--ca', 'none.pem'], 'can not be read'],
    ] as const) {
      const wrong = await verify(args, empty)
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(words)])
    }
  })

  test('leaves at Ctrl-C with its code, and what it began is over', async () => {
    const port = await serveHttp(() => undefined)
    const directory = project('endpoints: { slow: { path: /, timeout: 10m } }', `{ url: "http://127.0.0.1:${port}" }`)
    const running = startCli(['verify'], { cwd: directory, env: offline() })
    await running.waitFor('certificate')
    running.process.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 130 })
  })
})

describe('load', () => {
  const checks = `endpoints: { health: { path: /health } }
load: { search: { endpoint: health, rate: 20, duration: 1s, expect: { rate: 4 }, latency: { p95: 5s } } }`

  test('goes to this machine without a question', async () => {
    let count = 0
    const port = await serveHttp((_request, response) => {
      count += 1
      response.end()
    })
    const directory = project(checks, `{ url: "http://127.0.0.1:${port}" }`)
    const { code, stdout, stderr } = await verify([], directory)
    expect(code).toBe(0)
    expect(count).toBe(21)
    expect(stdout).toMatch(/(?:OK {4}|WARN {2})load:search {2,}\d+\.\d+ a second, 100 % of 20;/)
    expect(stdout).toContain('load:search: requests by latency, from when each was due')
    expect(stderr).toContain('load:search: 20 requests a second to health for at most 1.00s')
  })

  test.each([
    [
      'that nobody has allowed',
      '{ url: "https://rag.example.com" }',
      [],
      'Nobody has allowed load on rag.example.com.',
    ],
    [
      'on a host that rampart.yml does not name',
      '{ url: "https://rag.example.com", load: allow }',
      ['--url', 'https://other.example.com', '--yes'],
      'rampart.yml does not name other.example.com',
    ],
  ])('%s is not sent, and nothing else is', async (_, serves, args, words) => {
    const { code, stdout, stderr } = await verify(args, project(checks, serves))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(words)
    expect(stderr).toContain('--no-load')
  })
})

requires('openssl').describe('with openssl', () => {
  test('HTTPS of an authority of one’s own is trusted by --ca, and by nothing else', async () => {
    const authority = createAuthority()
    onTestFinished(() => authority.remove())
    const port = await serveHttps(authority.issue(), (_request, response) => response.end('{}'))
    const httpPort = await serveHttp((request, response) => {
      response.writeHead(308, { location: `https://localhost:${port}${request.url}` }).end()
    })
    const directory = project(
      `https: { minDays: 7, httpPort: ${httpPort} }\nendpoints: { health: { path: /health } }`,
      `{ url: "https://localhost:${port}" }`,
    )
    const trusted = await verify(['--ca', authority.file, '--json'], directory)
    expect(resultsOf(trusted.stdout)).toEqual({
      dns: 'skip',
      certificate: 'ok',
      'tls-version': 'ok',
      'https-redirect': 'ok',
      hsts: 'warn',
      'endpoint:health': 'ok',
    })
    expect(trusted.code).toBe(0)
    const untrusted = await verify(['--json'], directory)
    expect(untrusted.code).toBe(9)
    // Its own line alone, beside the endpoint that can not be asked.
    expect(resultsOf(untrusted.stdout)).toMatchObject({
      certificate: 'fail',
      'https-redirect': 'ok',
      'endpoint:health': 'fail',
    })
  })
})

requires('openssl').describe('an address that only a proxy reaches', () => {
  test('is verified through it, without AWS and with an empty home; the proxy’s password is shown nowhere', async () => {
    const authority = createAuthority()
    onTestFinished(() => authority.remove())
    const credentials = authority.issue({ names: 'DNS:rag.invalid' })
    const port = await serveHttps(credentials, (_request, response) => response.end('{}'))
    const httpPort = await serveHttp((request, response) => {
      response.writeHead(308, { location: `https://rag.invalid:${port}${request.url}` }).end()
    })
    const proxy = await serveProxy()
    const empty = mkdtempSync(join(tmpdir(), 'rampart-verify-home-'))
    onTestFinished(() => rmSync(empty, { recursive: true, force: true }))
    const address = `http://me:${token}@127.0.0.1:${proxy.port}`
    const env = { HOME: empty, HTTPS_PROXY: address, HTTP_PROXY: address }
    const url = `https://rag.invalid:${port}/`
    const args = ['--url', url, '--ca', authority.file, '--http-port', String(httpPort), '--samples', '2']
    const well = await verify([...args, '--json'], empty, env)
    expect([well.code, resultsOf(well.stdout)]).toEqual([
      0,
      {
        dns: 'skip',
        certificate: 'ok',
        'tls-version': 'ok',
        'https-redirect': 'ok',
        hsts: 'warn',
        'endpoint:url': 'ok',
      },
    ])
    const shown = await verify([...args, '--progress', 'plain'], empty, env)
    const seen = [well.stdout, well.stderr, shown.stdout, shown.stderr].join('')
    expect(seen).toContain(`through the proxy http://127.0.0.1:${proxy.port}`)
    expect(seen).not.toContain(token)
    expect(new Set(proxy.asked.map(({ what }) => what))).toEqual(
      new Set([`CONNECT rag.invalid:${port}`, `GET http://rag.invalid:${httpPort}/`]),
    )
    const around = await verify([...args, '--json'], empty, { ...env, NO_PROXY: 'rag.invalid' })
    // Without it the name leads nowhere.
    expect(resultsOf(around.stdout)).toMatchObject({ certificate: 'fail', 'endpoint:url': 'fail' })
  })
})

requires('python3').describe('with python3', () => {
  test('the JUnit file is XML that others read, whatever the answers hold', async () => {
    const { spawnSync } = await import('node:child_process')
    const port = await serveHttp((_request, response) =>
      response.writeHead(500).end('a < b & "c" \u0000\u001b[31m\uFFFE ]]>'),
    )
    const directory = project('endpoints: { health: { path: /health } }', `{ url: "http://127.0.0.1:${port}" }`)
    await verify(['--junit', 'verify.xml'], directory)
    const script =
      'import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); ' +
      'print(r.get("tests"), r.get("failures"), r.get("skipped"), [c.get("name") for c in r.iter("testcase")], r.find(".//failure").get("message"))'
    const read = spawnSync('python3', ['-c', script, join(directory, 'verify.xml')], { encoding: 'utf8' })
    expect(read.stdout.trim()).toBe("3 1 2 ['dns', 'certificate', 'endpoint:health'] status 500, not 200 to 299")
  })
})

requires('python3').describe('load on a terminal', () => {
  const terminal = fileURLToPath(new URL('../init/answering-terminal.py', import.meta.url))

  // A name that leads nowhere (RFC 6761), so that nobody is loaded by this test.
  test.each([
    ['no is no', 'n', 2, 'Load on rag.invalid was not allowed; nothing was sent.'],
    ['yes is yes', 'y', 9, 'given up early: nothing but failures came back'],
    ['leaving is leaving', '\u0003', 130, 'nothing was changed'],
  ])('is asked about: %s', async (_, key, code, words) => {
    const directory = project(
      'endpoints: { health: { path: /health } }\nload: { search: { endpoint: health, rate: 50, duration: 5s } }',
      '{ url: "https://rag.invalid" }',
    )
    const question = 'Send load to rag.invalid (50 requests a second to health for at most 5.00s)?'
    const args = [terminal, JSON.stringify([[question, key]]), process.execPath, bin, 'verify', '--only', 'search']
    const env = { ...offline({ NO_COLOR: '1' }), PATH: process.env['PATH'] ?? '' }
    const child = spawn('python3', args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const exitCode = await new Promise((resolve) => {
      child.on('close', resolve)
    })
    expect([exitCode, text]).toEqual([code, expect.stringContaining(words)])
  })
})
