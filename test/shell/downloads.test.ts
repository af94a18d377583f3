import { expect, test } from 'vitest'
import { downloadKind, namedModels, type DownloadKind } from '../../src/lib/shell/downloads.js'
import { readShell } from '../../src/lib/shell/read.js'

test.each<[string, DownloadKind | undefined, readonly string[]]>([
  ['hf download acme/m --revision 0123', 'model', ['acme/m']],
  ['/opt/venv/bin/huggingface-cli download acme/m', 'model', ['acme/m']],
  ['sudo -u app timeout 600 hf download acme/m', 'model', ['acme/m']],
  ['git clone https://huggingface.co/acme/m', 'model', []],
  ['git clone https://github.com/acme/m', 'file', []],
  [`python -c "from gliner import GLiNER; GLiNER.from_pretrained('acme/m')"`, 'model', ['acme/m']],
  [`python3.12 -c "print('acme/m')"`, undefined, ['acme/m']],
  [`HF_HUB_OFFLINE=1 python -c "x.from_pretrained('acme/m')"`, undefined, ['acme/m']],
  ['python scripts/download_models.py acme/m', 'model', ['acme/m']],
  ['bash scripts/fetch-weights.sh', 'model', []],
  ['sh setup.sh', undefined, []],
  ['python -m pip install x', 'package', []],
  ['uv pip install x', 'package', []],
  ['npm ci', 'package', []],
  ['apt-get install -y curl', 'system', []],
  ['curl -fsSL https://example.com/x', 'file', []],
  ['curl -L https://huggingface.co/acme/m/resolve/main/x', 'model', []],
  ['echo hf download', undefined, []],
])('%s', (script, kind, models) => {
  const [command] = readShell(script, { errexit: false, pipefail: false })
  expect(command && downloadKind(command, command.assignments)).toBe(kind)
  expect(command && namedModels(command)).toEqual(models)
})
