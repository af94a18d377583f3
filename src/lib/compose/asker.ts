import type { SharedFlags } from '../../base-command.js'

/** A question to the person at the terminal, to which Enter says yes; undefined where there is none. */
export async function asker(
  flags: Pick<SharedFlags, 'json'>,
): Promise<((question: string) => Promise<boolean>) | undefined> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY || flags.json) return undefined
  const { createAsker } = await import('../terminal/ask.js')
  const person = await createAsker({ input: stdin, output: stderr })
  return (question) => person.confirm(question, true)
}
