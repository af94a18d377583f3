import { secretFormats, type SecretFormat } from '../../domain/secret-formats.js'

// What would be found in every second file of source code, and has no business in a log.
const inLogs: readonly SecretFormat[] = [
  {
    // RFC 7519: header and payload are JSON objects, and so begin with `{"` in base64url.
    rule: 'jwt',
    what: 'JSON web token',
    text: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  },
  {
    // RFC 9110, section 11.6.2, and RFC 6750, section 2.1
    rule: 'authorization-header',
    what: 'authorization header',
    text: /\bauthorization["']?\s{0,4}[:=]\s{0,4}["']?(?:Bearer|Basic|ApiKey|Token)\s{1,4}(?!\*{3}|\$\{|<)[\w+/=.~-]{12,}/i,
  },
  {
    // Of a login form or a settings dump: `password=…`, `"secret": "…"`.
    rule: 'named-secret',
    what: 'value beside a secret name',
    text: /(?<![A-Za-z0-9])(?:password|passwd|secret(?:_?key)?|api_?key|access_?token|client_?secret)["']?\s{0,4}[=:]\s{0,4}["']?(?!\*{3}|\$\{|<|None\b|null\b|true\b|false\b)[^\s"'<>${}*,;&]{8,}/i,
  },
]

/** Formats of secrets that are looked for in logs. */
export const loggedSecretFormats: readonly SecretFormat[] = [...secretFormats, ...inLogs]
