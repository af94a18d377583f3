/* oxlint-disable no-control-regex -- control characters are what this file is about */

// ECMA-48 (https://ecma-international.org/publications-and-standards/standards/ecma-48/): control strings (OSC, DCS,
// SOS, PM, APC) to their end or, when that never comes, to the end of the line, control sequences (CSI), then the other escapes. 8-bit forms beside the 7-bit ones.
const controlString =
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c\r\n]*(?:\u0007|\u001b\\|\u009c)?/g
const controlSequence = /(?:\u001b\[|\u009b)[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]?/g
const escape = /\u001b[\u0020-\u002f]*[\u0030-\u007e]?/g
// Beside the controls themselves: marks that reorder or hide text on the screen (bidirectional overrides).
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text from outside without terminal sequences and control characters; new lines and tabs stay. */
export function stripControl(text: string): string {
  return text
    .replace(controlString, '')
    .replace(controlSequence, '')
    .replace(escape, '')
    .replace(/\r\n?/g, '\n')
    .replace(invisible, '')
}

/** The same on one line: every run of white space and line ends becomes one space. */
export function cleanLine(text: string): string {
  return stripControl(text)
    .replace(/[\s\u2028\u2029]+/g, ' ')
    .trim()
}

/** The same text cut at its line ends, each line clean, empty ones left out. */
export function cleanLines(text: string): string[] {
  return stripControl(text)
    .split(/[\n\u2028\u2029]/)
    .map((line) => line.replaceAll('\t', '  ').trimEnd())
    .filter((line) => line !== '')
}
