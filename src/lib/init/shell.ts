/** One command of a RUN line, with what stands between it and the next one. */
export interface Segment {
  readonly text: string
  /** Where it begins in the line. */
  readonly at: number
  /** `&&`, `||`, `;`, or empty for the last. */
  readonly operator: string
}

// What they begin goes on to their end, over every `;` in between.
const compound = /^(?:for|while|until|if|case)\b/

/** Cuts a shell line at `&&`, `||` and `;` outside quotes and parentheses; loops and conditions stay whole. Never throws. */
export function splitShell(line: string): readonly Segment[] {
  const segments = cut(line)
  return segments.some(({ text }) => compound.test(text)) ? [{ text: line.trim(), at: 0, operator: '' }] : segments
}

function cut(line: string): readonly Segment[] {
  const segments: Segment[] = []
  let quote = ''
  let depth = 0
  let from = 0
  const close = (to: number, operator: string): void => {
    const raw = line.slice(from, to)
    const text = raw.trim()
    if (text !== '') segments.push({ text, at: from + raw.length - raw.trimStart().length, operator })
    from = to + operator.length
  }
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? ''
    if (character === '\\' && quote !== "'") index++
    else if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'" || character === '`') quote = character
    else if (character === '(' || character === '{') depth++
    else if (character === ')' || character === '}') depth = Math.max(0, depth - 1)
    else if (depth === 0) {
      const two = line.slice(index, index + 2)
      const mark = two === '&&' || two === '||' ? two : character === ';' ? character : ''
      if (mark === '') continue
      close(index, mark)
      index += mark.length - 1
    }
  }
  close(line.length, '')
  return segments
}

/** The words of one command, quotes taken away; redirections and variables stay as they are written. */
export function shellWords(command: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let inWord = false
  let quote = ''
  for (let index = 0; index < command.length; index++) {
    const character = command[index] ?? ''
    if (quote === '' && /\s/.test(character)) {
      if (inWord) words.push(word)
      word = ''
      inWord = false
      continue
    }
    inWord = true
    if (character === '\\' && quote !== "'") word += command[++index] ?? ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
    else word += character
  }
  if (inWord) words.push(word)
  return words
}
