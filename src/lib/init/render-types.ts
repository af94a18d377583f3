import type { FoundModel } from './python/models.js'

/** The texts of `templates/`, by their paths in it. */
export type Templates = Readonly<Record<TemplateName, string>>

/** Every template that init uses. Those of YAML are none before they are filled, and no tool should take them for it. */
export const templateNames = [
  'rampart.yml.template',
  'service.yml.template',
  'base.yml.template',
  'Dockerfile.app',
  'python/Dockerfile.base',
  'node/Dockerfile.base',
  'dockerignore',
  'Makefile',
  'ci/github.yml.template',
  'ci/gitlab.yml.template',
] as const

/** A path of {@link templateNames}. */
type TemplateName = (typeof templateNames)[number]

/** What the hub knows of a model's revision. */
export interface Pin {
  /** 40 hexadecimal digits. */
  readonly commit: string
  /** True when the repository holds safetensors, so that its .bin twins are not needed. */
  readonly safetensors: boolean
}

/** A model with the commit that it is written with, when one is known. */
export interface PinnedModel extends FoundModel {
  readonly pin?: Pin
}

/** A pair of Dockerfiles as it would be written. */
export interface Pair {
  readonly base: string
  readonly app: string
  /** The files that the base copies, relative to the context, sorted. */
  readonly inputs: readonly string[]
  /** What was not carried over from the Dockerfile that was there, and what to do about it. */
  readonly notes: readonly string[]
}

/** Whom the app runs as. */
export interface Runtime {
  readonly name: string
  readonly uid: number
}
