import { redact } from '../image/inspect/secret-rules.js'
import type { RevisionField } from '../rollout/archive.js'
import { withoutSecrets } from '../shell/without-secrets.js'

const masked = '***'

const words =
  'passw|passphrase|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|encryption[_-]?key|signing[_-]?key|credential|auth|dsn|webhook|salt|cookie|signature'
const secretName = new RegExp(String.raw`${words}|(?:^|[_.-])(?:key|pwd|pass)$`, 'i')
/** Names of what only tells where a secret is. */
const placeName = /(?:file|path|dir|arn|name|id|ttl|from|ref)$/i
const harmless =
  /^(?:|true|false|yes|no|on|off|none|null|required|optional|enabled|disabled|\d{1,3}|arn:[\w:/.+=@,-]+)$/i
/** `NAME=value`, `name: value`, `"name": "value"`. */
const assignment = new RegExp(
  String.raw`(["']?)([\w.-]*(?:${words})[\w.-]*)\1(\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&|"']+)`,
  'gi',
)
/** What stands before and behind may be the password: `echo … | docker login`, `docker login -p …`. */
const login = /^.*\b((?:docker|podman|skopeo|crane|nerdctl|oras|helm|npm)\s+(?:\S+\s+)?login\b).*/i

/**
 * What may be seen of a value that a revision launches with. A value whose name speaks of a secret is not shown at all;
 * of others, what looks like one is taken out. Rather too much than too little: that it differs is said all the same.
 */
export function shownValue({ path, name, value }: RevisionField): string {
  if (harmless.test(value)) return value
  const called = name ?? path.slice(path.lastIndexOf('.') + 1)
  if (secretName.test(called) && !placeName.test(called)) return masked
  const indent = /^\s*/.exec(value)?.[0] ?? ''
  const text = redact(value.slice(indent.length))
    .replace(assignment, (whole: string, quote: string, key: string, sign: string, given: string) =>
      harmless.test(given) || placeName.test(key) ? whole : `${quote}${key}${quote}${sign}${masked}`,
    )
    .replace(login, `${masked} $1 ${masked}`)
  return `${indent}${withoutSecrets(text)}`
}
