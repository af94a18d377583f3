import { describe, expect, test } from 'vitest'
import { modelsOfJson } from '../../src/lib/init/python/models.js'
import { modelsOf } from './support.js'

const commit = '89b085cd330414d3e7d9dd787870f315957e1e9f'
const ids = (code: string, more: Readonly<Record<string, string>> = {}): readonly string[] =>
  modelsOf({ 'main.py': code, ...more }).models.map((model) => model.id)

describe('models in code', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['from_pretrained', 'AutoModel.from_pretrained("a/b")', ['a/b']],
    ['of a dotted class', 'transformers.AutoModel.from_pretrained("a/b")', ['a/b']],
    ['by keyword', 'AutoModel.from_pretrained(pretrained_model_name_or_path="a/b")', ['a/b']],
    ['GLiNER', 'GLiNER.from_pretrained("urchade/gliner_base", load_tokenizer=True)', ['urchade/gliner_base']],
    ['an id without an owner', 'AutoModel.from_pretrained("bert-base-uncased")', ['bert-base-uncased']],
    ['snapshot_download', 'snapshot_download(repo_id="a/b", revision="main")', ['a/b']],
    ['hf_hub_download', 'hf_hub_download("a/b", "config.json")', ['a/b']],
    ['a data set', 'snapshot_download("a/b", repo_type="dataset")', []],
    ['SentenceTransformer', 'SentenceTransformer("all-MiniLM-L6-v2")', ['sentence-transformers/all-MiniLM-L6-v2']],
    ['SentenceTransformer with an owner', 'SentenceTransformer("BAAI/bge-m3")', ['BAAI/bge-m3']],
    ['an alias', 'from sentence_transformers import SentenceTransformer as E\nE("a/b")', ['a/b']],
    ['pipeline', 'from transformers import pipeline\npipeline("ner", model="a/b")', ['a/b']],
    ['pipeline by place', 'from transformers import pipeline as p\np("ner", "a/b")', ['a/b']],
    ['pipeline of a module', 'import transformers as t\nt.pipeline("ner", model="a/b")', ['a/b']],
    ['another pipeline', 'from sklearn import pipeline\npipeline("ner", model="a/b")', []],
    ['a constant', 'NAME = "a/b"\nAutoModel.from_pretrained(NAME)', ['a/b']],
    ['a typed constant', 'NAME: Final[str] = "a/b"\nAutoModel.from_pretrained(NAME)', ['a/b']],
    ['a default of the environment', 'N = os.getenv("N", "a/b")\nAutoModel.from_pretrained(N)', ['a/b']],
    ['os.environ.get', 'AutoModel.from_pretrained(os.environ.get("N", "a/b"))', ['a/b']],
    ['a choice', 'AutoModel.from_pretrained("a/b" if small else "a/c")', ['a/b', 'a/c']],
    ['or', 'AutoModel.from_pretrained(name or "a/b")', ['a/b']],
    ['a default of a parameter', 'def f(name="a/b"):\n    AutoModel.from_pretrained(name)', ['a/b']],
    [
      'an attribute',
      'class C:\n  def __init__(self):\n    self.n = "a/b"\n  def f(self):\n    M.from_pretrained(self.n)',
      ['a/b'],
    ],
    ['a class attribute', 'class S:\n  N = "a/b"\nAutoModel.from_pretrained(S.N)', ['a/b']],
    ['an instance', 'class S:\n  N: str = "a/b"\ns = S()\nAutoModel.from_pretrained(s.N)', ['a/b']],
    ['a map', 'M = {"x": "a/b", "y": "a/c"}\nA.from_pretrained(M["y"])', ['a/c']],
    ['a map by a variable', 'M = {"x": "a/b", "y": "a/c"}\ndef f(k="x"):\n  A.from_pretrained(M[k])', ['a/b', 'a/c']],
    ['joined texts', 'A.from_pretrained("a/" "b")', ['a/b']],
    ['a sum', 'OWNER = "a"\nA.from_pretrained(OWNER + "/b")', ['a/b']],
    ['an f-string', 'OWNER = "a"\nA.from_pretrained(f"{OWNER}/b")', ['a/b']],
    ['escapes', String.raw`A.from_pretrained("a\x2fb")`, ['a/b']],
    ['a raw string', 'A.from_pretrained(r"a/b")', ['a/b']],
    ['many lines', 'A.from_pretrained(\n    # which\n    "a/b",\n)', ['a/b']],
    ['a comment', '# AutoModel.from_pretrained("a/b")', []],
    ['a string', 'x = \'AutoModel.from_pretrained("a/b")\'', []],
    ['a docstring', 'def f():\n  """AutoModel.from_pretrained("a/b")"""', []],
    ['a path', 'AutoModel.from_pretrained("./models/a")', []],
    ['an absolute path', 'AutoModel.from_pretrained("/opt/models/a")', []],
    ['a file', 'AutoModel.from_pretrained("model.pt")', []],
    ['bytes', 'AutoModel.from_pretrained(b"a/b")', []],
    ['a broken file around it', 'def f(:\n  x = = 3\nAutoModel.from_pretrained("a/b")\n)))', ['a/b']],
    ['twice', 'A.from_pretrained("a/b")\nB.from_pretrained("a/b")', ['a/b']],
  ])('%s', (_name, code, expected) => {
    expect(ids(code)).toEqual(expected)
  })

  test.each<readonly [string, string]>([
    ['from app import settings', 'settings.NAME'],
    ['from app.settings import NAME', 'NAME'],
    ['from app.settings import NAME as N', 'N'],
    ['import app.settings', 'app.settings.NAME'],
    ['import app.settings as s', 's.NAME'],
    ['from .app import settings', 'settings.NAME'],
  ])('a constant of another file: %s', (statement, name) => {
    const files = { 'app/__init__.py': '', 'app/settings.py': 'NAME = "a/b"' }
    expect(ids(`${statement}\nA.from_pretrained(${name})`, files)).toEqual(['a/b'])
  })

  test('revisions, branches, patterns and places', () => {
    const code = [
      `A.from_pretrained("a/pinned", revision="${commit}")`,
      'A.from_pretrained("a/branch", revision="v2")',
      'snapshot_download("a/some", allow_patterns=["*.json", "model.safetensors"])',
      'A.from_pretrained("a/odd", revision="$(id)")',
    ].join('\n')
    expect(modelsOf({ 'm.py': code }).models).toEqual([
      { id: 'a/pinned', revision: commit, places: ['m.py:1'] },
      { id: 'a/branch', ref: 'v2', places: ['m.py:2'] },
      { id: 'a/some', files: ['*.json', 'model.safetensors'], places: ['m.py:3'] },
      { id: 'a/odd', places: ['m.py:4'] },
    ])
  })

  test('a place whose model is not known is named, and a model that is handed on is not one', () => {
    const code = [
      'A.from_pretrained(read())',
      'A.from_pretrained(argument)',
      'from transformers import pipeline',
      'm = A.from_pretrained("a/b")',
      'pipeline("ner", model=m)',
    ].join('\n')
    const { models, unresolved } = modelsOf({ 'm.py': code })
    expect(models.map((model) => model.id)).toEqual(['a/b'])
    expect(unresolved).toEqual(['m.py:2'])
  })

  test('names that name each other end', () => {
    const lines = Array.from({ length: 200 }, () => 'A = B or A\nB = A or B').join('\n')
    expect(ids(`${lines}\nM.from_pretrained(A)`)).toEqual([])
  })
})

describe('models in a list', () => {
  test('with an id and a commit', () => {
    const list = [{ id: 'a/b', revision: commit, files: ['*.json'] }, { id: 'a/c', revision: 'main' }, { name: 'x' }, 1]
    expect(modelsOfJson('models.json', JSON.stringify(list))).toEqual([
      { id: 'a/b', revision: commit, places: ['models.json'], files: ['*.json'] },
    ])
    expect(modelsOfJson('models.json', '{')).toEqual([])
    expect(modelsOfJson('models.json', 'null')).toEqual([])
  })
})
