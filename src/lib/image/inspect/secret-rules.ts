import { secretFormats, type SecretSign } from '../../domain/secret-formats.js'

interface NameRule extends SecretSign {
  /** Of the whole path, without a slash in front. */
  readonly path: RegExp
  readonly except?: RegExp
}

// Files that tools keep credentials in: the path alone tells, unless it names a sample.
const nameRules: readonly NameRule[] = [
  {
    rule: 'env-file',
    what: 'environment file',
    path: /(?:^|\/)\.env(?:\.[^/]+)?$/,
    except: /\.(?:example|sample|template|dist|defaults?)$/i,
  },
  { rule: 'ssh-key', what: 'SSH private key', path: /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/ },
  { rule: 'aws-credentials', what: 'AWS credentials file', path: /(?:^|\/)\.aws\/credentials$/ },
  { rule: 'netrc', what: 'machine logins', path: /(?:^|\/)[._]netrc$/ },
  { rule: 'git-credentials', what: 'git logins', path: /(?:^|\/)\.git-credentials$/ },
  { rule: 'pgpass', what: 'PostgreSQL passwords', path: /(?:^|\/)\.pgpass$/ },
  { rule: 'pypirc', what: 'PyPI login', path: /(?:^|\/)\.pypirc$/ },
  { rule: 'docker-config', what: 'registry logins', path: /(?:^|\/)\.docker\/config\.json$/ },
  { rule: 'kube-config', what: 'Kubernetes credentials', path: /(?:^|\/)\.kube\/config$/ },
  {
    rule: 'hub-token',
    what: 'Hugging Face token file',
    path: /(?:^|\/)(?:\.cache\/|\.)?huggingface\/(?:token|stored_tokens)$/,
  },
  { rule: 'key-store', what: 'key store', path: /\.(?:p12|pfx|jks|keystore|kdbx)$/i },
  { rule: 'terraform-state', what: 'Terraform state', path: /(?:^|\/)[^/]*\.tfstate(?:\.backup)?$/ },
  { rule: 'htpasswd', what: 'password hashes', path: /(?:^|\/)\.htpasswd$/ },
]

/** Names the version of these rules: what was found by other ones is looked for again. */
export const secretRulesVersion = 2

/** Files above this are judged by their path alone. */
export const largestScanned = 1024 * 1024

const sign = ({ rule, what }: SecretSign): SecretSign => ({ rule, what })

/** What a path says of its file; `path` has no slash in front. */
export function secretByPath(path: string): SecretSign | undefined {
  const found = nameRules.find((one) => one.path.test(path) && one.except?.test(path) !== true)
  return found === undefined ? undefined : sign(found)
}

/** What a file's content says; nothing for binary files, as grep has it: those with a zero byte near the start. */
export function secretByContent(content: Uint8Array): SecretSign | undefined {
  if (content.length > largestScanned || content.subarray(0, 8192).includes(0)) return undefined
  return secretInText(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1'))
}

function secretInText(text: string): SecretSign | undefined {
  const found = secretFormats.find((one) => one.text.test(text))
  return found === undefined ? undefined : sign(found)
}

const secretName =
  /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ENCRYPTION_?KEY|SIGNING_?KEY|JWT_?KEY|CREDENTIALS?)(?:$|_(?!FILE$|PATH$|DIR$|NAME$|ID$|ARN$|URL$|TTL$))/i
// What names where a secret is, how long it lasts or that there is one is no secret.
const harmlessValue = /^(?:|\/.*|true|false|yes|no|on|off|none|null|\d{1,6}|\$\{?\w+\}?|arn:.*|https?:\/\/[^@]*)$/i

/** What a variable of the image's environment or a build argument says. */
export function secretByVariable(name: string, value: string): SecretSign | undefined {
  const byValue = secretInText(value)
  if (byValue !== undefined) return byValue
  if (!secretName.test(name) || harmlessValue.test(value)) return undefined
  return { rule: 'secret-variable', what: 'value of a variable with a secret name' }
}

const assignment = /(?<![\w.-])([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;&|]*)/g

/** The variables that a text sets, e.g. an instruction of the history. */
export function assignmentsOf(text: string): readonly { readonly name: string; readonly value: string }[] {
  return Array.from(text.matchAll(assignment), ([, name = '', value = '']) => ({
    name,
    value: value.replace(/^(["'])(.*)\1$/s, '$2'),
  }))
}

/** The text with `***` for everything that looks like a secret in it. */
export function redact(text: string): string {
  const named = text.replaceAll(assignment, (whole: string, name: string, value: string) =>
    secretByVariable(name, value.replace(/^(["'])(.*)\1$/s, '$2')) === undefined ? whole : `${name}=***`,
  )
  return secretFormats.reduce(
    (rest, { text: pattern }) => rest.replaceAll(new RegExp(pattern, `${pattern.flags}g`), '***'),
    named,
  )
}

/** The text itself when it looks like a secret although it sets no variable, e.g. a token on a command line. */
export function secretInInstruction(text: string): SecretSign | undefined {
  const named = assignmentsOf(text).flatMap(({ name, value }) => secretByVariable(name, value) ?? [])
  return named[0] ?? secretInText(text)
}
