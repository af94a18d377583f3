import { randomFillSync } from 'node:crypto'
import type { BaseFiles } from './docker-base.js'

/** The model that `fetchScript` puts into an image. */
export const baseModel = {
  id: 'acme/tiny-model',
  folder: 'models--acme--tiny-model',
  revision: '0123456789abcdef0123456789abcdef01234567',
} as const

/** How a file begins that has one tensor of that many bytes: https://huggingface.co/docs/safetensors/index#format */
export function safetensorsHead(bytes: number): Uint8Array {
  const header = Buffer.from(JSON.stringify({ weight: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header])
}

const safetensors = (bytes: number): Uint8Array =>
  Buffer.concat([safetensorsHead(bytes), randomFillSync(Buffer.alloc(bytes))])

/** `/bin/fetch CACHE` lays the seed out as the hub's own libraries would. */
const fetchScript = `#!/bin/sh
set -eu
at=$1/${baseModel.folder}
mkdir -p $at/blobs $at/refs $at/snapshots/${baseModel.revision}
printf ${baseModel.revision} > $at/refs/main
for file in /seed/*; do
  sum=$(sha256sum < $file)
  sum=\${sum%% *}
  cp $file $at/blobs/$sum
  ln -s ../../blobs/$sum $at/snapshots/${baseModel.revision}/\${file##*/}
done
`

/** What a base needs for its Dockerfile to "download" a model of two shards with `RUN sh /bin/fetch CACHE`. */
export function modelSeed(shardBytes = 20_000): BaseFiles {
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
  const map = Object.fromEntries(shards.map((name, index) => [`weight.${index}`, name]))
  return {
    'bin/fetch': fetchScript,
    'seed/config.json': '{"model_type":"tiny"}',
    'seed/model.safetensors.index.json': JSON.stringify({ metadata: { total_size: 2 * shardBytes }, weight_map: map }),
    ...Object.fromEntries(shards.map((name) => [`seed/${name}`, safetensors(shardBytes)])),
  }
}
