import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { hubSettings } from '../../src/lib/hub/settings.js'

async function home(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-hub-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test.each([
  [undefined, 'https://huggingface.co'],
  ['', 'https://huggingface.co'],
  ['https://mirror.example/', 'https://mirror.example'],
  [' http://127.0.0.1:8080/hf/ ', 'http://127.0.0.1:8080/hf'],
])('HF_ENDPOINT %j is %s', async (value, endpoint) => {
  expect(hubSettings({ HF_ENDPOINT: value }, await home()).endpoint).toBe(endpoint)
})

test.each(['mirror', 'ftp://x', 'https://me:secret@mirror.example'])('HF_ENDPOINT %s is refused', async (value) => {
  const directory = await home()
  const refused = (): unknown => hubSettings({ HF_ENDPOINT: value }, directory)
  expect(refused).toThrow(RampartError)
  expect(refused).not.toThrow(/secret/)
})

test('the token is that of the environment, else of the file that a login wrote', async () => {
  const directory = await home()
  const tokenOf = (environment: Record<string, string>): Promise<string | undefined> =>
    hubSettings(environment, directory).token()
  expect(await tokenOf({})).toBeUndefined()
  await mkdir(join(directory, '.cache/huggingface'), { recursive: true })
  await writeFile(join(directory, '.cache/huggingface/token'), 'hf_file\n')
  await writeFile(join(directory, 'other'), 'hf_other')
  await writeFile(join(directory, 'token'), 'hf_home')
  expect(await tokenOf({})).toBe('hf_file')
  expect(await tokenOf({ HF_TOKEN: ' ' })).toBe('hf_file')
  expect(await tokenOf({ HF_HOME: directory })).toBe('hf_home')
  expect(await tokenOf({ HF_HOME: directory, HF_TOKEN_PATH: join(directory, 'other') })).toBe('hf_other')
  expect(await tokenOf({ HF_TOKEN: 'hf_set\n' })).toBe('hf_set')
  expect(await tokenOf({ HUGGING_FACE_HUB_TOKEN: 'hf_old' })).toBe('hf_old')
})
