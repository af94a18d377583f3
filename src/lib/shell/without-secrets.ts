const flags =
  /(-{1,2}(?:token|password|passwd|auth|api[-_]?key|secret|user|u|header|H)(?:[= ]))(?:"[^"]*"|'[^']*'|\S+)/gi
const wellKnown = /\b(?:hf_\w{8,}|gh[pousr]_\w{8,}|glpat-[\w-]{8,}|AKIA\w{12,}|sk-[\w-]{8,})/g
const inUrls = /(?<=:\/\/)[^@/\s]+@/g

/** A command as it may be shown: what its flags, its addresses and well-known tokens in it give away is taken out. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(flags, '$1***').replaceAll(inUrls, '***@').replaceAll(wellKnown, '***')
}

/** True when a command has a well-known kind of token, or a password in an address, written out in it. */
export function holdsSecret(text: string): boolean {
  return text.search(wellKnown) >= 0 || /:\/\/[^@/\s:$]+:[^@/\s$]+@/.test(text)
}
