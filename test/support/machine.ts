import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { createServer, request as ask, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { createCertificate } from '../../src/lib/rehearsal/balancer/certificate.js'
import { root } from './cli.js'
import { debianBase } from './debian-base.js'
import { temporaryDirectory } from './project.js'
import { dockerProgram } from './requires.js'

const execute = promisify(execFile)

/** The metadata service of an instance, as far as user data, the command line and Docker ask it. */
export interface Metadata {
  readonly instance: string
  /** The life cycle state that Auto Scaling has in mind for it; absent outside of a group. */
  lifecycle?: string
}

export interface MachineOptions {
  readonly region: string
  readonly account: string
  /** Where AWS and the registry are. */
  readonly endpoint: string
  /** Takes the requests to these services itself, by the first label of their host. */
  readonly instead: Readonly<Record<string, RequestListener>>
  readonly metadata: Metadata
}

/** Debian with an engine of its own, as an instance is before its user data runs. Its network ends in this process. */
export interface Machine {
  /** Runs a command in it, with a program's usual environment and no more. */
  run(...command: readonly string[]): Promise<string>
  /** Runs user data as cloud-init does, to the end; its code. */
  boot(userData: string): Promise<number>
  /** Stops it with all that its memory holds, and starts it again. */
  restart(): Promise<void>
  /** Runs the unit that user data has left, as systemd does; its code. */
  bootAgain(): Promise<number>
  /** Waits until the command succeeds. */
  until(...command: readonly string[]): Promise<void>
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
let made = 0

/** A machine that goes with the test. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const image = await debianBase(dockerProgram, 'machine')
  const directory = await temporaryDirectory('machine')
  await cp(join(root, 'test/fixtures/machine'), directory, { recursive: true })
  await mkdir(join(directory, 'models'))
  const services = ['logs', 'autoscaling', 'secretsmanager', 'api.ecr'].map(
    (service) => `${service}.${options.region}.amazonaws.com`,
  )
  const names = [...services, `${options.account}.dkr.ecr.${options.region}.amazonaws.com`]
  const { certificate, key } = createCertificate(names)
  await writeFile(join(directory, 'ca.pem'), certificate)
  await listen(createSecureServer({ cert: certificate, key }, aws(options)), join(directory, 'aws.sock'))
  await listen(createServer(imds(options.metadata)), join(directory, 'imds.sock'))

  const name = `rampart-test-machine-${process.pid}-${++made}`
  // What an engine inside needs, and less than --privileged, which not every engine can give.
  const rights = ['seccomp=unconfined', 'apparmor=unconfined', 'systempaths=unconfined']
  const flags = [
    '--cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE',
    // Memory, as on every machine with systemd; a disk of its own for images.
    '--network none --tmpfs /run --volume /var/lib/docker',
  ].flatMap((line) => line.split(' '))
  const rule = ['--device-cgroup-rule', 'a *:* rwm']
  const security = rights.flatMap((right) => ['--security-opt', right])
  const hosts = names.flatMap((host) => ['--add-host', `${host}:127.0.0.1`])
  const last = ['--volume', `${directory}:/machine`, image, '/bin/bash', '/machine/init']
  const wanted = ['run', '--detach', '--name', name, ...flags, ...rule, ...security, ...hosts, ...last]
  await execute(dockerProgram, wanted)
  onTestFinished(async () => {
    await execute(dockerProgram, ['rm', '--force', '--volumes', name])
  })
  const inside = (given: readonly string[]): readonly string[] =>
    ['exec', name, 'env', '-i', `PATH=${path}`, 'LANG=C.UTF-8'].concat(given)
  const run: Machine['run'] = async (...command) =>
    (await execute(dockerProgram, inside(command), { maxBuffer: 1 << 26 })).stdout.trim()
  const code = (command: readonly string[]): Promise<number> =>
    new Promise((resolve, reject) => {
      spawn(dockerProgram, inside(command), { stdio: 'ignore' }).on('error', reject).on('close', resolve)
    })
  const until: Machine['until'] = async (...command) => {
    // The waiting is done inside, where a command costs little.
    await run('timeout', '120', 'bash', '-c', 'until "$@" >/dev/null 2>&1; do sleep 0.2; done', 'bash', ...command)
  }
  await until('test', '-e', '/run/machine/booted')
  return {
    run,
    until,
    boot: async (userData) => {
      await writeFile(join(directory, 'user-data'), userData, { mode: 0o600 })
      await run('install', '-D', '-m', '0700', '/machine/user-data', '/var/lib/cloud/instance/scripts/part-001')
      return code(['bash', '-c', '/var/lib/cloud/instance/scripts/part-001 >/var/log/cloud-init-output.log 2>&1'])
    },
    restart: async () => {
      await execute(dockerProgram, ['restart', '--time', '2', name])
      await until('test', '-e', '/run/machine/booted')
    },
    bootAgain: async () => {
      await run('test', '-e', '/etc/systemd/system/multi-user.target.wants/rampart.service')
      const start = "$(sed -n 's/^ExecStart=//p' /etc/systemd/system/rampart.service)"
      return code(['bash', '-c', `${start} >/var/log/journal-of-rampart.log 2>&1`])
    },
  }
}

async function listen(server: Server, socket: string): Promise<void> {
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve))
  })
}

/** AWS by its real names: what a stand-in takes, and the rest to the endpoint. */
function aws({ endpoint, instead }: MachineOptions): RequestListener {
  return (request, response) => {
    const own = instead[(request.headers.host ?? '').split('.')[0] ?? '']
    if (own !== undefined) {
      own(request, response)
      return
    }
    const { method, url, headers } = request
    const onward = ask(
      new URL(url ?? '/', endpoint),
      { ...(method !== undefined && { method }), headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  }
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html */
function imds(metadata: Metadata): RequestListener {
  const token = 'dG9rZW4='
  return (request, response) => {
    const { url = '', method, headers } = request
    const answer = (status: number, text = ''): void => void response.writeHead(status).end(text)
    if (url === '/latest/api/token') {
      const lasts = headers['x-aws-ec2-metadata-token-ttl-seconds']
      // Docker's client of AWS takes no token without it.
      if (lasts !== undefined) response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', lasts)
      answer(method !== 'PUT' || lasts === undefined ? 400 : 200, token)
      return
    }
    if (headers['x-aws-ec2-metadata-token'] !== token) {
      answer(401)
      return
    }
    const credentials = {
      Code: 'Success',
      Type: 'AWS-HMAC',
      LastUpdated: new Date().toISOString(),
      AccessKeyId: 'ASIAINSTANCEROLE',
      SecretAccessKey: 'of-the-instance-role',
      Token: 'session',
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
    }
    const known: Readonly<Record<string, string | undefined>> = {
      'instance-id': metadata.instance,
      'autoscaling/target-lifecycle-state': metadata.lifecycle,
      'iam/security-credentials/': 'serve',
      'iam/security-credentials/serve': JSON.stringify(credentials),
    }
    const found = known[url.replace('/latest/meta-data/', '')]
    answer(found === undefined ? 404 : 200, found)
  }
}
