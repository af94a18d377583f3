import { createCipheriv, createHash } from 'node:crypto'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const compress = promisify(gzip)

/** A small generator with a seed, so that every run of the benchmark has the same application. */
function dice(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const words =
  'self model tokens request response async await return import class def config settings logger score label text batch device tensor output input length value key cache path load json router client session user status error timeout retry'.split(
    ' ',
  )

/** Text that compresses like Python sources do: to about 30 %. */
function source(roll, bytes) {
  const lines = []
  let size = 0
  while (size < bytes) {
    const name = () =>
      `${words[roll(words.length)]}_${roll(4) === 0 ? roll(100_000).toString(36) : words[roll(words.length)]}`
    const line = `${'    '.repeat(roll(4))}${name()} = ${name()}(${name()}, ${roll(3) === 0 ? roll(1_000_000) : name()})`
    lines.push(line)
    size += line.length + 1
  }
  return `${lines.join('\n')}\n`.slice(0, bytes)
}

/** Writes an application of that many files and bytes, with times in the past as a checkout has them. */
export async function writeApplication(directory, { files, bytes }) {
  const roll = dice(7)
  const past = new Date('2026-01-01T00:00:00Z')
  const names = Array.from({ length: files }, (_, index) => join('app', `package_${index % 20}`, `module_${index}.py`))
  for (const name of names) {
    const file = join(directory, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, source(roll, Math.round(bytes / files)))
    await utimes(file, past, past)
  }
  const dockerfile = 'ARG BASE\nFROM ${BASE}\nWORKDIR /srv\nCOPY app /srv/app\nCMD ["python", "-m", "app"]\n'
  await writeFile(join(directory, 'Dockerfile'), dockerfile)
  return names
}

const block = 512

/** A tar header of a file or, with a slash at the end of its name, a directory. */
function header(name, size) {
  const bytes = Buffer.alloc(block)
  const directory = name.endsWith('/')
  bytes.write(name, 0, 100)
  bytes.write(directory ? '0000755\0' : '0000644\0', 100)
  bytes.write('0000000\0'.repeat(2), 108)
  bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  bytes.write(`${(0).toString(8).padStart(11, '0')}\0`, 136)
  bytes.write(' '.repeat(8), 148)
  bytes.write(directory ? '5' : '0', 156)
  bytes.write('ustar\x0000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

const padding = (size) => Buffer.alloc((block - (size % block)) % block)
const end = Buffer.alloc(2 * block)

/** One model: bytes that do not compress, the same each time for the same seed, in a plain tar. */
function* weights(name, size, seed) {
  yield header(`models/${name}`, size)
  const key = createHash('sha256').update(`${seed} ${name}`).digest()
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  const zeros = Buffer.alloc(1024 * 1024)
  for (let left = size; left > 0; left -= zeros.length)
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)))
  yield padding(size)
  yield end
}

/** Dependencies: many sources in groups of a few megabytes, gzip -1. */
async function* dependencies(size, seed) {
  const roll = dice(seed)
  const text = Buffer.from(source(roll, 4_000_000))
  const each = 40_000
  let group = []
  let index = 0
  for (let left = size; left > 0; left -= each) {
    const from = roll(text.length - each)
    group.push(
      header(`dependencies/part_${Math.floor(index / 100)}/file_${index}.py`, each),
      text.subarray(from, from + each),
      padding(each),
    )
    index += 1
    if (group.length >= 300) {
      yield await compress(Buffer.concat(group), { level: 1 })
      group = []
    }
  }
  yield await compress(Buffer.concat([...group, end]), { level: 1 })
}

/** What a distribution's own layer has that matters here: users and directories. */
function system() {
  const passwd = Buffer.from('root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n')
  const group = Buffer.from('root:x:0:\napp:x:1000:\n')
  const directories = ['etc/', 'home/', 'home/app/', 'models/', 'srv/', 'tmp/', 'usr/', 'var/']
  return compress(
    Buffer.concat([
      ...directories.map((name) => header(name, 0)),
      header('etc/passwd', passwd.length),
      passwd,
      padding(passwd.length),
      header('etc/group', group.length),
      group,
      padding(group.length),
      end,
    ]),
  )
}

const tar = 'application/vnd.oci.image.layer.v1.tar'

/** The layers of a base of about that many bytes: three fifths models, the rest dependencies. Each can be opened again. */
export async function baseLayers(bytes, seed) {
  const models = Math.round((bytes * 0.6) / 6)
  const small = await system()
  return [
    { mediaType: `${tar}+gzip`, zipped: true, open: () => [small] },
    { mediaType: `${tar}+gzip`, zipped: true, open: () => dependencies(Math.round(bytes * 0.4), seed) },
    ...Array.from({ length: 6 }, (_, index) => ({
      mediaType: tar,
      zipped: false,
      open: () => weights(`model_${index}.safetensors`, models, seed),
    })),
  ]
}
