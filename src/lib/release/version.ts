import { RampartError } from '../errors/rampart-error.js'

// A part of what https://git-scm.com/docs/git-check-ref-format and the tags of images both allow.
const pattern = /^v?\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/** A version as a person gives it, which is also the name of its git tag; rejects with kind `usage` what is none. */
export function readVersion(text: string): string {
  if (pattern.test(text) && text.length <= 100 && !text.endsWith('.lock')) return text
  throw new RampartError(
    'usage',
    `--version must be a version such as v2.0.0 or 1.4.0-rc.1, not ${JSON.stringify(text)}.`,
    {
      next: ['numbers with dots between them, with or without a v, and what may follow a hyphen'],
    },
  )
}

/** What `{version}` stands for in the tags of a release. */
export const bareVersion = (version: string): string => version.replace(/^v/, '')
