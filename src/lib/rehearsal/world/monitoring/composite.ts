/** An alarm rule that was read: the alarms that it names, and whether it holds for their states. */
export interface AlarmRule {
  readonly names: readonly string[]
  holds(stateOf: (name: string) => string | undefined): boolean
}

type Test = (stateOf: (name: string) => string | undefined) => boolean

const tokens = /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|([^\s()"]+))\s*\)|(AND|OR|NOT|TRUE|FALSE|[()]))/y

interface Token {
  readonly word: string
  readonly name?: string
}

function split(text: string): readonly Token[] | undefined {
  const found: Token[] = []
  tokens.lastIndex = 0
  while (tokens.lastIndex < text.trimEnd().length) {
    const match = tokens.exec(text)
    if (match === null) return undefined
    const [, state, quoted, bare, word] = match
    const name = quoted ?? bare
    found.push(name === undefined ? { word: word ?? '' } : { word: state ?? '', name })
  }
  return found
}

/**
 * Reads the rule of a composite alarm; alarms may be named by ARN. Undefined when it can not be read.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 */
export function readAlarmRule(text: string): AlarmRule | undefined {
  const read = split(text)
  if (read === undefined) return undefined
  const words: readonly Token[] = read
  const names = new Set<string>()
  let at = 0
  const isNext = (word: string): boolean => words[at]?.word === word && words[at]?.name === undefined

  function operand(): Test | undefined {
    const token = words[at++]
    if (token === undefined) return undefined
    if (token.name !== undefined) {
      const name = token.name.replace(/^arn:.*:alarm:/, '')
      names.add(name)
      return (stateOf) => stateOf(name) === token.word
    }
    if (token.word === 'TRUE' || token.word === 'FALSE') return () => token.word === 'TRUE'
    if (token.word === 'NOT') {
      const inner = operand()
      return inner && ((stateOf) => !inner(stateOf))
    }
    if (token.word !== '(') return undefined
    const inner = either()
    return isNext(')') && ++at > 0 ? inner : undefined
  }

  function chain(word: 'AND' | 'OR', next: () => Test | undefined): Test | undefined {
    let left = next()
    while (left !== undefined && isNext(word)) {
      at++
      const [first, second] = [left, next()]
      if (second === undefined) return undefined
      left =
        word === 'AND' ? (stateOf) => first(stateOf) && second(stateOf) : (stateOf) => first(stateOf) || second(stateOf)
    }
    return left
  }

  const either = (): Test | undefined => chain('OR', () => chain('AND', operand))
  const root = either()
  return root === undefined || at < words.length ? undefined : { names: [...names], holds: root }
}
