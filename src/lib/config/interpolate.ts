/** A flaw in a `${NAME}`: `at` counts the characters before it in the text. */
interface InterpolationFlaw {
  readonly at: number
  readonly message: string
  readonly hint: string
  /** The variable that is not set; undefined when the text itself is wrong. */
  readonly missing?: string
}

interface Interpolation {
  readonly text: string
  /** Values that came from the environment, as they are. */
  readonly used: readonly string[]
  /** Whether the text held any `${NAME}`, set or not. */
  readonly variables: boolean
  readonly flaws: readonly InterpolationFlaw[]
}

const pattern = /\$(?:\$|\{([A-Za-z_]\w*)(?::-((?:\$\$|[^$}])*))?\}|(\{)|([A-Za-z_]\w*))/g

/**
 * Replaces `${NAME}` and `${NAME:-default}` (used when NAME is unset or empty) and turns `$$` into `$`. It works on
 * values after YAML is read, and what it puts in is never read again, so quotes, backslashes, `$` and newlines stay.
 */
export function interpolate(text: string, env: Readonly<Record<string, string | undefined>>): Interpolation {
  const used: string[] = []
  const flaws: InterpolationFlaw[] = []
  let variables = false
  const result = text.replaceAll(
    pattern,
    (whole: string, name?: string, fallback?: string, brace?: string, bare?: string, at = 0) => {
      if (name !== undefined) {
        variables = true
        const set = Object.hasOwn(env, name) ? env[name] : undefined
        const value = set ?? ''
        if (value !== '') used.push(value)
        else if (fallback !== undefined) return fallback.replaceAll('$$', '$')
        // An empty value is what was asked for; only one that is not there is a flaw.
        else if (set === undefined) flaws.push(missing(name, at))
        return value
      }
      if (brace !== undefined) flaws.push(malformed(at))
      else if (bare !== undefined) flaws.push(unbraced(bare, at))
      else return '$'
      return whole
    },
  )
  return { text: result, used, variables, flaws }
}

function missing(name: string, at: number): InterpolationFlaw {
  return {
    at,
    missing: name,
    message: `The variable ${name} is not set`,
    hint: `Export it, put \`${name}=…\` into .env beside the file, or give a default: \`\${${name}:-default}\``,
  }
}

function malformed(at: number): InterpolationFlaw {
  return {
    at,
    message: '`${` does not begin a variable that can be read',
    hint: 'Write `${NAME}` or `${NAME:-default}`, or `$${` for the characters themselves',
  }
}

function unbraced(name: string, at: number): InterpolationFlaw {
  return {
    at,
    message: `\`$${name}\` is neither a variable nor plain text`,
    hint: `Write \`\${${name}}\` for the variable, or \`$$${name}\` for the characters themselves`,
  }
}
