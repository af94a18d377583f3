import { readFile } from 'node:fs/promises'
import { RampartError } from '../errors/rampart-error.js'
import type { SecretValue } from '../ports/secrets.js'

interface ValueFlags {
  readonly 'from-file'?: string | undefined
  readonly 'from-env'?: string | undefined
}

// More than any secret may have: what is longer is refused by its size, and not read to its end.
const enough = 1_000_000

/** Takes a secret's value from where the flags say, and from nowhere else: a file, a variable, or what is piped in. */
export async function readSecretValue(flags: ValueFlags, stdin: NodeJS.ReadStream): Promise<SecretValue> {
  const { 'from-file': file, 'from-env': variable } = flags
  if (file !== undefined && variable !== undefined) {
    throw new RampartError('usage', '--from-file and --from-env name different values.', { next: ['use one of them'] })
  }
  if (variable !== undefined) return ofVariable(variable)
  if (file !== undefined && file !== '-') return valueOf(await ofFile(file))
  if (stdin.isTTY) {
    throw new RampartError('usage', 'There is no value: nothing is piped in.', {
      next: ['rampart secrets set NAME --from-file FILE', 'rampart secrets set NAME --from-env VARIABLE'],
    })
  }
  const parts: Buffer[] = []
  let size = 0
  for await (const part of stdin) {
    const bytes = Buffer.from(part as Uint8Array)
    parts.push(bytes)
    size += bytes.byteLength
    if (size > enough) break
  }
  return valueOf(Buffer.concat(parts))
}

function ofVariable(name: string): SecretValue {
  const value = process.env[name]
  if (value !== undefined && value !== '') return { text: value }
  // What is no name may be the value itself, given in the wrong place: it is not repeated.
  const what = /^[A-Za-z_]\w{0,63}$/.test(name)
    ? `The variable ${name} is not set, or empty.`
    : '--from-env takes the name of a variable.'
  throw new RampartError('usage', what, { next: ['rampart secrets set NAME --from-env VARIABLE'] })
}

async function ofFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
    const isAbsent = code === 'ENOENT' || code === 'ENAMETOOLONG'
    // A path that is none may be the value itself.
    throw new RampartError(
      'usage',
      isAbsent
        ? 'The file of --from-file is not there.'
        : `The file of --from-file can not be read${code === undefined ? '' : ` (${code})`}.`,
      { next: ['check its path; it is relative to where you are'] },
    )
  }
}

/** Text where it is UTF-8, without the line end that editors and `echo` put behind it; bytes otherwise. */
function valueOf(bytes: Buffer): SecretValue {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { text: text.replace(/\r?\n$/, '') }
  } catch {
    return { bytes }
  }
}
