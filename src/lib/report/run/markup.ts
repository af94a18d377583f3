import { stripControl } from '../../terminal/clean.js'

/** A piece of HTML in which every text is escaped already. Made by {@link markup} alone. */
export class Markup {
  readonly #text: string

  constructor(strings: readonly string[], values: readonly Part[]) {
    this.#text = strings.map((piece, index) => piece + textOf(values[index])).join('')
  }

  toString(): string {
    return this.#text
  }
}

/** What may stand in a template: text and numbers are escaped, lists are joined, nothing is nothing. */
export type Part = string | number | Markup | undefined | false | readonly Part[]

/** HTML or SVG of a template literal. Only what the source of rampart says is markup; every value is text. */
export function markup(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(strings, values)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Markup) return part.toString()
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') {
    // Half a surrogate pair is no character: https://infra.spec.whatwg.org/#scalar-value
    return stripControl(part.toWellFormed()).replaceAll(/[&<>"']/g, (found) => entities[found] ?? '')
  }
  return part.map(textOf).join('')
}
