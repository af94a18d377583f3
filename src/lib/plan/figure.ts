import type { Basis, Span } from '../domain/prediction.js'

export type { Basis, Span } from '../domain/prediction.js'

/** A number with where it comes from, in a few words. */
export interface Figure {
  readonly value: number
  readonly basis: Basis
  readonly from: string
}

const sureness: readonly Basis[] = ['measured', 'derived', 'assumed']

/** The least sure of them; what is made of measured numbers by arithmetic is derived. */
export function leastSure(...bases: readonly Basis[]): Basis {
  return sureness[Math.max(...bases.map((basis) => sureness.indexOf(basis)))] ?? 'derived'
}

/** What numbers give that were computed with: never measured. */
export const derivedFrom = (...figures: readonly Figure[]): Basis =>
  leastSure('derived', ...figures.map(({ basis }) => basis))

/** How far from what was supposed a supposed duration may lie, either way. */
const doubt = 0.2

/** A span around a duration in milliseconds, as wide as its number is unsure. */
export function spanOf(value: number, basis: Basis): Span {
  const share = basis === 'assumed' ? doubt : basis === 'derived' ? doubt / 2 : doubt / 4
  return { low: value * (1 - share), value, high: value * (1 + share), basis }
}

/** One after the other. */
export function sum(...spans: readonly Span[]): Span {
  const total = (pick: (span: Span) => number): number => spans.reduce((all, span) => all + pick(span), 0)
  return {
    low: total(({ low }) => low),
    value: total(({ value }) => value),
    high: total(({ high }) => high),
    basis: leastSure('measured', ...spans.map(({ basis }) => basis)),
  }
}
