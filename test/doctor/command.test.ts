import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runCli, cleanEnvironment } from '../support/cli.js'
import { copyExample } from '../support/project.js'

const env = (extra: Readonly<Record<string, string>> = {}): Record<string, string> =>
  cleanEnvironment({ AWS_EC2_METADATA_DISABLED: 'true', DOCKER_HOST: 'unix:///nonexistent', ...extra })
const example = join(root, 'examples/rampart-ai/rampart.yml')

/** What differs between machines. */
const stable = (text: string): string =>
  text.replaceAll(/Node \d[\w.]*/g, 'Node VERSION').replaceAll(/"duration": \d+/g, '"duration": 0')

test('without AWS and without Docker it says what it could not ask, and exits 0', async () => {
  const { code, stdout, stderr } = await runCli(['doctor', '-c', example], { env: env() })
  expect([code, stderr]).toEqual([0, ''])
  await expect(stable(stdout)).toMatchFileSnapshot('../golden/doctor/example.txt')
})

test('a failure exits 3, in JSON as in text; a secret of the build is not shown', async () => {
  const project = await copyExample()
  await project.edit('backend/Dockerfile.base', 'injection-v2 && chmod -R a+rX "$HF_HOME"', 'injection-v2 || true')
  await project.edit(
    'rampart.yml',
    'tags: [latest, "{version}"] # for',
    'args: { PIP_INDEX: "${INDEX}" }\n    tags: [latest] # for',
  )
  await project.edit(
    'backend/Dockerfile.app',
    'ENV LOG_LEVEL=info',
    'ARG PIP_INDEX\nRUN pip install -i $PIP_INDEX very-s3cret || true',
  )
  const run = (...more: string[]) =>
    runCli(['doctor', '-c', 'rampart.yml', '--offline', ...more], {
      env: env({ INDEX: 'very-s3cret' }),
      cwd: project.directory,
    })
  const text = await run()
  expect([text.code, text.stderr]).toEqual([3, ''])
  expect(text.stdout).toMatch(/FAIL {2}failed-downloads/)
  const json = await run('--json', '--only', 'failed-downloads')
  expect(json.code).toBe(3)
  expect(text.stdout + json.stdout).not.toContain('very-s3cret')
  await expect(stable(json.stdout)).toMatchFileSnapshot('../golden/doctor/failed-downloads.json')
})

test('checks are chosen by flag or by variable; one that there is not is a usage error', async () => {
  const [flag, variable, wrong] = await Promise.all([
    runCli(['doctor', '-c', example, '--only', 'node', '--only', 'config'], { env: env() }),
    runCli(['doctor', '-c', example], { env: env({ RAMPART_ONLY: 'node,config' }) }),
    runCli(['doctor', '-c', example, '--only', 'nodes'], { env: env() }),
  ])
  expect(flag.stdout).toMatch(/^\S OK {4}node .*\n\S OK {4}config .*\n\n2 OK, 0 WARN, 0 FAIL, 0 SKIP\n$/)
  expect(variable).toEqual(flag)
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain('There is no check nodes')
})

test('without a rampart.yml the machine is still checked', async () => {
  const { code, stdout } = await runCli(['doctor', '-c', 'nowhere.yml'], { env: env() })
  expect(code).toBe(3)
  expect(stdout).toMatch(/OK {4}node/)
  expect(stdout).toMatch(/FAIL {2}config .*There is no file nowhere\.yml/)
  expect(stdout).toMatch(/SKIP {2}group .*there is no configuration/)
})

test('--policy prints a policy that a tool can read, and nothing else, on stdout', async () => {
  const { code, stdout, stderr } = await runCli(['doctor', '-c', example, '--policy', '--offline'], { env: env() })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ Version: '2012-10-17', Statement: expect.any(Array) })
  expect(stderr).toBe('The account was not asked: its number stands as * in the ARNs.\n')
})

test('a policy that IAM would not hold in one is printed as several, by name', async () => {
  const asked = ['doctor', '-c', example, '--policy', '--for', 'infra', '--offline']
  const [text, json] = await Promise.all([runCli(asked, { env: env() }), runCli([...asked, '--json'], { env: env() })])
  expect([text.code, text.stderr]).toEqual([
    0,
    expect.stringMatching(/^The policy has \d+ characters, and IAM takes 6144 .* printed are 2 policies by name/),
  ])
  const printed = JSON.parse(text.stdout) as readonly { readonly PolicyName: string; readonly PolicyDocument: object }[]
  expect(printed.map(({ PolicyName }) => PolicyName)).toEqual([
    'rampart-ai-production-infra-1',
    'rampart-ai-production-infra-2',
  ])
  for (const { PolicyDocument } of printed) expect(JSON.stringify(PolicyDocument).length).toBeLessThanOrEqual(6144)
  expect(JSON.parse(json.stdout)).toMatchObject({ v: 1, for: ['infra'], documents: printed })
})
