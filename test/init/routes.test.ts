import { describe, expect, test } from 'vitest'
import { findRoutes, healthOf } from '../../src/lib/init/python/routes.js'
import { findServing } from '../../src/lib/init/python/serving.js'
import { projectOf } from './support.js'

const paths = (files: Readonly<Record<string, string>>): readonly string[] =>
  findRoutes(projectOf(files)).map((route) => route.path)

const route = (path: string): { readonly path: string; readonly place: string } => ({ path, place: 'm.py:1' })

describe('routes', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, readonly string[]]>([
    ['FastAPI', { 'm.py': 'app = FastAPI()\n@app.get("/health")\ndef f(): ...' }, ['/health']],
    ['a keyword', { 'm.py': 'app = FastAPI()\n@app.get(path="/health")\ndef f(): ...' }, ['/health']],
    ['POST is no health route', { 'm.py': 'app = FastAPI()\n@app.post("/health")\ndef f(): ...' }, []],
    ['a cache is no router', { 'm.py': 'cache = Cache()\ncache.get("/health")' }, []],
    ['a comment', { 'm.py': 'app = FastAPI()\n# @app.get("/health")' }, []],
    ['Flask', { 'm.py': 'app = Flask(__name__)\n@app.route("/healthz", methods=["GET"])\ndef f(): ...' }, ['/healthz']],
    ['add_api_route', { 'm.py': 'app = FastAPI()\napp.add_api_route("/health", f)' }, ['/health']],
    [
      'a blueprint',
      {
        'b.py': 'bp = Blueprint("b", __name__, url_prefix="/b")\n@bp.route("/live")\ndef f(): ...',
        'm.py': 'from b import bp\napp = Flask(__name__)\napp.register_blueprint(bp)',
      },
      ['/b/live'],
    ],
    [
      'routers in routers, with a constant',
      {
        'h.py': 'router = APIRouter(prefix="/health")\n@router.get("/ready")\ndef f(): ...',
        'v1.py': 'from fastapi import APIRouter\nimport h\napi = APIRouter()\napi.include_router(h.router)',
        'm.py': 'from v1 import api\nP = "/api/v1"\napp = FastAPI()\napp.include_router(api, prefix=P)',
      },
      ['/api/v1/health/ready'],
    ],
    [
      'routers that include each other',
      { 'm.py': 'a = APIRouter(prefix="/a")\na.include_router(a)\n@a.get("/x")\ndef f(): ...' },
      ['/a/a/a/a/a/a/a/a/a/x'],
    ],
    [
      'Django',
      {
        'p/settings.py': 'ROOT_URLCONF = "p.urls"',
        'p/urls.py': 'urlpatterns = [path("api/", include("q.urls")), path("", v.home)]',
        'q/urls.py': 'urlpatterns = [path("health", v.h), path("ready/", v.r)]',
      },
      ['/', '/api/health', '/api/ready/'],
    ],
  ])('%s', (_name, files, expected) => {
    expect(paths(files)).toEqual(expected)
  })

  test('of several, the one that is made for it, nearest to the top', () => {
    const all = ['/', '/api/health/{id}', '/api/status', '/api/v1/health', '/health/ready', '/x/y/health'].map(route)
    const { live, ready } = healthOf(all)
    expect([live?.path, ready?.path]).toEqual(['/api/v1/health', '/health/ready'])
    expect(healthOf([route('/items')])).toEqual({ live: undefined, ready: undefined })
  })
})

describe('how it is started', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, string, number]>([
    ['ASGI', { 'app/main.py': 'app = FastAPI()' }, 'asgi app.main:app', 8000],
    ['a factory', { 'm.py': 'def make():\n  api = FastAPI()\n  return api\nservice = make()' }, 'asgi m:service', 8000],
    [
      'a port',
      { 'm.py': 'app = FastAPI()\nuvicorn.run("m:app", port=int(os.getenv("PORT", "9000")))' },
      'asgi m:app',
      9000,
    ],
    ['Flask', { 'm.py': 'app = Flask(__name__)\napp.run(port=5001)' }, 'flask m:app', 5001],
    ['Django', { 'p/wsgi.py': 'application = get_wsgi_application()' }, 'django p.wsgi:application', 8000],
    ['Streamlit', { 'ui.py': 'import streamlit as st\nst.title("x")' }, 'streamlit ui.py', 8501],
    ['Gradio', { 'ui.py': 'import gradio as gr\ndemo.launch(server_port=7000)' }, 'gradio ui.py', 7000],
  ])('%s', (_name, files, entry, port) => {
    const serving = findServing(projectOf(files))
    expect([`${serving?.framework ?? ''} ${serving?.entry ?? ''}`, serving?.port]).toEqual([entry, port])
  })
})
