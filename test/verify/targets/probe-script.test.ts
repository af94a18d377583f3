import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ProbedService, ProbeRequest } from '../../../src/lib/domain/target-probe.js'
import { readProbeHeader } from '../../../src/lib/domain/target-probe.js'
import { probeScript } from '../../../src/lib/verify/targets/probe-script.js'
import { readProbe } from '../../../src/lib/verify/targets/read-probe.js'
import { startDockerRegistry } from '../../oci/docker-registry.js'
import { packBase } from '../../support/docker-base.js'
import { forgetImages } from '../../support/docker.js'
import { dockerProgram, requires } from '../../support/requires.js'

const run = promisify(execFile)

const revision = '89b085cd330414d3e7d9dd787870f315957e1e9f'
const model = { id: 'acme/classifier', revision }
const folder = `opt/models/hub/models--acme--classifier/snapshots/${revision}`

/** What a container's port would be on the machine: answers by path, and what was asked. */
async function serving(
  answers: Readonly<Record<string, { readonly status: number; readonly body: string }>>,
): Promise<{ readonly port: number; readonly asked: readonly string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => (body += part))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? ''} ${body}`)
      const answer = answers[request.url ?? ''] ?? { status: 404, body: 'no' }
      response.writeHead(answer.status).end(answer.body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

const docker = (...args: readonly string[]): string =>
  execFileSync(dockerProgram, [...args])
    .toString()
    .trim()

const service = (changes: Partial<ProbedService> & Pick<ProbedService, 'port'>): ProbedService => ({
  name: 'backend',
  repository: 'team/backend',
  readyPath: '/health/ready',
  models: [],
  ...changes,
})

async function probe(request: ProbeRequest, shell = 'sh') {
  const { stdout } = await run(shell, ['-c', probeScript(request)])
  const report = readProbe(stdout)
  if (report === undefined) throw new Error(stdout)
  return report
}

test('the script says what it asks, whatever names and questions hold', () => {
  const request: ProbeRequest = {
    timeout: 5,
    services: [
      service({ port: 1, question: { method: 'POST', path: '/a', contentType: 'text/plain', body: "it's\n# \u00fc" } }),
    ],
  }
  expect(readProbeHeader(probeScript(request))).toEqual(request)
  expect(readProbeHeader('echo hello')).toBeUndefined()
})

requires('docker').describe('with a Docker engine', () => {
  test('a service that does not run is said so, and what listens on its port is asked all the same', async () => {
    const body = JSON.stringify({ text: `it's "quoted" $HOME \`id\` ${'x'.repeat(20_000)}` })
    const { port, asked } = await serving({
      '/health/ready': { status: 503, body: '{}' },
      '/inspect': { status: 200, body: `{"said":"${'y'.repeat(9000)} \u00fc"}` },
    })
    const question = { method: 'POST', path: '/inspect', contentType: 'application/json', body }
    const report = await probe({
      timeout: 5,
      services: [service({ port, question }), service({ name: 'other', port: 9 })],
    })
    expect(report.lacks).toEqual([])
    expect(report.memory?.total).toBeGreaterThan(report.memory?.available ?? Infinity)
    const [first, other] = report.services
    expect(first).toMatchObject({ name: 'backend', containers: 0, digests: [], processes: [], models: [] })
    expect(first?.ready?.status).toBe(503)
    expect(first?.first?.status).toBe(200)
    expect(first?.again).toMatchObject({ status: 200, cut: true })
    expect(first?.again?.body).toBe(`{"said":"${'y'.repeat(6000 - 9)}`)
    expect(asked).toEqual([
      'GET /health/ready  ',
      `POST /inspect application/json ${body}`,
      `POST /inspect application/json ${body}`,
    ])
    expect(other).toMatchObject({ name: 'other', containers: 0 })
    expect(other?.ready?.status).toBe(0)
  })
})

test('a machine without Docker and curl says that it lacks them', async () => {
  const { stdout } = await run('/bin/sh', ['-c', probeScript({ timeout: 1, services: [service({ port: 9 })] })], {
    env: { PATH: await bareFolder() },
  })
  expect(readProbe(stdout)).toMatchObject({
    lacks: ['docker', 'curl'],
    services: [{ name: 'backend', digests: [], containers: 0, ready: { status: 0 } }],
  })
})

/** A folder with the tools that every Linux has, and no others. */
async function bareFolder(): Promise<string> {
  const folderName = await mkdtemp(join(tmpdir(), 'rampart-bare-'))
  onTestFinished(() => rm(folderName, { recursive: true, force: true }))
  for (const tool of ['mktemp', 'rm', 'sed', 'awk', 'sort', 'wc', 'tr', 'grep', 'head', 'base64', 'sh']) {
    const { stdout } = await run('/bin/sh', ['-c', `command -v ${tool}`])
    await symlink(stdout.trim(), join(folderName, tool))
  }
  return folderName
}

requires('docker', 'docker-registry').describe('with a Docker engine', () => {
  test('a container is known by its digest, its memory and its models', async () => {
    const registry = await startDockerRegistry()
    onTestFinished(() => registry.stop())
    const repository = 'team/backend'
    const reference = `${registry.host}/${repository}:v1`
    forgetImages(registry.host, { PATH: process.env['PATH'] ?? '' })
    execFileSync(dockerProgram, ['import', '--change', 'ENV HF_HOME=/opt/models', '-', reference], {
      input: packBase({ [`${folder}/config.json`]: '{}' }),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    docker('push', '--quiet', reference)
    const digest = docker('image', 'inspect', '-f', '{{index .RepoDigests 0}}', reference).split('@')[1]
    const container = docker('run', '--detach', '--memory', '64m', reference, 'sleep', '600')
    onTestFinished(() => {
      docker('rm', '--force', container)
    })
    const { port } = await serving({ '/health/ready': { status: 200, body: '{}' } })
    const written = { id: 'acme/other', revision }
    const target = 'opt/models/hub/models--acme--other/snapshots'
    docker('exec', container, 'mkdir', '-p', `/${target}/${revision}`)
    const missing = { id: 'acme/third', revision }
    const report = await probe({ timeout: 5, services: [service({ port, models: [model, written, missing] })] })
    expect(report.services).toEqual([
      {
        name: 'backend',
        digests: [digest],
        containers: 1,
        ready: { status: 200, seconds: expect.any(Number) as number },
        memory: expect.any(Number) as number,
        limit: 64 * 2 ** 20,
        processes: [expect.any(Number) as number],
        models: [
          { ...model, place: 'image' },
          { ...written, place: 'written' },
          { ...missing, place: 'missing' },
        ],
      },
    ])
    // `sleep` holds little, and all of it is its own.
    expect(report.services[0]?.memory).toBeLessThan(8 * 2 ** 20)
    // An image of the same name elsewhere is another one.
    const [other] = (await probe({ timeout: 5, services: [service({ port, repository: 'backend2' })] })).services
    expect(other?.containers).toBe(0)
  }, 120_000)
})

test.each([
  ['', undefined],
  ['RAMPART-PROBE {"lacks":[]', undefined],
  ['RAMPART-PROBE 12', undefined],
  [
    'noise\nRAMPART-PROBE {"lacks":["docker"],"services":[7,{"name":5,"digests":["x",8],"processes":[-1,2]}]}\nnoise',
    'docker',
  ],
])('output %j is read with care', (output, lacks) => {
  const report = readProbe(output)
  expect(report?.lacks[0]).toBe(lacks)
  const empty = { name: '', digests: [], containers: 0, processes: [2], models: [] }
  expect(report?.services).toEqual(lacks === undefined ? undefined : [empty])
})
