import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromiumProgram } from './browser.js'
import { canBootstrap } from './debian-base.js'
import { describe as vitestDescribe, test as vitestTest } from 'vitest'

interface Tool {
  /** True when it can be used here. */
  readonly present: () => boolean
  /** How to have it. */
  readonly install: string
}

const runs = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore', timeout: 20_000 }).status === 0

/** Programs that integration tests need and a machine may lack, each with the way to have it. */
const tools = {
  docker: {
    present: () => existsSync('/var/run/docker.sock') && runs(dockerProgram, 'version'),
    install: 'a running Docker engine (Debian: apt-get install docker.io, then dockerd)',
  },
  'docker-registry': {
    present: () => runs('/usr/bin/docker-registry', '--version'),
    install: 'apt-get install docker-registry',
  },
  debootstrap: {
    present: () => canBootstrap(dockerProgram),
    install: 'apt-get install debootstrap, root, and a Debian mirror in apt that answers',
  },
  'ecs-deploy': {
    present: () => runs(ecsDeployProgram, '--version'),
    install: 'pip install ecs-deploy in a virtual environment; its program ecs on the path by the name ecs-deploy',
  },
  chromium: { present: () => runs(chromiumProgram, '--version'), install: 'apt-get install chromium' },
  git: { present: () => runs('git', '--version'), install: 'apt-get install git' },
  openssl: { present: () => runs('openssl', 'version'), install: 'apt-get install openssl' },
  skopeo: { present: () => runs('skopeo', '--version'), install: 'apt-get install skopeo' },
  crane: {
    present: () => runs('crane', 'version'),
    install: 'go install github.com/google/go-containerregistry/cmd/crane@latest',
  },
  moto: {
    present: () => runs(motoProgram, '--help'),
    install: "pip install 'moto[server]' in a virtual environment; its moto_server on the path",
  },
  aws: { present: () => runs('/usr/bin/aws', '--version'), install: 'apt-get install awscli' },
  'cfn-lint': { present: () => runs('cfn-lint', '--version'), install: 'pip install cfn-lint==1.51.0' },
  actionlint: {
    present: () => runs('actionlint', '--version'),
    install: 'go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12',
  },
  python3: { present: () => runs('python3', '--version'), install: 'apt-get install python3' },
  make: { present: () => runs('make', '--version'), install: 'apt-get install make' },
  tar: { present: () => runs('tar', '--version'), install: 'apt-get install tar' },
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof tools

/** The docker client of the distribution when it is there: it is of the engine's own version. */
export const dockerProgram = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker'

/** moto: AWS as its own developers understand it, in Python. */
export const motoProgram = 'moto_server'

/** ecs-deploy: an ECS client of its own, in Python. Its program is called only `ecs`. */
export const ecsDeployProgram = 'ecs-deploy'

const requireAll = process.env['RAMPART_REQUIRE_ALL'] === '1'
const known = new Map<ToolName, boolean>()

function isPresent(name: ToolName): boolean {
  const before = known.get(name)
  if (before !== undefined) return before
  const present = tools[name].present()
  known.set(name, present)
  return present
}

/**
 * `describe` and `test` for what needs those tools. Where one is missing the tests are left out and say how to have
 * it; under RAMPART_REQUIRE_ALL=1 that is a failure instead.
 */
export function requires(...names: readonly ToolName[]): {
  readonly describe: (name: string, body: () => void) => void
  readonly test: (name: string, body: () => Promise<void> | void, timeout?: number) => void
} {
  const missing = names.filter((name) => !isPresent(name))
  if (missing.length === 0) return { describe: vitestDescribe, test: vitestTest }
  const reason = `needs ${missing.map((name) => `${name}: ${tools[name].install}`).join('; ')}`
  const leftOut = (name: string): void => {
    if (requireAll) {
      vitestTest(name, () => {
        throw new Error(reason)
      })
    } else {
      vitestTest(`${name} [left out: ${reason}]`, (context) => context.skip(reason))
    }
  }
  return { describe: leftOut, test: leftOut }
}
