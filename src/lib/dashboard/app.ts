import { Box, render, Text, Transform, useInput, usePaste, type Key as InkKey } from 'ink'
import { createElement, type ReactElement } from 'react'
import type { Key } from './ui.js'

/** What Ink is given. */
export interface AppStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** What the app does with input. */
export interface AppInput {
  readonly onKey: (key: Key) => void
  readonly onPaste: (text: string) => void
}

/** Rows on a terminal. */
export interface App {
  /** Shows these rows; only what differs is written. */
  draw(rows: readonly string[], columns: number): void
  /** Forgets what is on the screen, so that the next drawing writes everything. */
  forget(): void
  unmount(): void
}

/** Starts Ink. Without input (a stdin that is no terminal) it only shows. */
export type MountApp = (streams: AppStreams, input: AppInput | undefined) => App

/** Starts Ink on these streams. */
export const mountApp: MountApp = ({ stdin, stdout, stderr }, input) => {
  const keyboard = input === undefined ? undefined : createElement(Keyboard, { key: 'keys', input })
  const tree = (rows: readonly string[], columns: number): ReactElement =>
    createElement(Box, { flexDirection: 'column', width: columns }, keyboard, screenElement(rows))
  const instance = render(tree([], stdout.columns), {
    stdin,
    stdout,
    stderr,
    // When frames are drawn is decided outside; Ink writes at once what it is given.
    maxFps: 1000,
    incrementalRendering: true,
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
    isScreenReaderEnabled: false,
  })
  // Never rejected unless a component throws, which ours do not; unheard, it would end the process with no words.
  instance.waitUntilExit().catch(() => undefined)
  return {
    draw: (rows, columns) => instance.rerender(tree(rows, columns)),
    forget: () => instance.clear(),
    unmount: () => instance.unmount(),
  }
}

/**
 * The rows as one text of as many lines, each of which becomes its row when it is drawn. Ink keeps thousands of the texts
 * that it has laid out, and every second has a hundred new ones; of these it lays out the same one again and again.
 */
function screenElement(rows: readonly string[]): ReactElement {
  const lines = createElement(Text, null, Array.from(rows, () => '.').join('\n'))
  return createElement(Transform, { key: 'screen', transform: (_line, index) => rows[index] ?? '', children: lines })
}

function Keyboard({ input }: { readonly input: AppInput }): null {
  useInput((text, key) => {
    if (isPasted(text, key)) input.onPaste(text)
    else for (const one of keysOf(text, key)) input.onKey(one)
  })
  usePaste(input.onPaste)
  return null
}

/** A chunk longer than this was not typed: a terminal without bracketed paste gave us somebody's clipboard. */
const typedAtOnce = 8

function isPasted(text: string, key: InkKey): boolean {
  return text.length > typedAtOnce && !key.ctrl && !key.meta
}

const special = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'page-up'],
  ['pageDown', 'page-down'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
] as const satisfies readonly (readonly [keyof InkKey, Key['name']])[]

function keysOf(text: string, key: InkKey): readonly Key[] {
  if (key.eventType === 'release') return []
  if (key.ctrl) {
    const name = `ctrl-${text}`
    return name === 'ctrl-c' || name === 'ctrl-l' || name === 'ctrl-u' || name === 'ctrl-z' ? [{ name }] : []
  }
  const found = special.find(([name]) => key[name])
  if (found !== undefined) return [{ name: found[1] }]
  if (key.meta || key.tab) return []
  return Array.from(text).flatMap((character): Key[] => {
    if (character === '\r' || character === '\n') return [{ name: 'enter' }]
    return /\p{Control}/u.test(character) ? [] : [{ name: 'character', character }]
  })
}
