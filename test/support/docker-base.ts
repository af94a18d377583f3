import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const tools = [
  'sh',
  'ls',
  'cat',
  'od',
  'head',
  'tail',
  'sha1sum',
  'sha256sum',
  'id',
  'sleep',
  'mkdir',
  'cp',
  'chmod',
  'chown',
  'ln',
  'dd',
  'printf',
  'mv',
  'rm',
  'true',
  'false',
]

/** Files for the base, by path; a directory's own modes and owners are the Dockerfile's business. */
export type BaseFiles = Readonly<Record<string, string | Uint8Array>>

/** A tar archive of a small root file system: this machine's own shell and tools with their libraries, and some users. */
export function packBase(files: BaseFiles = {}): Uint8Array {
  const root = mkdtempSync(join(tmpdir(), 'rampart-base-'))
  try {
    for (const directory of ['bin', 'etc', 'root', 'home/app', 'tmp', 'usr', 'opt']) {
      mkdirSync(join(root, directory), { recursive: true })
    }
    symlinkSync('../bin', join(root, 'usr/bin'))
    for (const tool of tools) install(root, tool)
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n')
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\n')
    chmodSync(join(root, 'root'), 0o700)
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    return execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-c', '.'], { maxBuffer: 1 << 30 })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function install(root: string, tool: string): void {
  const program = ['/bin', '/usr/bin'].map((directory) => join(directory, tool)).find((path) => existsSync(path))
  if (program === undefined) throw new Error(`this machine has no ${tool}`)
  copyFileSync(program, join(root, 'bin', tool))
  const linked = execFileSync('ldd', [program]).toString()
  for (const [, library = ''] of linked.matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(dirname(join(root, library)), { recursive: true })
    if (!existsSync(join(root, library))) copyFileSync(library, join(root, library))
  }
}
