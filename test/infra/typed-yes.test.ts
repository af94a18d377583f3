import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bin } from '../support/cli.js'
import { requires } from '../support/requires.js'
import { emptyCloud } from './cloud.js'
import { infraProject } from './project.js'

const terminal = fileURLToPath(new URL('../init/answering-terminal.py', import.meta.url))

/** Runs rampart on a pseudo-terminal, and answers that question with those keys. */
async function answer(
  env: Readonly<Record<string, string>>,
  [question, keys]: readonly [question: string, keys: string],
  ...words: readonly string[]
): Promise<{ readonly exitCode: number | null; readonly text: string }> {
  const args = [terminal, JSON.stringify([[question, keys]]), process.execPath, bin, ...words]
  const child = spawn('python3', args, {
    env: { ...env, NO_COLOR: '1', PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  return { exitCode, text }
}

requires('python3').describe('a change that takes something precious along, on a terminal', () => {
  test('goes ahead when the name of the stack was typed, and not for a yes or another name', async () => {
    const certificate = 'arn:aws:acm:ap-south-1:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000'
    const { config, edit } = await infraProject('finbert-rag', certificate)
    const { cloud, env, rampart } = await emptyCloud(config)
    const services = () => cloud.world.state.ecs.services.map(({ name }) => name).toSorted()
    expect((await rampart('infra', 'deploy', '--yes')).code).toBe(0)
    await edit('{ service: finbert-ui }', '{ service: finbert-web }')
    const deploy = ['infra', 'deploy', '-c', config] as const
    // The last words of it: the terminal wraps what is longer than it is wide.
    const question = 'finbert-production, to agree'
    for (const keys of ['yes\r', 'finbert\r', '\r']) {
      // oxlint-disable-next-line no-await-in-loop -- one stack
      const refused = await answer(env, [question, keys], ...deploy)
      expect([refused.exitCode, refused.text]).toEqual([3, expect.stringContaining('was not agreed to.')])
      expect(services()).toEqual(['finbert-api', 'finbert-ui'])
    }
    const agreed = await answer(env, [question, 'finbert-production\r'], ...deploy)
    expect([agreed.exitCode, agreed.text]).toEqual([0, expect.stringContaining('UPDATE_COMPLETE')])
    expect(services()).toEqual(['finbert-api', 'finbert-web'])
  }, 120_000)
})
