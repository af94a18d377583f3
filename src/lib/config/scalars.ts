/** The texts that stand for more than themselves in rampart.yml: pure readers, and the patterns editors check them by. */

const day = 86_400_000
const unitMilliseconds = { d: day, h: 3_600_000, m: 60_000, s: 1000 } as const

/** A duration's whole text, e.g. `180s`, `3m`, `1h30m`. A unit is required. */
export const durationPattern = String.raw`(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?`

/** Milliseconds of a duration such as `1h30m`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(`^${durationPattern}$`).test(text)) return undefined
  let total = 0
  for (const [, amount = '', unit = 's'] of text.matchAll(/(\d+)([dhms])/g)) {
    total += Number(amount) * unitMilliseconds[unit as keyof typeof unitMilliseconds]
  }
  return Number.isSafeInteger(total) ? total : undefined
}

/** The shortest text that {@link parseDuration} reads as these milliseconds, in whole seconds. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds
  let text = ''
  for (const [unit, length] of Object.entries(unitMilliseconds)) {
    const amount = Math.floor(rest / length)
    rest -= amount * length
    if (amount > 0) text += `${amount}${unit}`
  }
  return text === '' ? '0s' : text
}

const unitBytes = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const

/** A size's whole text, e.g. `100MB` (10^8 bytes) or `1.5GiB`. A unit is required. */
export const sizePattern = String.raw`\d+(?:\.\d+)?(?:B|kB|KB|MB|GB|KiB|MiB|GiB)`

/** Whole bytes of a size above zero; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = new RegExp(`^(${sizePattern.replace('(?:B', ')(B')}$`).exec(text) ?? []
  if (amount === undefined || unit === undefined) return undefined
  const bytes = Math.round(Number(amount) * unitBytes[unit as keyof typeof unitBytes])
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A tag that may hold `{version}` and `{commit}`. */
export const tagPattern = String.raw`(?![.-])(?:[A-Za-z0-9_.-]|\{version\}|\{commit\}){1,128}`

/**
 * The tag that a template of rampart.yml gives. What is not allowed in a tag becomes `-`; undefined when it names
 * something that is not known, e.g. `{version}` outside a git repository.
 */
export function expandTag(
  template: string,
  values: { readonly version?: string; readonly commit?: string },
): string | undefined {
  let missing = false
  const text = template.replaceAll(/\{(version|commit)\}/g, (_, name: 'version' | 'commit') => {
    const value = values[name]
    if (value === undefined || value === '') missing = true
    return name === 'commit' ? (value ?? '').slice(0, 12) : (value ?? '')
  })
  if (missing) return undefined
  // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
  return text
    .replaceAll(/[^\w.-]/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128)
}
