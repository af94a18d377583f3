import { spawnSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { cleanEnvironment, startCli, type Running } from './cli.js'

export interface Served {
  readonly running: Running
  /** What it prints to be exported, word for word. */
  readonly script: string
  readonly url: string
  /** The environment that a shell has which evaluated the script in an empty HOME. */
  client(extra?: Readonly<Record<string, string>>): Record<string, string>
}

/** Evaluates a script in a real `sh` and gives the environment that the next command would have. */
export function evaluate(script: string, env: Readonly<Record<string, string>>): Record<string, string> {
  const dump = `${JSON.stringify(process.execPath)} -p 'JSON.stringify(process.env)'`
  const shell = spawnSync('sh', ['-eu', '-c', `eval "$1"\n${dump}`, 'sh', script], { env, encoding: 'utf8' })
  if (shell.status !== 0) throw new Error(`sh: ${shell.stderr}`)
  return JSON.parse(shell.stdout) as Record<string, string>
}

/** `rampart rehearse serve` as a process of its own, ended with the test. */
export async function startServe(args: readonly string[] = []): Promise<Served> {
  const running = startCli(['rehearse', 'serve', '--port', '0', ...args])
  onTestFinished(async () => {
    running.process.kill('SIGTERM')
    await running.finished
  })
  await running.waitFor('Ctrl-C ends it')
  const script = running.stdout()
  const url = /AWS_ENDPOINT_URL='([^']+)'/.exec(script)?.[1] ?? ''
  return { running, script, url, client: (extra) => evaluate(script, cleanEnvironment(extra)) }
}
