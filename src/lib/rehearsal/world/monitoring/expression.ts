/** A metric math expression that was read: the value at one time, where the values of the ids are known or missing. */
export type Expression = {
  readonly ids: readonly string[]
  valueAt(lookUp: (id: string) => number | undefined): number | undefined
}

type Node = (lookUp: (id: string) => number | undefined) => number | undefined

const tokens = /\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([A-Za-z_]\w*)|(<=|>=|==|!=|&&|\|\||[-+*/^<>(),!]))/y

const truth = (value: boolean): number => (value ? 1 : 0)

const operators: Readonly<Record<string, readonly [level: number, (a: number, b: number) => number]>> = {
  '||': [1, (a, b) => truth(a !== 0 || b !== 0)],
  OR: [1, (a, b) => truth(a !== 0 || b !== 0)],
  '&&': [2, (a, b) => truth(a !== 0 && b !== 0)],
  AND: [2, (a, b) => truth(a !== 0 && b !== 0)],
  '<': [3, (a, b) => truth(a < b)],
  '>': [3, (a, b) => truth(a > b)],
  '<=': [3, (a, b) => truth(a <= b)],
  '>=': [3, (a, b) => truth(a >= b)],
  '==': [3, (a, b) => truth(a === b)],
  '!=': [3, (a, b) => truth(a !== b)],
  '+': [4, (a, b) => a + b],
  '-': [4, (a, b) => a - b],
  '*': [5, (a, b) => a * b],
  '/': [5, (a, b) => a / b],
  '^': [6, (a, b) => a ** b],
}

const functions: Readonly<Record<string, readonly [count: number, (values: readonly Node[]) => Node]>> = {
  IF: [
    3,
    ([condition, yes, no]) =>
      (lookUp) => {
        const value = condition?.(lookUp)
        return value === undefined ? undefined : (value !== 0 ? yes : no)?.(lookUp)
      },
  ],
  FILL: [
    2,
    ([value, filling]) =>
      (lookUp) =>
        value?.(lookUp) ?? filling?.(lookUp),
  ],
  ABS: [
    1,
    ([value]) =>
      (lookUp) => {
        const known = value?.(lookUp)
        return known === undefined ? undefined : Math.abs(known)
      },
  ],
}

/**
 * Reads the part of metric math that alarms need: arithmetic, comparisons, logic, IF, FILL and ABS. Undefined when it
 * can not be read. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function readExpression(text: string): Expression | undefined {
  const read = split(text)
  if (read === undefined) return undefined
  const words: readonly string[] = read
  const ids = new Set<string>()
  let at = 0
  const take = (word: string): boolean => words[at] === word && ++at > 0

  function operand(): Node | undefined {
    const word = words[at++]
    if (word === undefined) return undefined
    if (word === '(') {
      const inner = binary(1)
      return take(')') ? inner : undefined
    }
    if (word === '-' || word === '!') {
      const inner = operand()
      return inner && ((lookUp) => negated(word, inner(lookUp)))
    }
    if (/^\d/.test(word)) return () => Number(word)
    if (!/^\w/.test(word)) return undefined
    if (take('(')) return called(word)
    ids.add(word)
    return (lookUp) => lookUp(word)
  }

  function called(name: string): Node | undefined {
    const known = Object.hasOwn(functions, name) ? functions[name] : undefined
    const values: Node[] = []
    do {
      const value = binary(1)
      if (value === undefined) return undefined
      values.push(value)
    } while (take(','))
    return take(')') && known?.[0] === values.length ? known[1](values) : undefined
  }

  function binary(level: number): Node | undefined {
    let left = operand()
    for (;;) {
      const operator = Object.hasOwn(operators, words[at] ?? '') ? operators[words[at] ?? ''] : undefined
      if (left === undefined || operator === undefined || operator[0] < level) return left
      at++
      const [first, right, apply] = [left, binary(operator[0] + 1), operator[1]]
      if (right === undefined) return undefined
      left = (lookUp) => {
        const [a, b] = [first(lookUp), right(lookUp)]
        const value = a === undefined || b === undefined ? undefined : apply(a, b)
        // What is divided by nothing has no data point.
        return value !== undefined && Number.isFinite(value) ? value : undefined
      }
    }
  }

  const root = binary(1)
  return root === undefined || at < words.length ? undefined : { ids: [...ids], valueAt: root }
}

function negated(sign: '-' | '!', value: number | undefined): number | undefined {
  if (value === undefined) return undefined
  return sign === '-' ? -value : truth(value === 0)
}

function split(text: string): readonly string[] | undefined {
  const found: string[] = []
  tokens.lastIndex = 0
  while (tokens.lastIndex < text.trimEnd().length) {
    const match = tokens.exec(text)
    if (match === null) return undefined
    found.push(match[0].trim())
  }
  return found
}
