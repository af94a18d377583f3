import type { ErrorCode } from 'yaml'

const explained: Partial<Record<ErrorCode, { readonly message: string; readonly hint: string }>> = {
  TAB_AS_INDENT: { message: 'A tab indents this line', hint: 'YAML is indented with spaces' },
  BAD_INDENT: { message: 'The indentation of this line fits nothing above it', hint: 'Line it up with its neighbours' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'There is a second `:` on this line',
    hint: 'Put a value that holds `: ` into quotes, or begin a new line',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'This line has no `:` after its key',
    hint: 'Write `key: value`, with a space after the colon',
  },
  UNEXPECTED_TOKEN: {
    message: 'This does not belong here',
    hint: 'Look at the indentation and the quotes of this line and of the one above',
  },
  MULTIPLE_DOCS: { message: 'A second document begins here', hint: 'rampart.yml is one document; remove the `---`' },
  BAD_SCALAR_START: { message: 'A value can not begin with this character', hint: 'Put the value into quotes' },
  BAD_DQ_ESCAPE: {
    message: 'This backslash sequence means nothing in double quotes',
    hint: String.raw`Use single quotes, or write \\ for a backslash`,
  },
  TAG_RESOLVE_FAILED: { message: 'This tag is not known', hint: 'Tags such as `!env` are not read; use `${NAME}`' },
}

/** A `${NAME}` without quotes inside `{ }` or `[ ]`, where YAML takes its brace for a map of its own. */
const variableInFlow = /[[{,][^'"#]*\$\{[A-Za-z_]\w*/

interface Explanation {
  readonly message: string
  readonly hint?: string
}

/** What is wrong with YAML itself, in words that say what to change; `message` is the parser's own. */
export function explainSyntax(code: ErrorCode, message: string, line: string): Explanation {
  if (variableInFlow.test(line)) {
    return {
      message: 'A variable needs quotes inside `{ }` and `[ ]`',
      hint: 'Write `"${NAME}"`, or give the value a line of its own',
    }
  }
  return explained[code] ?? { message: `Not YAML: ${message}` }
}

/** What is wrong with an alias that leads nowhere, or into itself. */
export function explainAlias(name: string, known: boolean): Explanation {
  return known
    ? { message: `\`*${name}\` stands inside what it repeats`, hint: 'Move the anchor' }
    : { message: `There is no anchor \`&${name}\` above this`, hint: 'An alias repeats what `&name` marked before it' }
}
