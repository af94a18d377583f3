import { RampartError } from '../errors/rampart-error.js'

/** What a request was for: of which model, in words that follow "to". */
export interface Purpose {
  readonly endpoint: string
  readonly host: string
  /** E.g. `list the files of org/name`. */
  readonly what: string
  readonly id: string
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
const brief = (text: string): string => printable(text).slice(0, 300)

/** The text without the secret, also where it is written as in an address or a header. */
function without(secret: string | undefined, text: string): string {
  if (secret === undefined) return text
  const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), text)
}

/**
 * A refusal by the hub, with its own words and what to do. `passing` when the same request may succeed later. `secret`
 * never shows, whatever the hub says.
 */
export function hubRefusal(
  purpose: Purpose,
  response: Pick<Response, 'status' | 'headers'>,
  options: { readonly secret?: string | undefined; readonly passing: boolean; readonly wait?: number | undefined },
): RampartError {
  const { host, what } = purpose
  const { status, headers } = response
  // Masked before it is cut: half a secret is one, too.
  const words = without(options.secret, printable(headers.get('x-error-message') ?? '')).slice(0, 300)
  const message = `${host} refused to ${what}: ${status}${words === '' ? '' : ` ${words}`}`
  const code = headers.get('x-error-code') ?? ''
  // Without a token the hub says 401 of what does not exist, too.
  const missing = status === 404 || /^(?:Repo|Revision|Entry)NotFound$/.test(code)
  return new RampartError(missing && status !== 401 ? 'preflight' : 'unreachable', message, {
    next: hints(purpose, status, code, options),
    passing: options.passing,
  })
}

function hints(
  { endpoint, id }: Purpose,
  status: number,
  code: string,
  { secret, wait }: { readonly secret?: string | undefined; readonly wait?: number | undefined },
): readonly string[] {
  const login = secret === undefined ? 'set HF_TOKEN, or log in: hf auth login' : 'check that HF_TOKEN is valid'
  if (code === 'GatedRepo') return [`ask for access to the model at ${endpoint}/${id}`, login]
  if (code === 'RevisionNotFound') return [`copy the commit from ${endpoint}/${id}/commits/main`]
  if (code === 'EntryNotFound') return ['the file is not in that revision: check `files` and `revision`']
  if (status === 401) return [`check the id ${id}: the hub says the same of models that do not exist`, login]
  if (status === 403) return [`check that the account may read ${id} at ${endpoint}/${id}`, login]
  if (status === 404) return [`check the id and the revision at ${endpoint}/${id}`]
  if (status === 429) {
    const when = wait === undefined ? 'wait some minutes' : `wait ${Math.ceil(wait / 1000)} seconds`
    return [
      `${when} and run the same command again: what is downloaded stays`,
      ...(secret === undefined ? [login] : []),
    ]
  }
  return ['run the same command again: what is downloaded stays']
}

/** The code of a failed request, e.g. `ECONNRESET`, wherever `fetch` has hidden it; empty when there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error.cause !== undefined) return codeOf(error.cause)
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A request without an answer, or one that broke off. */
export function hubFailure({ host, what }: Purpose, error: unknown): RampartError {
  if (error instanceof RampartError) return error
  const code = codeOf(error)
  const reason = code === '' && error instanceof Error ? brief(error.message) : code
  const dns = code === 'ENOTFOUND' || code === 'EAI_AGAIN'
  return new RampartError('unreachable', `could not ${what} at ${host}: ${reason}`, {
    next: [
      dns ? `check the name ${host}, HF_ENDPOINT and this machine's DNS` : `check the connection to ${host}`,
      'run the same command again: what is downloaded stays',
    ],
    passing: true,
    cause: error,
  })
}

/** An answer that is not what the hub's interface promises. */
export function hubNonsense({ host, what }: Purpose, found: string): RampartError {
  return new RampartError('unreachable', `${host} was asked to ${what} and sent ${found}`, {
    next: ['check that HF_ENDPOINT names a Hugging Face hub or a mirror of it'],
  })
}

/** A token that no header can carry. What `fetch` says of it would show it. */
export function hubTokenUnfit(): RampartError {
  return new RampartError(
    'usage',
    "The model hub's token holds a space, a line break or another character that no token has.",
    {
      next: ['correct HF_TOKEN, or log in anew: hf auth login'],
    },
  )
}
