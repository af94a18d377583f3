const hubName = /^[A-Za-z0-9][\w.-]{0,95}(?:\/[A-Za-z0-9][\w.-]{0,95})?$/
const fileEnding =
  /\.(?:ya?ml|json5?|toml|ini|cfg|conf|env|txt|md|py|js|ts|css|html?|csv|tsv|parquet|sql|log|xml|pem|crt|key|so|whl|gz|zip|tar|png|jpe?g|svg)$/i

/** The first word of a text, out of its quotes and without the punctuation after it. */
export function firstWord(text: string): string {
  const [, quoted, plain] = /^\s{0,8}(?:["'`]([^"'`]{1,300})["'`]|(\S{1,300}))/.exec(text) ?? []
  return (quoted ?? plain ?? '').replace(/(?:\.\.\.|[….,:;)\]])+$/, '')
}

/** `models--org--name` in a path of the hub's cache. https://huggingface.co/docs/huggingface_hub/guides/manage-cache */
function inCache(path: string): string | undefined {
  const name = /(?:^|\/)models--([^/\s]{1,200})/.exec(path)?.[1]
  return name?.replaceAll('--', '/')
}

/** The model that a word names: an id of the hub, a path into the hub's cache, the last part of another path. */
export function modelName(word: string): string | undefined {
  const name = inCache(word) ?? (/^[./~]/.test(word) ? word.replace(/\/+$/, '').split('/').at(-1) : word)
  return name !== undefined && hubName.test(name) && !fileEnding.test(name) ? name : undefined
}

/**
 * The model at the beginning of a text that does not say that it is one: only `owner/name` with a digit or a hyphen
 * in the name, which paths, choices (`and/or`) and packages hardly ever are.
 */
export function plainModelId(text: string): string | undefined {
  const name = modelName(firstWord(text))
  const [, own] = name?.split('/') ?? []
  return own !== undefined && /[\d-]/.test(own) ? name : undefined
}

/** The model of an address on the hub, `https://huggingface.co/owner/name/resolve/…`. */
export function modelInAddress(text: string): string | undefined {
  const address =
    /\/\/(?:huggingface\.co|hf\.co)\/(?:api\/models\/)?([\w.-]{1,96}\/[\w.-]{1,96}|[\w.-]{1,96})\/resolve\//
  return address.exec(text)?.[1]
}
