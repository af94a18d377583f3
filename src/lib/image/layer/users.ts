import type { BaseFacts } from '../base/base-facts.js'

/** Who owns an entry. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** A user or group that cannot be turned into a number, in a few words. */
export class UnknownOwner extends Error {
  override readonly name = 'UnknownOwner'
}

const largest = 2 ** 31 - 1

/**
 * Reads `user`, `user:group` or numbers as Docker does: a number is itself and its own group, a name is looked up in the
 * base's /etc/passwd, which also gives its group, and a group's name in /etc/group. Throws {@link UnknownOwner}.
 */
export function resolveOwner(text: string, facts: BaseFacts): Owner {
  const colon = text.indexOf(':')
  const user = colon < 0 ? text : text.slice(0, colon)
  const group = colon < 0 ? '' : text.slice(colon + 1)
  const owner = resolveUser(user, facts)
  return group === '' ? owner : { uid: owner.uid, gid: resolveGroup(group, facts) }
}

function resolveUser(user: string, facts: BaseFacts): Owner {
  const number = parseId(user)
  if (number !== undefined) return { uid: number, gid: number }
  const line = find(facts.passwd, user)
  if (line === undefined) throw unknown('user', user, facts.passwd, facts)
  return { uid: Number(line[2]), gid: Number(line[3]) }
}

function resolveGroup(group: string, facts: BaseFacts): number {
  const number = parseId(group)
  if (number !== undefined) return number
  const line = find(facts.group, group)
  if (line === undefined) throw unknown('group', group, facts.group, facts)
  return Number(line[2])
}

function parseId(text: string): number | undefined {
  if (text === 'root' || text === '') return 0
  return /^\d{1,10}$/.test(text) && Number(text) <= largest ? Number(text) : undefined
}

function find(text: string | undefined, name: string): readonly string[] | undefined {
  return text
    ?.split('\n')
    .map((line) => line.trim().split(':'))
    .find((fields) => fields[0] === name && /^\d+$/.test(fields[2] ?? ''))
}

function unknown(what: string, name: string, text: string | undefined, facts: BaseFacts): UnknownOwner {
  const file = what === 'user' ? '/etc/passwd' : '/etc/group'
  if (text !== undefined && facts.complete) return new UnknownOwner(`the base has no ${what} ${name} in its ${file}`)
  if (facts.complete) return new UnknownOwner(`the base has no ${file} to look the ${what} ${name} up in`)
  return new UnknownOwner(`the ${what} ${name} was not found: ${facts.notes[0] ?? `${file} could not be read`}`)
}

/** The home directories of the base's users, as far as they are known. */
export function homeDirectories(facts: BaseFacts): readonly string[] {
  return (facts.passwd ?? '').split('\n').flatMap((line) => line.split(':')[5] ?? [])
}
