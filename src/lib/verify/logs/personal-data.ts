/** A place in a text that looks like somebody's own data. */
export interface PersonalPlace {
  readonly kind: 'email' | 'card'
  readonly from: number
  readonly to: number
}

// Bounded, and without two ways to match the same text: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
const address = /(?<![\w.+%-])[\w.+%-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])/g

/** Names of addresses that are nobody's. */
const impersonal = /^(?:no-?reply|root|postmaster|mailer-daemon|git)@/i

const digits = /(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w-])/g

/** The check digit of ISO/IEC 7812-1, annex B, and the beginnings of the large card networks. */
function isCard(text: string): boolean {
  const number = text.replaceAll(/\D/g, '')
  if (!/^(?:4|5[1-5]|2[2-7]|3[47]|3[068]|35|6(?:011|4[4-9]|5))/.test(number) || /^(\d)\1+$/.test(number)) return false
  const sum = number
    .split('')
    .toReversed()
    .reduce((total, digit, index) => {
      const doubled = Number(digit) * (index % 2 === 1 ? 2 : 1)
      return total + (doubled > 9 ? doubled - 9 : doubled)
    }, 0)
  return sum % 10 === 0
}

/** E-mail addresses and numbers of payment cards in a text. */
export function personalPlaces(text: string): readonly PersonalPlace[] {
  const emails = Array.from(text.matchAll(address), ({ 0: found, index }) => ({ found, index }))
    .filter(({ found }) => !impersonal.test(found))
    .map(({ found, index }): PersonalPlace => ({ kind: 'email', from: index, to: index + found.length }))
  const cards = Array.from(text.matchAll(digits), ({ 0: found, index }) => ({ found, index }))
    .filter(({ found }) => isCard(found))
    .map(({ found, index }): PersonalPlace => ({ kind: 'card', from: index, to: index + found.length }))
  return [...emails, ...cards]
}
