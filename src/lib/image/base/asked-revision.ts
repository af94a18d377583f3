import type { ExpectedModel } from './judge.js'

/** Where a model was found, and what could tell the application which revision to ask for. */
interface Asked {
  /** The model's directory in the hub's cache. */
  readonly folder: string
  /** The content of its files under `refs/`, by path. */
  readonly refs: ReadonlyMap<string, string>
  /** The environment that the application runs with. */
  readonly environment: Readonly<Record<string, string>>
}

/** What is wrong, or worth knowing, about the name by which an application asks for a model. */
interface AskedVerdict {
  readonly problem?: string
  readonly remedy?: string
  readonly note?: string
}

const short = (revision: string): string => revision.slice(0, 12)
const isOn = (value: string | undefined): boolean => /^(?:1|on|yes|true)$/i.test(value ?? '')

/**
 * Whether the name that the application asks by leads to the revision. Without a network a branch is what `refs/` says:
 * https://huggingface.co/docs/huggingface_hub/guides/manage-cache#refs. A declared `ref` must lead there; a `main` that
 * is not there is noted, unless the environment names the commit itself.
 */
export function judgeAsked(model: ExpectedModel, { folder, refs, environment }: Asked): AskedVerdict {
  const { revision, ref = 'main' } = model
  for (const name of new Set([ref, 'main'])) {
    const named = refs.get(`${folder}/refs/${name}`)
    if (named === undefined || named === revision) continue
    const who = name === 'main' ? 'names no revision' : `asks for ${name}`
    return {
      problem: `refs/${name} names ${short(named)}, so that an application that ${who} gets another model`,
      remedy: `download only revision="${revision}", or remove ${folder}/refs/${name} and ask for that revision`,
    }
  }
  if (refs.has(`${folder}/refs/${ref}`)) return {}
  const places = `${folder}/refs/${ref}, which is not there; what is there is ${folder}/snapshots/${revision}`
  const remedy = remedyOf(model, folder)
  if (model.ref !== undefined) return { problem: `an application that asks for ${ref} looks in ${places}`, remedy }
  if (Object.values(environment).some((value) => value.includes(revision))) return {}
  const asking = Object.entries(environment).find(([name, value]) => /REVISION/i.test(name) && value === 'main')
  const offline = ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) => isOn(environment[name]))
  const who = asking === undefined ? 'an application that names no revision' : `${asking[0]}=main: the application`
  const end = offline === undefined ? 'Without a network it fails' : `With ${offline}=${environment[offline]} it fails`
  return { note: `${who} asks for main and looks in ${places}. ${end}`, remedy }
}

function remedyOf({ revision, ref = 'main', provide }: ExpectedModel, folder: string): string {
  const code = `let the code ask for revision="${revision}"`
  return provide === 'rampart'
    ? `write ref: ${ref} beside the revision in rampart.yml, or ${code}`
    : `${code}, or after the download, in the same RUN: mkdir -p ${folder}/refs && printf ${revision} > ${folder}/refs/${ref}`
}
